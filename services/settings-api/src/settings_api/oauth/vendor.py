"""What tells one provider with a consent page from another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from settings_api.oauth.grants import Grant
from tandem.contracts.connections import Provider
from tandem.runtime.credential_store import CredentialKind


@dataclass(frozen=True)
class Vendor:
    """A provider whose accounts are connected by its consent page."""

    provider: Provider
    credential: CredentialKind
    name: str
    client_id: str
    client_secret: SecretStr
    authorize_url: str
    token_url: str
    account_url: str
    """Tells the holder of a grant whose it is."""

    consent: Mapping[str, str]
    """What its consent page is asked for: `scope`, and parameters of its own."""

    addresses_of: Callable[[Mapping[str, Any]], tuple[str, ...]]
    """The account's addresses in what `account_url` tells; it is known by the first one."""

    lack_of: Callable[[Grant], str]
    """Why a grant lets us do too little; empty where it does not."""

    mailbox_of: Callable[[str], str]
    """What tells mailboxes apart, of an address in lower case."""
