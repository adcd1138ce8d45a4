"""Finds the provider of a domain of one's own by who takes its mail, as the DNS tells (MX)."""

from collections.abc import Awaitable, Callable
from typing import Final

import dns.asyncresolver
import dns.exception

from settings_api.email_providers import EmailProviders
from tandem.contracts.connections import Provider
from tandem.runtime.logs import LOG

LOOKUP_S_MAX: Final = 3.0
_HOSTS: Final = {
    "google.com": Provider.GOOGLE,
    "googlemail.com": Provider.GOOGLE,
    "outlook.com": Provider.MICROSOFT,
    "mx.microsoft": Provider.MICROSOFT,
}

Resolve = Callable[[str], Awaitable[list[str]]]
"""Hosts that take the mail of a domain, the preferred one first; none where there are none."""


class MailExchangers:
    """Asks the DNS about domains that `known` does not know."""

    def __init__(self, known: EmailProviders, resolve: Resolve) -> None:
        self._known = known
        self._resolve = resolve

    async def of_domain(self, domain: str) -> Provider | None:
        """The provider of a domain in lower case; None where it is not known."""
        found = await self._known.of_domain(domain)
        if found is not None:
            return found
        for host in await self._resolve(domain):
            for suffix, provider in _HOSTS.items():
                if host == suffix or host.endswith("." + suffix):
                    return provider
        return None


async def resolve_mx(domain: str) -> list[str]:
    """Ask the machine's resolver; a DNS that does not answer knows nothing."""
    try:
        resolver = dns.asyncresolver.Resolver()
        answer = await resolver.resolve(domain, "MX", lifetime=LOOKUP_S_MAX)
    except (dns.exception.DNSException, OSError) as error:
        LOG.info("mx_not_found", error=type(error).__name__)
        return []
    records = sorted(answer, key=lambda record: record.preference)
    return [record.exchange.to_text(omit_final_dot=True).lower() for record in records]
