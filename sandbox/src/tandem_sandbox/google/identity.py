"""Who an account is, as OpenID Connect tells it."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

from tandem_sandbox.google.model import Mailbox

ISSUER = "https://accounts.google.com"
HOUR_SECONDS = 3600


def claims_of(mailbox: Mailbox) -> dict[str, Any]:
    """What is told about an account."""
    return {
        "sub": mailbox.sub,
        "email": mailbox.email,
        "email_verified": True,
        "name": mailbox.name,
        "locale": mailbox.locale.partition("_")[0],
    }


def id_token(mailbox: Mailbox, client_id: str, now: datetime) -> str:
    """The claims as a token for ``client_id``; unsigned, for it comes straight from the server."""
    issued_at = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": client_id,
        "azp": client_id,
        "iat": issued_at,
        "exp": issued_at + HOUR_SECONDS,
        **claims_of(mailbox),
    }
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    encoded = [urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts]
    return f"{encoded[0]}.{encoded[1]}."
