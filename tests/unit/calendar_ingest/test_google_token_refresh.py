"""Only Google's word on the grant itself loses it."""

from datetime import timedelta
from urllib.parse import parse_qs
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from tests.unit.calendar_ingest.google_script import Script, StillClock, settings

from calendar_ingest.adapters.google.oauth import TokenRefresh
from tandem.runtime.credential_store import Credential, CredentialKind, GrantLostError
from tandem.runtime.failures import Retryable


def _credential(refresh_token="refresh-1") -> Credential:
    return Credential(
        credential_id=uuid4(),
        kind=CredentialKind.GOOGLE,
        account="owner@example.com",
        refresh_token=SecretStr(refresh_token),
    )


async def _refresh(answer, credential=None):
    script = Script([answer])
    http = httpx.AsyncClient(transport=httpx.MockTransport(script))
    refresh = TokenRefresh(http, settings(), StillClock())
    return await refresh(credential or _credential()), script


async def test_a_fresh_token_is_kept_with_its_end_and_the_old_refresh_token():
    answer = httpx.Response(200, json={"access_token": "access-2", "expires_in": 1200})
    fresh, script = await _refresh(answer)
    assert fresh.access_token.get_secret_value() == "access-2"
    assert fresh.refresh_token.get_secret_value() == "refresh-1"
    assert fresh.expires_at == StillClock().moment + timedelta(seconds=1200)
    form = parse_qs(script.requests[0].content.decode())
    assert form == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh-1"],
        "client_id": ["client"],
        "client_secret": ["client-secret"],
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), GrantLostError),
        (httpx.Response(401, json={"error": "invalid_client"}), Retryable),
        (httpx.Response(400, json={"error": "invalid_request"}), Retryable),
        (httpx.Response(503, text="<html>"), Retryable),
        (httpx.Response(200, json={"token_type": "Bearer"}), Retryable),
        (httpx.ConnectTimeout("late"), Retryable),
    ],
)
async def test_what_an_answer_of_the_token_endpoint_means(answer, kind):
    with pytest.raises(kind):
        await _refresh(answer)


async def test_without_a_refresh_token_the_grant_is_lost():
    with pytest.raises(GrantLostError):
        await _refresh(httpx.Response(500), _credential(refresh_token=""))
