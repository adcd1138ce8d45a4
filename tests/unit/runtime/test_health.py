"""Liveness by heartbeats, readiness by checks."""

from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from tests.unit.runtime.doubles import FakeClock

from tandem.runtime.health import BEAT_MAX, Health

MOMENT = timedelta(seconds=1)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def health(clock):
    return Health(clock)


async def answer(health, path):
    transport = httpx.ASGITransport(app=Starlette(routes=health.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://health") as client:
        return await client.get(path)


async def test_a_loop_that_stays_away_too_long_is_stuck(health, clock):
    health.beat("consume:a")
    health.beat("outbox")
    clock.moment += BEAT_MAX
    assert health.stuck() == []
    health.beat("outbox")
    clock.moment += MOMENT
    assert health.stuck() == ["consume:a"]
    response = await answer(health, "/livez")
    assert (response.status_code, response.json()) == (503, {"stuck": ["consume:a"]})
    health.beat("consume:a")
    assert (await answer(health, "/livez")).status_code == 200


async def test_a_loop_that_waits_for_its_next_round_is_not_stuck(health, clock):
    health.beat("tidy")
    health.idle("tidy")
    clock.moment += timedelta(hours=2)
    assert health.stuck() == []


async def _holds():
    return True


async def _fails():
    return False


async def _breaks():
    raise OSError("postgresql://user:hunter2@nowhere")


async def test_ready_means_started_and_every_check_holds(health):
    health.check("database", _holds)
    assert (await answer(health, "/readyz")).json() == {"failing": ["started"]}
    health.started = True
    assert (await answer(health, "/readyz")).status_code == 200
    health.check("kafka", _fails)
    health.check("dead_letters", _breaks)
    response = await answer(health, "/readyz")
    assert (response.status_code, response.json()) == (
        503,
        {"failing": ["kafka", "dead_letters"]},
    )


async def test_metrics_are_served(health):
    response = await answer(health, "/metrics")
    assert response.status_code == 200
    assert "tandem_dead_letters_total" in response.text
