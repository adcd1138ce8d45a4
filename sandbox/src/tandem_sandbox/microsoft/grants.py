"""Microsoft's grants: every refresh gives a new refresh token, and the earlier ones stay good."""

import secrets
from datetime import datetime

from tandem_sandbox.grants import Grants, Issued, Refresh


class RotatingGrants(Grants):
    """Codes, access tokens and refresh tokens."""

    def refresh(self, refresh_token: str, now: datetime) -> Issued:
        """A new access token and a new refresh token.

        Raises:
            GrantRefusedError: unknown or revoked refresh token.
        """
        issued = super().refresh(refresh_token, now)
        rotated = f"M.C{secrets.token_urlsafe(48)}"
        self.refreshes[rotated] = Refresh(email=issued.email, scope=issued.scope)
        self.access[issued.access_token].refresh_token = rotated
        return Issued(
            access_token=issued.access_token,
            refresh_token=rotated,
            scope=issued.scope,
            email=issued.email,
        )
