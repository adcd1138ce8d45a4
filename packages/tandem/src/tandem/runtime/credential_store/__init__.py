"""The credential store: sealed tokens and passwords, in a schema of their own.

Settings-api puts them in; the ingest services open them and refresh the tokens under a row lock,
so that two processes never spend the same refresh token. Messages carry only a credential's id.
"""

from tandem.runtime.credential_store.model import Credential, CredentialKind, GrantLostError
from tandem.runtime.credential_store.opened import Credentials
from tandem.runtime.credential_store.store import CredentialStore, Refresh

__all__ = [
    "Credential",
    "CredentialKind",
    "CredentialStore",
    "Credentials",
    "GrantLostError",
    "Refresh",
]
