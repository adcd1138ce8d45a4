"""Letting accounts go: the grant is given back, within bounds, where nobody else needs it."""

from datetime import timedelta

import httpx
import pytest
from tests.integration.settings_api.browser import Browser, problem
from tests.integration.settings_api.house import ADA, BOB, House, until

from settings_api import releases
from tandem.contracts.connections import ConnectionChanged, ConnectionRemoved, HealthSignal


async def _removed(browser: Browser, email: str = ADA) -> str:
    path = await browser.started(email)
    assert (await browser.delete(path, params={"events": "remove"})).status_code == 202
    return path


async def _kept(house: House) -> int:
    return len(await house.query("SELECT 1 FROM settings.connections"))


async def test_a_provider_that_does_not_answer_is_asked_again_within_bounds(house: House):
    house.town.answers["/google/revoke"] = lambda: httpx.Response(503)
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await _removed(ada)
    await house.report(path, HealthSignal.RELEASED, service="reconciler")
    for tries in range(1, releases.REVOKE_TRIES_MAX + 1):

        def asked(tries: int = tries) -> bool:
            return len(house.town.paths("/google/revoke")) == tries

        await until(asked, what=f"try {tries}")
        house.clock.ahead += tries * releases.REVOKE_PAUSE + timedelta(seconds=1)
    await until(lambda: _is_gone(house), what="the end of patience")
    assert len(house.town.paths("/google/revoke")) == releases.REVOKE_TRIES_MAX
    assert [one.kind for one in await house.credentials()] == ["pipedrive"]


async def test_a_token_that_the_provider_does_not_know_is_revoked_already(house: House):
    house.town.answers["/google/revoke"] = lambda: httpx.Response(400)
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await _removed(ada)
    await house.report(path, HealthSignal.RELEASED, service="reconciler")
    await until(lambda: _is_gone(house), what="the release")
    assert len(house.town.paths("/google/revoke")) == 1


async def test_a_grant_that_another_connection_needs_is_not_given_back(house: House, monkeypatch):
    ada, bob = house.browser(), house.browser()
    await ada.sign_in(ADA)
    await bob.sign_in(BOB)
    first, second = await _removed(ada), await bob.started(ADA)
    await house.report(first, HealthSignal.RELEASED, service="reconciler")
    await until(lambda: _has(house, 1), what="the release of the first")
    assert house.town.revoked == []
    assert len(await house.credentials()) == 3
    await bob.delete(second)
    await house.report(second, HealthSignal.RELEASED, service="reconciler")
    await until(lambda: _is_gone(house), what="the release of the second")
    assert len(house.town.revoked) == 1
    assert house.town.revoked[0].startswith("refresh-")


async def test_a_broker_that_forgot_is_told_of_every_connection_again(
    lone_house: House, monkeypatch: pytest.MonkeyPatch
):
    house = lone_house
    monkeypatch.setattr("settings_api.app.CONTINUITY_EVERY_S", 0.1)
    async with house.service():
        ada = house.browser()
        await ada.sign_in(ADA)
        await ada.started(BOB)
        await _removed(ada)
        await until(lambda: house.told_of(ConnectionRemoved), what="the removal")
        await until(lambda: house.query("SELECT 1 FROM settings.broker_marks"), what="the marks")
    # What was being relayed when the service stopped may have been published once more.
    changed, removed = house.told_of(ConnectionChanged), house.told_of(ConnectionRemoved)
    await house.query("UPDATE settings.broker_marks SET end_offset = end_offset + 1000")
    async with house.service():
        await until(
            lambda: len(house.told_of(ConnectionRemoved)) > len(removed), what="the removal again"
        )
        await until(
            lambda: len(house.told_of(ConnectionChanged)) > len(changed), what="the other again"
        )
    again = house.told_of(ConnectionRemoved)[-1]
    assert (again.connection_id, again.revision) == (
        removed[0].connection_id,
        removed[0].revision,
    )
    assert again.remove_events
    assert house.told_of(ConnectionChanged)[-1].revision == 2


async def test_an_error_that_nobody_expected_leaves_as_a_problem_document(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    await house.query("ALTER TABLE settings.sessions RENAME TO lost")
    try:
        answer = await ada.get("/api/v1/me")
    finally:
        await house.query("ALTER TABLE settings.lost RENAME TO sessions")
    assert problem(answer)[0] == 500
    assert "sessions" not in answer.text
    assert (await ada.get("/api/v1/me")).status_code == 200


async def _is_gone(house: House) -> bool:
    return await _has(house, 0)


async def _has(house: House, count: int) -> bool:
    return await _kept(house) == count
