"""Owns OAuth: codes of ten minutes for one use, access tokens of an hour, refresh tokens.

A revoked grant takes its access tokens with it. A refresh token is given only for offline
access, and from the second consent on only if the consent page was asked for.
"""

import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import BaseModel, Field

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(hours=1)
EXPIRES_IN_SECONDS = 3599


class GrantRefusedError(Exception):
    """The code or the refresh token is not taken; the text says why."""


class Consent(BaseModel):
    """What a person agreed to."""

    email: str
    scope: str
    redirect_uri: str
    offline: bool
    prompted: bool
    challenge: str | None = None


class Code(BaseModel):
    """An authorization code that waits for its exchange."""

    consent: Consent
    expires_at: datetime


class Access(BaseModel):
    """An access token; without a refresh token it ends with its hour."""

    email: str
    scope: str
    expires_at: datetime
    refresh_token: str | None = None


class Refresh(BaseModel):
    """A refresh token."""

    email: str
    scope: str
    revoked: bool = False


class Issued(BaseModel):
    """What a successful exchange gives."""

    access_token: str
    refresh_token: str | None
    scope: str
    email: str


class Grants(BaseModel):
    """All codes, access tokens and refresh tokens."""

    codes: dict[str, Code] = Field(default_factory=dict)
    access: dict[str, Access] = Field(default_factory=dict)
    refreshes: dict[str, Refresh] = Field(default_factory=dict)

    def authorize(self, consent: Consent, now: datetime) -> str:
        """A fresh code."""
        self.codes = {code: kept for code, kept in self.codes.items() if kept.expires_at > now}
        code = f"4/{secrets.token_urlsafe(32)}"
        self.codes[code] = Code(consent=consent, expires_at=now + CODE_LIFE)
        return code

    def exchange(
        self, code: str, *, redirect_uri: str, verifier: str | None, now: datetime
    ) -> Issued:
        """Tokens for ``code``, which is used up by the attempt.

        Raises:
            GrantRefusedError: unknown, used or expired code, another redirect URI, or a
                verifier that is not that of the challenge.
        """
        kept = self.codes.pop(code, None)
        if kept is None or kept.expires_at <= now:
            raise GrantRefusedError("Malformed auth code.")
        consent = kept.consent
        if consent.redirect_uri != redirect_uri:
            raise GrantRefusedError("Bad Request")
        if consent.challenge is not None and consent.challenge != _challenge(verifier or ""):
            raise GrantRefusedError("Invalid code verifier.")
        refresh_token = None
        if consent.offline and (consent.prompted or not self.has_grant(consent.email)):
            refresh_token = f"1//{secrets.token_urlsafe(48)}"
            self.refreshes[refresh_token] = Refresh(email=consent.email, scope=consent.scope)
        return self._issue(consent.email, consent.scope, refresh_token, now)

    def refresh(self, refresh_token: str, now: datetime) -> Issued:
        """A new access token.

        Raises:
            GrantRefusedError: unknown or revoked refresh token.
        """
        kept = self.refreshes.get(refresh_token)
        if kept is None:
            raise GrantRefusedError("Bad Request")
        if kept.revoked:
            raise GrantRefusedError("Token has been expired or revoked.")
        return self._issue(kept.email, kept.scope, refresh_token, now)

    def has_grant(self, email: str) -> bool:
        """Whether the account has a refresh token that is still good."""
        return any(one.email == email and not one.revoked for one in self.refreshes.values())

    def holder(self, access_token: str, now: datetime) -> Access | None:
        """Whose access token this is, while it is good."""
        access = self.access.get(access_token)
        return None if access is None or access.expires_at <= now else access

    def revoke(self, token: str) -> bool:
        """End the grant of an access or a refresh token; tells whether there was one."""
        access = self.access.pop(token, None)
        refresh_token = access.refresh_token if access else token
        refresh = self.refreshes.get(refresh_token) if refresh_token else None
        if refresh_token and refresh and not refresh.revoked:
            self._end(refresh_token)
            return True
        return access is not None

    def revoke_account(self, email: str) -> int:
        """End all grants of an account; tells how many."""
        ended = [
            token
            for token, kept in self.refreshes.items()
            if kept.email == email and not kept.revoked
        ]
        for token in ended:
            self._end(token)
        self.access = {token: kept for token, kept in self.access.items() if kept.email != email}
        return len(ended)

    def _end(self, refresh_token: str) -> None:
        self.refreshes[refresh_token].revoked = True
        self.access = {
            token: kept
            for token, kept in self.access.items()
            if kept.refresh_token != refresh_token
        }

    def _issue(self, email: str, scope: str, refresh_token: str | None, now: datetime) -> Issued:
        self.access = {token: kept for token, kept in self.access.items() if kept.expires_at > now}
        access_token = f"ya29.{secrets.token_urlsafe(96)}"
        self.access[access_token] = Access(
            email=email, scope=scope, expires_at=now + ACCESS_LIFE, refresh_token=refresh_token
        )
        return Issued(
            access_token=access_token, refresh_token=refresh_token, scope=scope, email=email
        )


def _challenge(verifier: str) -> str:
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
