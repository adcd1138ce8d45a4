"""Opens accounts, and finds the server of a new one: by its address, or by autodiscovery."""

import threading
from typing import Final
from urllib.parse import urlsplit

from exchangelib import Configuration, Credentials, FailFast
from exchangelib.autodiscover import discover
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.errors import AutoDiscoverFailed

from calendar_ingest.adapters.exchange.failures import translated
from calendar_ingest.adapters.exchange.mailbox import Mailbox
from calendar_ingest.adapters.exchange.server import is_cloud, opened, prepare, web_service
from calendar_ingest.calendars import CloudMailboxError, RefusedError
from calendar_ingest.settings import ExchangeSettings
from tandem.runtime.credential_store import Credential
from tandem.runtime.failures import Retryable

_PREPARING: Final = threading.Lock()


class ServerUnknownError(RefusedError):
    """No server could be found for the address, or the one named is not allowed."""


def open_mailbox(credential: Credential, settings: ExchangeSettings) -> Mailbox:
    """The mailbox of a credential whose server is known."""
    with _PREPARING:
        prepare(settings.exchange_ca_file)
    with translated():
        return Mailbox(
            opened(
                email=credential.account,
                password=credential.password.get_secret_value(),
                address=credential.api_url,
                connections_max=settings.exchange_calls_per_server_max,
            )
        )


def find(credential: Credential, settings: ExchangeSettings) -> str:
    """Where the mailbox of an account is; `api_url` of the credential may name its server.

    The password is tried there. Raises GrantLostError, ServerUnknownError, CloudMailboxError.
    """
    with _PREPARING:
        prepare(settings.exchange_ca_file)
    if credential.api_url:
        address = web_service(credential.api_url)
    else:
        address = _discovered(credential, settings)
    _check(address, settings)
    try:
        open_mailbox(credential.model_copy(update={"api_url": address}), settings).list()
    except Retryable as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error.__cause__):
            raise ServerUnknownError("the server's certificate is not trusted here") from error
        raise
    return address


def _discovered(credential: Credential, settings: ExchangeSettings) -> str:
    login = Credentials(credential.account, credential.password.get_secret_value())
    try:
        with translated():
            if settings.exchange_autodiscover_url:
                protocol = AutodiscoverProtocol(
                    config=Configuration(
                        service_endpoint=settings.exchange_autodiscover_url,
                        credentials=login,
                        retry_policy=FailFast(),
                    )
                )
                told = protocol.get_user_settings(user=credential.account)
                told.raise_errors()
                address = told.ews_url
            else:
                _, found = discover(
                    email=credential.account, credentials=login, retry_policy=FailFast()
                )
                address = found.service_endpoint
    except AutoDiscoverFailed as error:
        raise ServerUnknownError("autodiscovery found no server") from error
    if not address:
        raise ServerUnknownError("autodiscovery found no server")
    return str(address)


def _check(address: str, settings: ExchangeSettings) -> None:
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    if is_cloud(host):
        raise CloudMailboxError("the mailbox is in Exchange Online")
    allowed = {"https", "http"} if settings.allow_plain_http else {"https"}
    if parts.scheme not in allowed or not host:
        raise ServerUnknownError("the server's address must be https")
    if settings.exchange_servers and host not in settings.exchange_servers:
        raise ServerUnknownError("this server is not one that this installation may use")
