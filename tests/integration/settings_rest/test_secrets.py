"""Secrets: sealed at rest, in no log and no answer; keys rotate while nothing is lost."""

import logging
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from tests.integration.settings_rest.house import MAILBOX, House, problem
from tests.integration.settings_rest.neighbourhood import CLIENT, INTERNAL_TOKEN

from settings_api.rotate_keys import rotate
from tandem.contracts.connections import HealthSignal
from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import CredentialStore
from tandem.runtime.postgres import open_pool
from tandem.runtime.secrets import Sealer
from tandem.runtime.settings import CredentialSettings


async def test_no_secret_is_logged_answered_or_published(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the tests' own browser
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    anna = await house.signed_in(admin=True)
    url = await anna.authorize_url()
    returned = house.town.consent(url, account=MAILBOX)
    answers = [await anna.get("/oauth/google/callback", params=returned)]
    (item,) = (await anna.get("/api/v1/connections")).json()["items"]
    address = f"/api/v1/connections/{item['id']}"
    token = (await anna.post("/api/v1/tokens", json={"name": "script"})).json()["token"]
    house.town.down.add("revoke.google.test")
    answers += [await anna.get(path) for path in ("/api/v1/connections", address, "/api/v1/tokens")]
    answers += [await anna.post(f"{address}/start"), await anna.get("/api/v1/admin/connections")]
    answers += [await anna.get("/metrics"), await anna.get("/readyz")]
    house.town.down.add("calendar-ingest.test")
    answers += [await anna.get(f"{address}/calendars")]
    await anna.delete(address)
    await house.report(item["id"], "reconciler", HealthSignal.RELEASED)
    sessions = list(anna.client.cookies.values())
    forms = [one.content.decode() for one in house.town.calls("oauth.google.test")]
    secrets = {
        "google-refresh",
        INTERNAL_TOKEN,
        CLIENT["google"][1],
        CLIENT["pipedrive"][1],
        house.keys,
        token,
        returned["code"],
        returned["state"],
        *(f"access-{code}" for code in (*house.town.people, *house.town.accounts)),
        *(f"refresh-{code}" for code in house.town.people),
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
    await house.connected(anna)
    rows = await house.query("SELECT sealed FROM credentials.credentials")
    kept = b"".join(bytes(row["sealed"]) for row in rows)
    assert len(rows) == 2
    assert b"google-refresh" not in kept
    assert all(Sealer(house.keys).open(bytes(row["sealed"])) for row in rows)
    (state,) = await house.query("SELECT count(*) AS left FROM settings.oauth_states")
    assert state["left"] == 0


async def test_sessions_and_states_are_kept_as_hashes(house: House):
    anna = await house.signed_in()
    url = await anna.authorize_url()
    state = parse_qs(urlsplit(url).query)["state"][0]
    rows = await house.query("SELECT s::text AS row FROM settings.sessions s")
    rows += await house.query("SELECT s::text AS row FROM settings.oauth_states s")
    kept = "".join(row["row"] for row in rows)
    (session,) = [value for name, value in anna.client.cookies.items() if "session" in name]
    assert session not in kept
    assert state not in kept


async def test_keys_rotate_and_the_old_one_can_be_dropped(house: House):
    anna = await house.signed_in()
    await house.connected(anna)
    old, new = house.keys, Fernet.generate_key().decode()
    settings = {"credentials_database_url": house.database_url}
    both = CredentialSettings.model_validate({**settings, "credentials_keys": f"{new},{old}"})
    assert await rotate(both) == 2
    pool = await open_pool(house.database_url, connections_max=2)
    try:
        ids = await pool.fetch("SELECT credential_id FROM credentials.credentials")
        store = CredentialStore(pool, Sealer(new), SystemClock())
        opened = [await store.get(row["credential_id"]) for row in ids]
        assert {one.refresh_token.get_secret_value() for one in opened if one} >= {"google-refresh"}
        with pytest.raises(ValueError, match="none of the keys"):
            await CredentialStore(pool, Sealer(old), SystemClock()).get(ids[0]["credential_id"])
    finally:
        await pool.close()


async def test_a_problem_never_repeats_what_was_sent(house: House):
    anna = await house.signed_in()
    secret = "correct-horse-battery"
    answer = await anna.post("/api/v1/connections", json={"email": secret, "password": secret})
    problem(answer, 422)
    assert secret not in answer.text
