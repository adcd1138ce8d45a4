"""Finds the provider of an e-mail address, or says what works instead."""

from collections.abc import Collection
from typing import Final, Protocol

from settings_api.problem import field_problem
from tandem.contracts.connections import Provider

GOOGLE_ONLY: Final = frozenset({Provider.GOOGLE})
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


async def provider_of(
    email: str,
    named: str | None,
    providers: EmailProviders,
    *,
    offered: Collection[Provider] = GOOGLE_ONLY,
) -> Provider:
    """The provider of an address, `named` by the user or found out.

    ProblemError 422 with what works where its consent page is not `offered`.
    """
    if named is not None:
        return _connectable(named.lower(), "provider", offered)
    found = await providers.of_domain(email.rpartition("@")[2].lower())
    if found is None:
        raise field_problem(
            "email",
            f"no calendar provider is known for this domain. {_works(offered)}; IMAP, POP and "
            f"CalDAV accounts do not. {_how_to_name(offered)}",
        )
    return _connectable(found, "email", offered)


async def takes_password(
    email: str,
    named: str | None,
    providers: EmailProviders,
    *,
    offered: Collection[Provider] = GOOGLE_ONLY,
) -> bool:
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
    _connectable(str(found), "email" if named is None else "provider", offered)
    return False


def _connectable(provider: str, field: str, offered: Collection[Provider]) -> Provider:
    works = _works(offered)
    if provider in offered:
        return Provider(provider)
    if provider == Provider.EXCHANGE:
        raise field_problem("password", f"Exchange servers need the account's password. {works}")
    if provider in NEVER:
        raise field_problem(field, f"{provider} accounts cannot be connected. {works}")
    if provider in set(Provider):
        raise field_problem(field, f"{provider} accounts cannot be connected here. {works}")
    raise field_problem(field, f"this provider is not known. {works}")


def _works(offered: Collection[Provider]) -> str:
    outlook = "Outlook (Outlook.com and Microsoft 365) and " if _has_outlook(offered) else ""
    return (
        "Google Calendar works (Gmail and Google Workspace accounts), and so do "
        f"{outlook}Exchange servers (with the account's password)"
    )


def _how_to_name(offered: Collection[Provider]) -> str:
    outlook = ', for one of Microsoft 365 "provider": "microsoft"' if _has_outlook(offered) else ""
    return f'For a Google Workspace domain, send "provider": "google"{outlook}'


def _has_outlook(offered: Collection[Provider]) -> bool:
    return Provider.MICROSOFT in offered
