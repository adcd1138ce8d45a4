"""What is asked of the other services, and how often."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from settings_api.neighbours import UNREAD, Neighbours
from settings_api.problem import ProblemError
from settings_api.user import User
from tandem.contracts.connections import Provider
from tandem.contracts.message import SyncUser

ITEM = {"key": "call", "name": "Call", "icon": "call", "color": None}


class _Clock:
    moment = datetime(2027, 1, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        raise AssertionError


def _user(company_id: int = 7) -> User:
    return User(
        key=SyncUser(company_id=company_id, user_id=42),
        company_name="North",
        company_domain="north",
        email="ada@north.example",
        name="Ada",
        time_zone="UTC",
        locale="en_US",
        is_admin=False,
        crm_credential_id=UUID(int=1),
        crm_api_url="https://north.pipedrive.com",
    )


def _neighbours(answers: list[httpx.Response]) -> tuple[Neighbours, list[httpx.Request], _Clock]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    settings = SimpleNamespace(
        crm_ingest_url="http://crm",
        calendar_ingest_url="http://calendar",
        reconciler_url="http://reconciler",
        internal_token=SecretStr("secret"),
    )
    clock = _Clock()
    return Neighbours(http, cast("Any", settings), clock), asked, clock


async def test_activity_types_are_kept_for_a_minute_for_each_company():
    neighbours, asked, clock = _neighbours([httpx.Response(200, json={"items": [ITEM]})])
    for _ in range(3):
        assert [one.key for one in await neighbours.activity_types(_user())] == ["call"]
    assert len(asked) == 1
    assert asked[0].headers["authorization"] == "Bearer secret"
    assert asked[0].url.params["api_url"] == "https://north.pipedrive.com"
    await neighbours.activity_types(_user(8))
    assert len(asked) == 2
    clock.moment += timedelta(seconds=61)
    await neighbours.activity_types(_user())
    assert len(asked) == 3


async def test_a_failure_is_not_kept():
    good = httpx.Response(200, json={"items": [ITEM]})
    neighbours, _, _ = _neighbours([httpx.Response(503), good])
    with pytest.raises(ProblemError):
        await neighbours.activity_types(_user())
    assert await neighbours.activity_types(_user())


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (httpx.Response(409, json={"reason": "auth_lost"}), 409, "reconnect"),
        (httpx.Response(503, json={"title": "down"}), 503, "does not answer"),
        (httpx.Response(401, json={"title": "internal token"}), 503, "does not answer"),
        (httpx.Response(500, text="<html>"), 503, "does not answer"),
        (httpx.Response(200, text="<html>"), 503, "does not answer"),
    ],
)
async def test_a_neighbours_trouble_is_told_without_its_words(
    answer: httpx.Response, status: int, said: str
):
    neighbours, _, _ = _neighbours([answer])
    with pytest.raises(ProblemError) as caught:
        await neighbours.calendars(UUID(int=3), Provider.GOOGLE)
    assert caught.value.status == status
    assert said in caught.value.title
    assert "token" not in caught.value.title


async def test_a_preview_before_both_sides_were_read_blames_no_account():
    neighbours, asked, _ = _neighbours([httpx.Response(409, json={"title": "not yet"})])
    with pytest.raises(ProblemError) as caught:
        await neighbours.preview(UUID(int=1), {})
    assert (caught.value.status, caught.value.title) == (409, UNREAD)
    assert asked[0].method == "POST"


async def test_what_cannot_be_undone_blames_no_account():
    neighbours, _, _ = _neighbours([httpx.Response(409, json={"title": "no"})])
    with pytest.raises(ProblemError, match="row: it cannot be taken back") as caught:
        await neighbours.undo(UUID(int=1), 5)
    assert caught.value.status == 409
