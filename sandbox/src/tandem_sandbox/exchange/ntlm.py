"""Both steps of NTLM, and which connection belongs to whom after them.

NTLM tells once whose a connection is; what comes through it later brings no password. The library
that checks a proof reads the accounts from a file that the environment names.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Final

import spnego
from spnego.exceptions import SpnegoError

from tandem_sandbox.exchange.model import Mailbox

CONNECTIONS_MAX: Final = 1000
IDLE_S: Final = 60.0
"""A connection that was silent for so long is not there any more."""
_ACCOUNTS: Final = "NTLM_USER_FILE"
_PROOF: Final = 3
"""Type of the message that ends a handshake."""
_UNREADABLE: Final = (SpnegoError, ValueError, struct.error)

Connection = tuple[str, int]
"""Host and port from which a client calls."""


@dataclass
class _Known:
    """What is known of a connection: half a handshake, or whose it is."""

    last_s: float
    handshake: spnego.ContextProxy | None = None
    email: str | None = None


class Handshakes:
    """Connections and their handshakes."""

    def __init__(self) -> None:
        self._known: dict[Connection, _Known] = {}

    def owner(self, connection: Connection, now_s: float) -> str | None:
        """Whose a connection is, by an earlier handshake."""
        known = self._known.get(connection)
        if known is None or known.last_s + IDLE_S < now_s:
            return None
        known.last_s = now_s
        return known.email

    def step(
        self, connection: Connection, token: bytes, mailboxes: Iterable[Mailbox], now_s: float
    ) -> bytes | str | None:
        """Take a client's message: gives a challenge, whose the connection is now, or nothing."""
        try:
            with _named(mailboxes):
                if int.from_bytes(token[8:12], "little") == _PROOF:
                    return self._proven(connection, token, now_s)
                return self._challenged(connection, token, now_s)
        except _UNREADABLE:
            self._known.pop(connection, None)
            return None

    def _challenged(self, connection: Connection, token: bytes, now_s: float) -> bytes | None:
        handshake = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        challenge = handshake.step(token)
        if len(self._known) >= CONNECTIONS_MAX:
            self._known.clear()
        self._known[connection] = _Known(now_s, handshake=handshake)
        return challenge

    def _proven(self, connection: Connection, token: bytes, now_s: float) -> str | None:
        known = self._known.pop(connection, None)
        if known is None or known.handshake is None:
            return None
        known.handshake.step(token)
        email = (known.handshake.client_principal or "").rpartition("\\")[2].lower()
        self._known[connection] = _Known(now_s, email=email)
        return email


@contextmanager
def _named(mailboxes: Iterable[Mailbox]) -> Iterator[None]:
    before = os.environ.get(_ACCOUNTS)
    with NamedTemporaryFile("w", prefix="tandem-sandbox-") as file:
        file.writelines(f":{one.email}:{one.password}\n" for one in mailboxes if not one.locked)
        file.flush()
        os.environ[_ACCOUNTS] = file.name
        try:
            yield
        finally:
            os.environ.pop(_ACCOUNTS)
            if before is not None:
                os.environ[_ACCOUNTS] = before
