"""`POST /internal/exchange-accounts`: finds the server of a new account, and tries its password."""

import json
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from calendar_ingest.adapters.exchange.client import ExchangeClient
from calendar_ingest.calendars import CalendarGoneError, CloudMailboxError, RefusedError
from calendar_ingest.settings import ExchangeSettings
from tandem.runtime.credential_store import Credential, Credentials, GrantLostError
from tandem.runtime.failures import is_retryable
from tandem.runtime.internal import problem
from tandem.runtime.logs import LOG

_CLOUD: Final = "CloudMailboxError"


class FindExchangeAccount:
    """The endpoint; its body names a credential, which may name a server as its `api_url`."""

    def __init__(
        self, client: ExchangeClient, settings: ExchangeSettings, credentials: Credentials
    ) -> None:
        self._client = client
        self._settings = settings
        self._credentials = credentials

    async def answer(self, request: Request) -> Response:
        """Answer as `docs/architecture.md` has it under "Internal HTTP"."""
        try:
            credential_id = UUID(str(json.loads(await request.body())["credential_id"]))
        except (ValueError, KeyError, TypeError):
            return problem(422, "credential_id: must be a UUID")
        try:
            credential = await self._credentials.store.get(credential_id)
            if credential is None:
                return problem(404, "credential_id: there is no such credential")
            address = await self._client.in_thread(lambda: _found(credential, self._settings))
        except GrantLostError:
            return problem(409, "The server does not accept the password", reason="auth_lost")
        except (RefusedError, CalendarGoneError) as error:
            reason = "cloud" if isinstance(error, CloudMailboxError) else "server_unknown"
            return problem(422, str(error), reason=reason)
        except Exception as error:
            if not is_retryable(error):
                raise
            LOG.warning("exchange_server_silent", error=str(error))
            return problem(503, "The server does not answer")
        return JSONResponse({"server": address})


def _found(credential: Credential, settings: ExchangeSettings) -> str:
    from calendar_ingest.adapters.exchange.opening import find  # noqa: PLC0415 - slow to load

    return find(credential, settings)
