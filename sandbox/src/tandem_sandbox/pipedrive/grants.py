"""Owns OAuth: codes of five minutes for one use, access tokens of an hour, refresh tokens.

A revoked grant takes its access tokens with it; the refresh token stays the same for life.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, Field

CODE_LIFE = timedelta(minutes=5)
ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=60)
EXPIRES_IN_SECONDS = 3599
TOKEN_BYTES = 192


class Code(BaseModel):
    """An authorization code that waits for its exchange."""

    company_id: int
    user_id: int
    redirect_uri: str
    expires_at: datetime


class Grant(BaseModel):
    """What one user granted to the app."""

    company_id: int
    user_id: int
    used_at: datetime
    revoked: bool = False


class Access(BaseModel):
    """An access token."""

    refresh_token: str
    company_id: int
    user_id: int
    expires_at: datetime


class Verdict(StrEnum):
    """Why a code or a refresh token is not taken."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REDIRECT = "redirect_uri"
    REVOKED = "revoked"


class GrantRefusedError(Exception):
    """The code or the refresh token is not taken."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.value)
        self.verdict = verdict


class Grants(BaseModel):
    """All codes, grants and access tokens."""

    codes: dict[str, Code] = Field(default_factory=dict)
    granted: dict[str, Grant] = Field(default_factory=dict)
    access: dict[str, Access] = Field(default_factory=dict)

    def authorize(self, *, company_id: int, user_id: int, redirect_uri: str, now: datetime) -> str:
        """A fresh code for the user's consent."""
        self.codes = {code: kept for code, kept in self.codes.items() if kept.expires_at > now}
        code = secrets.token_hex(20)
        self.codes[code] = Code(
            company_id=company_id,
            user_id=user_id,
            redirect_uri=redirect_uri,
            expires_at=now + CODE_LIFE,
        )
        return code

    def exchange(self, code: str, *, redirect_uri: str, now: datetime) -> tuple[str, str]:
        """Access and refresh token for ``code``, which is used up by the attempt.

        Raises:
            GrantRefusedError: unknown, used or expired code, or another redirect URI.
        """
        kept = self.codes.pop(code, None)
        if kept is None:
            raise GrantRefusedError(Verdict.UNKNOWN)
        if kept.expires_at <= now:
            raise GrantRefusedError(Verdict.EXPIRED)
        if kept.redirect_uri != redirect_uri:
            raise GrantRefusedError(Verdict.REDIRECT)
        refresh_token = secrets.token_hex(TOKEN_BYTES)
        self.granted[refresh_token] = Grant(
            company_id=kept.company_id, user_id=kept.user_id, used_at=now
        )
        return self._issue(refresh_token, now), refresh_token

    def refresh(self, refresh_token: str, *, now: datetime) -> tuple[str, str]:
        """A new access token and the same refresh token; its 60 days start anew.

        Raises:
            GrantRefusedError: unknown, revoked, or unused for 60 days.
        """
        grant = self.granted.get(refresh_token)
        if grant is None:
            raise GrantRefusedError(Verdict.UNKNOWN)
        if grant.revoked:
            raise GrantRefusedError(Verdict.REVOKED)
        if grant.used_at + REFRESH_LIFE <= now:
            raise GrantRefusedError(Verdict.EXPIRED)
        grant.used_at = now
        return self._issue(refresh_token, now), refresh_token

    def holder(self, access_token: str, now: datetime) -> Access | None:
        """Whose access token this is, while it is good."""
        access = self.access.get(access_token)
        if access is None or access.expires_at <= now:
            return None
        return access

    def grant_of(self, token: str) -> Grant | None:
        """The grant behind an access or a refresh token."""
        access = self.access.get(token)
        return self.granted.get(access.refresh_token if access else token)

    def revoke(self, token: str) -> None:
        """End the grant of a refresh token, or one access token; unknown ones are no error."""
        if self.access.pop(token, None) is None and token in self.granted:
            self._end(token)

    def revoke_user(self, company_id: int, user_id: int) -> int:
        """End all grants of a user; tells how many."""
        ended = [
            refresh_token
            for refresh_token, grant in self.granted.items()
            if (grant.company_id, grant.user_id) == (company_id, user_id) and not grant.revoked
        ]
        for refresh_token in ended:
            self._end(refresh_token)
        return len(ended)

    def _end(self, refresh_token: str) -> None:
        self.granted[refresh_token].revoked = True
        self.access = {
            token: kept
            for token, kept in self.access.items()
            if kept.refresh_token != refresh_token
        }

    def _issue(self, refresh_token: str, now: datetime) -> str:
        self.access = {token: kept for token, kept in self.access.items() if kept.expires_at > now}
        grant = self.granted[refresh_token]
        access_token = secrets.token_hex(TOKEN_BYTES)
        self.access[access_token] = Access(
            refresh_token=refresh_token,
            company_id=grant.company_id,
            user_id=grant.user_id,
            expires_at=now + ACCESS_LIFE,
        )
        return access_token
