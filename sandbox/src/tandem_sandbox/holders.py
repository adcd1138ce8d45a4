"""Owns the mailboxes of a provider, and tells whose a bearer token is.

Each has a static token of its own, beside those that OAuth gives.
"""

from datetime import datetime
from typing import Generic, Protocol, TypeVar

from tandem_sandbox.grants import Grants


class Holder(Protocol):
    """A mailbox that a token can be of."""

    email: str
    token: str
    token_revoked: bool


HolderT = TypeVar("HolderT", bound=Holder)
GrantsT = TypeVar("GrantsT", bound=Grants)


class Holders(Generic[HolderT, GrantsT]):
    """All mailboxes by their addresses, and what was granted for them."""

    def __init__(self, grants: GrantsT) -> None:
        self.mailboxes: dict[str, HolderT] = {}
        self.grants = grants
        self._by_token: dict[str, HolderT] = {}

    def add(self, mailbox: HolderT) -> None:
        """Add a mailbox."""
        self.mailboxes[mailbox.email] = mailbox
        self._by_token[mailbox.token] = mailbox

    def by_token(self, token: str, now: datetime) -> HolderT | None:
        """Whose bearer token this is, while it is good."""
        mailbox = self._by_token.get(token)
        if mailbox is not None:
            return None if mailbox.token_revoked else mailbox
        access = self.grants.holder(token, now)
        return None if access is None else self.mailboxes.get(access.email)

    def revoke(self, email: str) -> int:
        """End all grants of a mailbox and its static token; tells how many ended."""
        mailbox = self.mailboxes.get(email)
        if mailbox is None:
            return 0
        ended = self.grants.revoke_account(email) + (not mailbox.token_revoked)
        mailbox.token_revoked = True
        return ended

    def restore(self, email: str) -> bool:
        """Make the static token of a mailbox good again; ended grants stay ended."""
        mailbox = self.mailboxes.get(email)
        if mailbox is not None:
            mailbox.token_revoked = False
        return mailbox is not None

    def forget(self, grants: GrantsT) -> None:
        """Forget every mailbox, and begin with new grants."""
        self.mailboxes.clear()
        self._by_token.clear()
        self.grants = grants
