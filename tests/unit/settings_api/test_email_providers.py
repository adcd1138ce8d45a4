"""Which provider keeps a mailbox, and what is said where it cannot be connected."""

import pytest

from settings_api.email_providers import KnownDomains, provider_of
from settings_api.problem import ProblemError
from tandem.contracts.connections import Provider

KNOWN = KnownDomains({"north.example": Provider.GOOGLE, "gmail.com": Provider.GOOGLE})


@pytest.mark.parametrize(
    "email", ["anna@gmail.com", "ANNA@GoogleMail.COM", "anna@north.example", "a@b@gmail.com"]
)
async def test_google_s_domains_and_named_ones_are_found(email):
    assert await provider_of(email, None, KNOWN) is Provider.GOOGLE


async def test_the_installation_s_word_counts_more_than_ours():
    moved = KnownDomains({"outlook.com": Provider.GOOGLE})
    assert await moved.of_domain("outlook.com") is Provider.GOOGLE
    assert await moved.of_domain("hotmail.com") is Provider.MICROSOFT


@pytest.mark.rule("3.8")
async def test_an_unknown_domain_is_answered_with_what_works():
    with pytest.raises(ProblemError, match="IMAP, POP and CalDAV") as caught:
        await provider_of("anna@elsewhere.example", None, KNOWN)
    assert caught.value.status == 422
    assert caught.value.errors[0]["field"] == "email"
    assert "Google" in caught.value.title


@pytest.mark.rule("3.8")
@pytest.mark.parametrize(
    ("email", "named", "field"),
    [
        ("anna@outlook.com", None, "email"),
        ("anna@gmail.com", "microsoft", "provider"),
        ("anna@gmail.com", "exchange", "password"),
        ("anna@gmail.com", "caldav", "provider"),
        ("anna@gmail.com", "carrier pigeon", "provider"),
    ],
)
async def test_what_cannot_be_connected_names_the_field_and_what_works(email, named, field):
    with pytest.raises(ProblemError, match="Google Calendar works") as caught:
        await provider_of(email, named, KNOWN)
    assert (caught.value.status, caught.value.errors[0]["field"]) == (422, field)


async def test_a_named_provider_needs_no_known_domain():
    assert await provider_of("anna@elsewhere.example", "google", KNOWN) is Provider.GOOGLE


async def test_microsoft_s_accounts_are_found_where_they_are_offered():
    offered = {Provider.GOOGLE, Provider.MICROSOFT}
    for email in ("anna@outlook.com", "anna@contoso.onmicrosoft.com"):
        assert await provider_of(email, None, KNOWN, offered=offered) is Provider.MICROSOFT
    with pytest.raises(ProblemError, match=r'Microsoft 365.*"provider": "microsoft"'):
        await provider_of("anna@elsewhere.example", None, KNOWN, offered=offered)
