"""NTLM, as exchangelib meets it: nothing is told to it but the address, and nothing is patched."""

import base64
from uuid import uuid4

import httpx
import pytest
from exchangelib import Account
from exchangelib.errors import UnauthorizedError
from exchangelib.transport import NTLM
from pydantic import SecretStr
from tests.contract.exchange.conftest import ANNA, BORIS
from tests.contract.exchange.test_exchange_items import made

from calendar_ingest.adapters.exchange.opening import find
from calendar_ingest.settings import ExchangeSettings
from tandem.runtime.credential_store import Credential, CredentialKind, GrantLostError
from tandem_sandbox.settings import ExchangeScheme, SandboxSettings
from tandem_sandbox.world import World

ADDRESS = "/exchange/EWS/Exchange.asmx"
SOAP = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><a/></e:Body></e:Envelope>"


@pytest.fixture(params=["ntlm", "ntlm and basic"])
def world(request: pytest.FixtureRequest) -> World:
    """A fresh sandbox whose Exchange offers NTLM, or both."""
    schemes = frozenset(ExchangeScheme(name) for name in request.param.split(" and "))
    return World(SandboxSettings(exchange_schemes=schemes))


def test_a_client_takes_ntlm_and_works_with_it(anna: Account):
    made(anna, subject="Behind NTLM")
    assert anna.protocol.auth_type == NTLM
    assert [one.subject for one in anna.calendar.all()] == ["Behind NTLM"]


def test_a_connection_proves_itself_once(anna: Account, world: World):
    made(anna)
    world.calls.reset()
    for _ in range(3):
        list(anna.calendar.all().only("subject"))
    assert {row["status"] for row in world.calls.statuses()} == {200}


def test_a_wrong_password_is_refused_and_so_is_a_locked_account(account, anna, world: World):
    with pytest.raises(UnauthorizedError):
        made(account(BORIS, "wrong"))
    made(anna)
    world.exchange.revoke(ANNA)
    with pytest.raises(UnauthorizedError):
        made(anna)


def test_each_connection_is_its_own(anna: Account, account, base_url: str, world: World):
    made(anna, subject="Anna's")
    made(account(BORIS), subject="Boris's")
    assert [one.subject for one in anna.calendar.all()] == ["Anna's"]
    with httpx.Client(base_url=base_url) as stranger:
        answer = stranger.post(ADDRESS, content=SOAP)
        assert answer.status_code == 401
        assert "NTLM" in answer.headers.get_list("www-authenticate")
        for odd in ("NTLM", "NTLM !", f"NTLM {base64.b64encode(b'NTLMSSP').decode()}", "Digest x"):
            answer = stranger.post(ADDRESS, content=SOAP, headers={"authorization": odd})
            assert answer.status_code == 401


def test_our_adapter_finds_the_server_and_refuses_a_wrong_password(base_url: str, world: World):
    def credential(password: str) -> Credential:
        return Credential(
            credential_id=uuid4(),
            kind=CredentialKind.EXCHANGE,
            account=ANNA,
            password=SecretStr(password),
            api_url=base_url + ADDRESS,
        )

    settings = ExchangeSettings(allow_plain_http=True)
    good = credential(world.exchange.mailboxes[ANNA].password)
    assert find(good, settings) == base_url + ADDRESS
    with pytest.raises(GrantLostError):
        find(credential("wrong"), settings)
