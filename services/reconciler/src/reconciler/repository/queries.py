"""The named queries of this service, and the columns that many of them take."""

from collections.abc import Iterable
from typing import Final

from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import named_queries

QUERIES: Final = named_queries("reconciler")
PAGE_MAX: Final = 1000
"""Rows of a page, where a whole side of a connection is worked through."""

UserKey = tuple[int, int]
"""Company and user; plain numbers, because these are looked up by the thousand."""


def user_key(user: SyncUser) -> UserKey:
    """The key of a sync user."""
    return (user.company_id, user.user_id)


def user_columns(keys: Iterable[UserKey]) -> dict[str, list[int]]:
    """The two columns of some users."""
    listed = list(keys)
    return {
        "company_ids": [company_id for company_id, _ in listed],
        "user_ids": [user_id for _, user_id in listed],
    }
