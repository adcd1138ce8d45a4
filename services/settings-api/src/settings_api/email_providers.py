"""Finds the provider of an e-mail address, or says what works instead."""

from typing import Final, Protocol

from settings_api.api.problems import ProblemError, field_problem
from tandem.contracts.connections import Provider

WORKS: Final = "Google Calendar (Gmail and Google Workspace) accounts work"
_DOMAINS: Final = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), Provider.GOOGLE),
    **dict.fromkeys(
        ("outlook.com", "hotmail.com", "live.com", "msn.com", "office365.com"), Provider.MICROSOFT
    ),
}
BUILT: Final = frozenset({Provider.GOOGLE})


class EmailProviders(Protocol):
    """Knows which provider keeps the mailboxes of a domain."""

    async def of_domain(self, domain: str) -> Provider | None:
        """The provider of a domain in lower case; None where it is not known."""
        ...


class KnownDomains:
    """The providers' own domains, and those that the installation names."""

    def __init__(self, named: dict[str, Provider]) -> None:
        self._domains = {**_DOMAINS, **named}

    async def of_domain(self, domain: str) -> Provider | None:
        """See `EmailProviders`."""
        return self._domains.get(domain)


async def provider_of(email: str, providers: EmailProviders) -> Provider:
    """The provider of an address; ProblemError 422 with what works where it cannot be synced."""
    provider = await providers.of_domain(email.rpartition("@")[2].lower())
    if provider is None:
        raise field_problem(
            "email",
            f"no calendar provider is known for this domain; {WORKS}, IMAP, POP and CalDAV do not. "
            "For a Google Workspace domain, give the field provider as google",
        )
    check_built(provider)
    return provider


def check_built(provider: Provider) -> None:
    """ProblemError 422 for a provider that cannot be connected."""
    if provider not in BUILT:
        raise ProblemError(
            422,
            f"provider: {provider} cannot be connected yet; {WORKS}",
            errors=[{"field": "provider", "message": f"{provider} cannot be connected yet"}],
        )
