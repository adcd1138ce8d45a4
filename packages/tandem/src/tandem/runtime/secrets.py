"""Sealing of credentials: authenticated encryption with keys that can be rotated.

The first key seals; all keys open. To rotate, put a new key in front, run the re-sealing, drop
the old one.
"""

import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Sealer:
    """Seals and opens short byte strings."""

    def __init__(self, keys: str) -> None:
        parts = [key.strip() for key in keys.split(",") if key.strip()]
        try:
            self._fernet = MultiFernet([Fernet(key) for key in parts])
        except ValueError as error:
            raise ValueError(
                "CREDENTIALS_KEYS: each key must be 32 bytes in URL-safe base64"
            ) from error

    def seal(self, plain: bytes) -> bytes:
        """Encrypt with the first key."""
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt with whichever key fits; ValueError where none does."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise ValueError("sealed with none of the keys in CREDENTIALS_KEYS") from error

    def reseal(self, sealed: bytes) -> bytes:
        """Encrypt again with the first key."""
        return self._fernet.rotate(sealed)


def same_secret(given: str | None, expected: str) -> bool:
    """Compare in constant time; a missing value is never the same."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())
