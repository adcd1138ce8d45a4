"""Finds the provider of an e-mail address, or says what works instead."""

from typing import Final, Protocol

from settings_api.problem import field_problem
from tandem.contracts.connections import Provider

WORKS: Final = (
    "Google Calendar works (Gmail and Google Workspace accounts), and so do Exchange servers "
    "(with the account's password)"
)
BUILT: Final = frozenset({Provider.GOOGLE})
NEVER: Final = frozenset({"imap", "pop", "pop3", "caldav"})
_DOMAINS: Final = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), Provider.GOOGLE),
    **dict.fromkeys(
        ("outlook.com", "hotmail.com", "live.com", "msn.com", "office365.com", "onmicrosoft.com"),
        Provider.MICROSOFT,
    ),
}


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
        """The provider of a domain, or of the company's own subdomains of it."""
        while domain:
            if domain in self._domains:
                return self._domains[domain]
            domain = domain.partition(".")[2]
        return None


async def provider_of(email: str, named: str | None, providers: EmailProviders) -> Provider:
    """The provider of an address, `named` by the user or found out.

    ProblemError 422 with what works where it cannot be connected.
    """
    if named is not None:
        return _connectable(named.lower(), "provider")
    found = await providers.of_domain(email.rpartition("@")[2].lower())
    if found is None:
        raise field_problem(
            "email",
            f"no calendar provider is known for this domain. {WORKS}; IMAP, POP and CalDAV "
            'accounts do not. For a Google Workspace domain, send "provider": "google"',
        )
    return _connectable(found, "email")


async def takes_password(email: str, named: str | None, providers: EmailProviders) -> bool:
    """Whether an account is opened with the password that came with its address.

    A mailbox of Exchange Online is not, whatever was sent: it goes through Graph. ProblemError
    422 for the accounts of other providers.
    """
    if named is not None:
        found: str | None = named.lower()
    else:
        found = await providers.of_domain(email.rpartition("@")[2].lower())
    if found == Provider.GOOGLE:
        raise field_problem("password", "Google asks for it on its own page; leave it out")
    if found in {None, Provider.EXCHANGE}:
        return True
    _connectable(str(found), "email" if named is None else "provider")
    return False


def _connectable(provider: str, field: str) -> Provider:
    if provider in BUILT:
        return Provider(provider)
    if provider == Provider.EXCHANGE:
        raise field_problem(field, f'Exchange servers need the account\'s "password". {WORKS}')
    if provider in NEVER:
        raise field_problem(field, f"{provider} accounts cannot be connected. {WORKS}")
    if provider in set(Provider):
        raise field_problem(field, f"{provider} accounts cannot be connected yet. {WORKS}")
    raise field_problem(field, f"this provider is not known. {WORKS}")
