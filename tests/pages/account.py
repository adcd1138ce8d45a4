"""Calendar accounts of the sandbox that a person adds, whichever provider they are of."""

from dataclasses import dataclass
from typing import Final, Literal

from tests.e2e.company import Company

Provider = Literal["google", "microsoft", "exchange"]
PROVIDERS: Final[tuple[Provider, ...]] = ("google", "microsoft", "exchange")
_HOSTS: Final = {"microsoft": "north.onmicrosoft.com", "exchange": "onprem.example"}


@dataclass(frozen=True)
class Account:
    """Its address, the password that its owner knows, and the side of the sandbox's page."""

    side: Provider
    email: str
    password: str


def account_of(company: Company, provider: Provider) -> Account:
    """An account of the company's first user: the mailbox he has, or a new one elsewhere."""
    if provider == "google":
        return Account("google", company.first.email, "")
    seed = company.new_mailbox(provider, host=_HOSTS[provider])
    return Account(provider, seed.email, seed.password)
