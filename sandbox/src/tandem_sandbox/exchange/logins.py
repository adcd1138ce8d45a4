"""Owns who is let in: by a password with each request, or by NTLM once for a connection."""

import base64
import binascii
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tandem_sandbox.exchange.model import Mailbox
from tandem_sandbox.exchange.ntlm import Connection, Handshakes
from tandem_sandbox.settings import ExchangeScheme
from tandem_sandbox.world import World

_OFFERS: Final = {
    ExchangeScheme.NTLM: "NTLM",
    ExchangeScheme.BASIC: 'Basic realm="exchange"',
}


class Logins:
    """Checks what comes with a request."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._schemes = world.settings.exchange_schemes
        self._handshakes = Handshakes()

    def admit(self, request: Request) -> Mailbox | Response:
        """Whose mailbox a request may use, or the answer that asks for a (further) proof."""
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        try:
            token = base64.b64decode(told, validate=True)
        except binascii.Error:
            return self._refused()
        match scheme.lower():
            case ExchangeScheme.BASIC if ExchangeScheme.BASIC in self._schemes:
                return self._by_password(token) or self._refused()
            case ExchangeScheme.NTLM if ExchangeScheme.NTLM in self._schemes:
                return self._by_handshake(request, token)
            case "":
                return self._by_connection(request) or self._refused()
        return self._refused()

    def _by_password(self, token: bytes) -> Mailbox | None:
        try:
            user, _, password = token.decode().partition(":")
        except UnicodeDecodeError:
            return None
        return self._world.exchange.by_login(user.rpartition("\\")[2], password)

    def _by_handshake(self, request: Request, token: bytes) -> Mailbox | Response:
        mailboxes = self._world.exchange.mailboxes
        told = self._handshakes.step(
            _connection(request), token, mailboxes.values(), time.monotonic()
        )
        if isinstance(told, bytes):
            return _asking(f"NTLM {base64.b64encode(told).decode()}")
        mailbox = mailboxes.get(told or "")
        return mailbox or self._refused()

    def _by_connection(self, request: Request) -> Mailbox | None:
        email = self._handshakes.owner(_connection(request), time.monotonic())
        mailbox = self._world.exchange.mailboxes.get(email or "")
        return None if mailbox is None or mailbox.locked else mailbox

    def _refused(self) -> Response:
        return _asking(*(offer for scheme, offer in _OFFERS.items() if scheme in self._schemes))


def _connection(request: Request) -> Connection:
    return (request.client.host, request.client.port) if request.client else ("", 0)


def _asking(*offers: str) -> Response:
    response = Response(status_code=401, headers={"Server": "Microsoft-IIS/10.0"})
    for offer in offers:
        response.headers.append("WWW-Authenticate", offer)
    return response
