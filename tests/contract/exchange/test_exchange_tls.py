"""The sandbox over TLS on a port of its own, with a certificate of a private authority."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from tests.contract.certificates import issue
from tests.contract.google.servers import eventually

from calendar_ingest.adapters.exchange.opening import ServerUnknownError, find
from calendar_ingest.settings import ExchangeSettings
from tandem.runtime.credential_store import Credential, CredentialKind
from tandem_sandbox.accounts import EXCHANGE_EMAILS, default_seed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The sandbox as a process; its address over TLS, and its authority's certificate."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    issue(certificate, key)
    plain, encrypted = _free_port(), _free_port()
    command = [sys.executable, "-m", "tandem_sandbox", "--port", str(plain)]
    command += ["--tls-port", str(encrypted)]
    command += ["--tls-certificate", str(certificate), "--tls-key", str(key)]
    running = subprocess.Popen(command)
    try:
        eventually(lambda: _answers(plain) and _listens(encrypted), 30)
        yield f"https://127.0.0.1:{encrypted}/exchange/EWS/Exchange.asmx", certificate
    finally:
        running.terminate()
        assert running.wait(20) in {0, -15}


def _account(address: str, email: str) -> Credential:
    [password] = [one.password for one in default_seed().mailboxes if one.email == email]
    return Credential(
        credential_id=uuid4(),
        kind=CredentialKind.EXCHANGE,
        account=email,
        password=SecretStr(password),
        api_url=address,
    )


def test_a_private_authority_is_trusted_where_it_is_named(server: tuple[str, Path]):
    address, authority = server
    settings = ExchangeSettings(exchange_ca_file=authority)
    assert find(_account(address, EXCHANGE_EMAILS[0]), settings) == address


def test_a_certificate_of_an_unknown_authority_is_refused(server: tuple[str, Path]):
    address, _ = server
    with pytest.raises(ServerUnknownError, match="certificate"):
        find(_account(address, EXCHANGE_EMAILS[1]), ExchangeSettings())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_control/clock", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
