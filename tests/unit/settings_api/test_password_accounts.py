"""Whose accounts are opened with a password."""

import pytest

from settings_api.email_providers import KnownDomains, takes_password
from settings_api.problem import ProblemError
from tandem.contracts.connections import Provider

DOMAINS = KnownDomains({"onprem.example": Provider.EXCHANGE})


@pytest.mark.parametrize(
    ("email", "named"),
    [
        ("anna@onprem.example", None),
        ("anna@unknown.example", None),
        ("anna@unknown.example", "exchange"),
    ],
)
async def test_an_exchange_account_takes_its_password(email: str, named: str | None):
    assert await takes_password(email, named, DOMAINS)


@pytest.mark.parametrize(
    ("email", "named", "field"),
    [
        ("anna@gmail.com", None, "password"),
        ("anna@onprem.example", "google", "password"),
        ("anna@onprem.example", "imap", "provider"),
        ("anna@onprem.example", "caldav", "provider"),
    ],
)
async def test_other_accounts_are_told_what_works(email: str, named: str | None, field: str):
    with pytest.raises(ProblemError) as refused:
        await takes_password(email, named, DOMAINS)
    assert refused.value.status == 422
    assert refused.value.errors[0]["field"] == field
