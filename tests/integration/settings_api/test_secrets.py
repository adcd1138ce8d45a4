"""Secrets: sealed at rest, in no log and no answer; keys rotate while nothing is lost."""

import logging
from urllib.parse import parse_qs

import pytest
from cryptography.fernet import Fernet
from tests.integration.settings_api.browser import refused
from tests.integration.settings_api.house import ADA, House
from tests.integration.settings_api.town import CLIENT, INTERNAL_TOKEN

from settings_api.rotate_keys import rotate
from tandem.contracts.connections import HealthSignal
from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import CredentialStore
from tandem.runtime.postgres import open_pool
from tandem.runtime.secrets import Sealer


async def test_no_secret_is_logged_answered_or_published(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the tests' own browser
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    anna = await house.signed_in(admin=True)
    url = await anna.authorize_url(ADA)
    returned = house.town.consent(url, ADA)
    answers = [await anna.get("/oauth/google/callback", params=returned)]
    (item,) = (await anna.get("/api/v1/connections")).json()["items"]
    address = f"/api/v1/connections/{item['id']}"
    token = await anna.api_token()
    house.town.down.add("revoke.google.test")
    answers += [await anna.get(path) for path in ("/api/v1/connections", address, "/api/v1/tokens")]
    answers += [await anna.post(f"{address}/start"), await anna.get("/api/v1/admin/connections")]
    answers += [await anna.get("/metrics"), await anna.get("/readyz")]
    house.town.down.add("calendar-ingest.test")
    answers += [await anna.get(f"{address}/calendars")]
    await anna.delete(address)
    await house.report(address, HealthSignal.RELEASED, service="reconciler")
    sessions = list(anna.cookies.values())
    forms = [one.content.decode() for one in house.town.calls("oauth.google.test")]
    secrets = {
        f"access-{ADA}",
        INTERNAL_TOKEN,
        CLIENT["google"][1],
        CLIENT["pipedrive"][1],
        house.keys,
        token,
        returned["code"],
        returned["state"],
        *house.town.codes_given,
        *(parse_qs(form)["code_verifier"][0] for form in forms),
        *sessions,
    }
    captured = capfd.readouterr()
    told = [str(one) for one in await house.query("SELECT value FROM public.published")]
    everywhere = "\n".join(
        [caplog.text, captured.out, captured.err, *(one.text for one in answers), *told]
    )
    assert item["id"] in everywhere
    assert [one for one in secrets if one in everywhere] == []
    assert all("set-cookie" not in one.headers for one in answers)


async def test_tokens_are_sealed_at_rest(house: House):
    anna = await house.signed_in()
    await anna.connected(ADA)
    rows = await house.query("SELECT sealed FROM credentials.credentials")
    kept = b"".join(bytes(row["sealed"]) for row in rows)
    assert len(rows) == 2
    assert b"refresh-" not in kept
    assert all(Sealer(house.keys).open(bytes(row["sealed"])) for row in rows)
    (state,) = await house.query("SELECT count(*) AS left FROM settings.oauth_states")
    assert state["left"] == 0


async def test_keys_rotate_and_the_old_one_can_be_dropped(lone_house: House):
    house = lone_house
    async with house.service():
        ada = house.browser()
        await ada.sign_in(ADA)
        await ada.connected(ADA)
    old, new = house.keys, Fernet.generate_key().decode()
    known = {one.credential_id: one for one in await house.credentials()}
    assert await rotate(house.settings(credentials_keys=f"{new},{old}")) == 2
    house.keys = new
    assert {one.credential_id: one for one in await house.credentials()} == known
    assert {one.account for one in known.values()} == {ADA, f"{house.company}:42"}
    pool = await open_pool(house.database_url, connections_max=2)
    try:
        with pytest.raises(ValueError, match="none of the keys"):
            await CredentialStore(pool, Sealer(old), SystemClock()).get(next(iter(known)))
    finally:
        await pool.close()


async def test_a_problem_never_repeats_what_was_sent(house: House):
    anna = await house.signed_in()
    secret = "correct-horse-battery"
    answer = await anna.post("/api/v1/connections", json={"email": secret, "password": secret})
    refused(answer, 422)
    assert secret not in answer.text
