"""Letting accounts go: the grant is given back, within bounds, where nobody else needs it."""

from datetime import timedelta

import httpx
from cryptography.fernet import Fernet
from tests.integration.settings_api.front_desk import Browser, FrontDesk, until

from settings_api import releases
from settings_api.rotate_keys import rotate
from tandem.contracts.connections import ConnectionChanged, ConnectionRemoved, HealthSignal

ADA = "ada@north.example"


async def _removed(desk: FrontDesk, browser: Browser, email: str = ADA) -> str:
    path = await browser.started(email)
    assert (await browser.delete(path, params={"events": "remove"})).status_code == 202
    return path


async def _kept(desk: FrontDesk) -> int:
    return len(await desk.query("SELECT 1 FROM settings.connections"))


async def test_a_provider_that_does_not_answer_is_asked_again_within_bounds(
    desk: FrontDesk, monkeypatch
):
    monkeypatch.setattr("settings_api.app.RELEASE_EVERY_S", 0.02)
    desk.vendors.answers["/google/revoke"] = lambda: httpx.Response(503)
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await _removed(desk, ada)
        await desk.report(path, HealthSignal.RELEASED, service="reconciler")
        for tries in range(1, releases.REVOKE_TRIES_MAX + 1):

            def asked(tries: int = tries) -> bool:
                return len(desk.vendors.paths("/google/revoke")) == tries

            await until(asked, what=f"try {tries}")
            desk.clock.ahead += tries * releases.REVOKE_PAUSE + timedelta(seconds=1)
        await until(lambda: _is_gone(desk), what="the end of patience")
        assert len(desk.vendors.paths("/google/revoke")) == releases.REVOKE_TRIES_MAX
        assert [one.kind for one in await desk.credentials()] == ["pipedrive"]


async def test_a_token_that_the_provider_does_not_know_is_revoked_already(
    desk: FrontDesk, monkeypatch
):
    monkeypatch.setattr("settings_api.app.RELEASE_EVERY_S", 0.02)
    desk.vendors.answers["/google/revoke"] = lambda: httpx.Response(400)
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await _removed(desk, ada)
        await desk.report(path, HealthSignal.RELEASED, service="reconciler")
        await until(lambda: _is_gone(desk), what="the release")
        assert len(desk.vendors.paths("/google/revoke")) == 1


async def test_a_grant_that_another_connection_needs_is_not_given_back(
    desk: FrontDesk, monkeypatch
):
    monkeypatch.setattr("settings_api.app.RELEASE_EVERY_S", 0.02)
    async with desk.service() as browsers:
        ada, bob = browsers(), browsers()
        await ada.sign_in(ADA)
        await bob.sign_in("bob@north.example")
        first, second = await _removed(desk, ada), await bob.started(ADA)
        await desk.report(first, HealthSignal.RELEASED, service="reconciler")
        await until(lambda: _has(desk, 1), what="the release of the first")
        assert desk.vendors.revoked == []
        assert len(await desk.credentials()) == 3
        await bob.delete(second)
        await desk.report(second, HealthSignal.RELEASED, service="reconciler")
        await until(lambda: _is_gone(desk), what="the release of the second")
        assert len(desk.vendors.revoked) == 1
        assert desk.vendors.revoked[0].startswith("refresh-")


async def test_a_broker_that_forgot_is_told_of_every_connection_again(desk: FrontDesk, monkeypatch):
    monkeypatch.setattr("settings_api.app.CONTINUITY_EVERY_S", 0.1)
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        await ada.started("bob@north.example")
        await _removed(desk, ada)
        await until(lambda: desk.told_of(ConnectionRemoved), what="the removal")
        await until(lambda: desk.query("SELECT 1 FROM settings.broker_marks"), what="the marks")
    # What was being relayed when the service stopped may have been published once more.
    changed, removed = desk.told_of(ConnectionChanged), desk.told_of(ConnectionRemoved)
    await desk.query("UPDATE settings.broker_marks SET end_offset = end_offset + 1000")
    async with desk.service():
        await until(
            lambda: len(desk.told_of(ConnectionRemoved)) > len(removed), what="the removal again"
        )
        await until(
            lambda: len(desk.told_of(ConnectionChanged)) > len(changed), what="the other again"
        )
    again = desk.told_of(ConnectionRemoved)[-1]
    assert (again.connection_id, again.revision) == (
        removed[0].connection_id,
        removed[0].revision,
    )
    assert again.remove_events
    assert desk.told_of(ConnectionChanged)[-1].revision == 2


async def test_credentials_are_sealed_anew_with_the_first_key(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        await ada.connected(ADA)
    new = Fernet.generate_key().decode()
    assert await rotate(desk.settings(credentials_keys=f"{new},{desk.keys}")) == 2
    desk.keys = new
    assert {one.account for one in await desk.credentials()} == {ADA, "7:42"}


async def test_an_error_that_nobody_expected_leaves_as_a_problem_document(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        await desk.query("ALTER TABLE settings.sessions RENAME TO lost")
        answer = await ada.get("/api/v1/me")
        assert (answer.status_code, answer.json()["status"]) == (500, 500)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "sessions" not in answer.text
        await desk.query("ALTER TABLE settings.lost RENAME TO sessions")
        assert (await ada.get("/api/v1/me")).status_code == 200


async def _is_gone(desk: FrontDesk) -> bool:
    return await _has(desk, 0)


async def _has(desk: FrontDesk, count: int) -> bool:
    return await _kept(desk) == count
