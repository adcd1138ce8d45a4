"""How a server is reached: its address, TLS, one set of connections for each account."""

import ssl
from pathlib import Path
from typing import Any, Final

from exchangelib import DELEGATE, Account, Configuration, Credentials, EWSTimeZone, FailFast
from exchangelib.protocol import BaseProtocol
from requests.adapters import HTTPAdapter

CALL_TIMEOUT_S: Final = 30
WEB_SERVICE: Final = "/EWS/Exchange.asmx"
CLOUD: Final = ("outlook.office365.com", "outlook.office.com", "office365.com", "outlook.com")


def prepare(ca_file: Path | None) -> None:
    """Have certificates verified, against `ca_file` where the servers' authority is private.

    exchangelib keeps this for the whole process.
    """
    BaseProtocol.TIMEOUT = CALL_TIMEOUT_S
    BaseProtocol.HTTP_ADAPTER_CLS = HTTPAdapter if ca_file is None else _trusting(ca_file)


def opened(*, email: str, password: str, address: str, connections_max: int) -> Account:
    """An account at a server whose address is known; nothing is asked yet."""
    return Account(
        primary_smtp_address=email,
        config=Configuration(
            service_endpoint=address,
            credentials=Credentials(email, password),
            retry_policy=FailFast(),
            max_connections=connections_max,
        ),
        autodiscover=False,
        access_type=DELEGATE,
        default_timezone=EWSTimeZone("UTC"),
    )


def web_service(server: str) -> str:
    """The address of the web service of a server that a person named by its host or address."""
    address = server if "://" in server else f"https://{server}"
    return address if address.lower().endswith(".asmx") else address.rstrip("/") + WEB_SERVICE


def is_cloud(host: str) -> bool:
    """Whether a host belongs to Exchange Online, which is reached through Graph only."""
    return any(host == one or host.endswith("." + one) for one in CLOUD)


def _trusting(ca_file: Path) -> type[HTTPAdapter]:
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=str(ca_file))

    class PrivateAuthority(HTTPAdapter):
        """Trusts the usual authorities and the private one."""

        def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
            super().init_poolmanager(*arguments, **named, ssl_context=context)

    return PrivateAuthority
