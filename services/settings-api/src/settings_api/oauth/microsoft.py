"""Microsoft's consent page (Outlook.com and Microsoft 365), and whose account it gives.

A grant is not given back: Microsoft lets only the user end it, at his own account.
"""

from collections.abc import Mapping
from typing import Any, Final

from settings_api.oauth.grants import Grant
from settings_api.oauth.vendor import Vendor
from settings_api.settings import Settings
from tandem.contracts.connections import Provider
from tandem.runtime.credential_store import CredentialKind

CALENDAR_SCOPE: Final = "Calendars.ReadWrite"
_CONSENT: Final = {
    "scope": f"offline_access openid email User.Read {CALENDAR_SCOPE} MailboxSettings.Read",
    "response_mode": "query",
}


def microsoft(settings: Settings) -> Vendor:
    """Microsoft, as this installation is known there."""
    return Vendor(
        provider=Provider.MICROSOFT,
        credential=CredentialKind.MICROSOFT,
        name="Microsoft",
        client_id=settings.microsoft_client_id,
        client_secret=settings.microsoft_client_secret,
        authorize_url=settings.microsoft_authorize_url,
        token_url=settings.microsoft_token_url,
        account_url=settings.microsoft_me_url,
        consent=_CONSENT,
        addresses_of=_addresses,
        lack_of=_lack,
        mailbox_of=str,
    )


def _addresses(told: Mapping[str, Any]) -> tuple[str, ...]:
    """The mailbox's address, and the name that its owner signs in with."""
    names = (str(told.get(name) or "").lower() for name in ("mail", "userPrincipalName"))
    return tuple(dict.fromkeys(filter(None, names)))


def _lack(grant: Grant) -> str:
    # Microsoft names scopes with or without the address of the service that they belong to.
    given = {scope.rpartition("/")[2].lower() for scope in grant.scopes}
    if given and CALENDAR_SCOPE.lower() not in given:
        return "calendar: the permission for it was not given; start again and allow it"
    if not grant.refresh_token.get_secret_value():
        return "Microsoft gave no lasting permission; start again"
    return ""
