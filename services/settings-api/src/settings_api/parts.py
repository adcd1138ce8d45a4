"""The parts of the service that endpoints use, made once by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from settings_api.connections import Connections
from settings_api.cookies import Cookies
from settings_api.email_providers import EmailProviders
from settings_api.exchange_accounts import ExchangeAccounts
from settings_api.neighbours import Neighbours
from settings_api.oauth.accounts import OAuthAccounts
from settings_api.oauth.pipedrive import PipedriveSignIn
from settings_api.oauth.states import OAuthStates
from settings_api.rates import Rates
from settings_api.repeats import Repeats
from settings_api.tokens import Tokens
from tandem.contracts.connections import Provider
from tandem.runtime.clock import Clock


@dataclass(frozen=True)
class Parts:
    """What endpoints may use."""

    clock: Clock
    connections: Connections
    tokens: Tokens
    rates: Rates
    repeats: Repeats
    cookies: Cookies
    neighbours: Neighbours
    email_providers: EmailProviders
    oauth_states: OAuthStates
    pipedrive: PipedriveSignIn
    oauth: Mapping[Provider, OAuthAccounts]
    """By the providers whose consent pages this installation knows."""
    exchange: ExchangeAccounts
    trace_page: Callable[[str | None], str]
    """Where a trace is shown; empty where nothing shows it."""

    @property
    def offered(self) -> tuple[Provider, ...]:
        """The providers whose accounts can be connected."""
        return (*self.oauth, Provider.EXCHANGE)
