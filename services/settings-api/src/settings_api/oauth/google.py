"""Google's consent page, and whose account it gives."""

from collections.abc import Mapping
from typing import Any, Final

from settings_api.oauth.grants import Grant
from settings_api.oauth.vendor import Vendor
from settings_api.settings import Settings
from tandem.contracts.connections import Provider
from tandem.runtime.credential_store import CredentialKind

CALENDAR_SCOPE: Final = "https://www.googleapis.com/auth/calendar"
_CONSENT: Final = {
    "scope": f"openid email {CALENDAR_SCOPE}",
    "access_type": "offline",
    "prompt": "consent",
}
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})


def google(settings: Settings) -> Vendor:
    """Google, as this installation is known there."""
    return Vendor(
        provider=Provider.GOOGLE,
        credential=CredentialKind.GOOGLE,
        name="Google",
        client_id=settings.google_client_id,
        client_secret=settings.google_client_secret,
        authorize_url=settings.google_authorize_url,
        token_url=settings.google_token_url,
        account_url=settings.google_userinfo_url,
        consent=_CONSENT,
        addresses_of=_addresses,
        lack_of=_lack,
        mailbox_of=_mailbox,
    )


def _addresses(told: Mapping[str, Any]) -> tuple[str, ...]:
    email = str(told.get("email") or "").lower()
    return (email,) if email else ()


def _lack(grant: Grant) -> str:
    if grant.scopes and CALENDAR_SCOPE not in grant.scopes:
        return "calendar: the permission for it was not given; start again and tick its box"
    if not grant.refresh_token.get_secret_value():
        return "Google gave no lasting permission; remove Tandem's access there, start again"
    return ""


def _mailbox(email: str) -> str:
    """Gmail knows a mailbox by many spellings."""
    name, _, domain = email.rpartition("@")
    if domain not in _GMAIL:
        return email
    return name.partition("+")[0].replace(".", "") + "@gmail.com"
