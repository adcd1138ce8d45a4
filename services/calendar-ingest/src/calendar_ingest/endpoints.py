"""`GET /internal/calendars`: the calendars of an account, for settings-api."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from calendar_ingest.calendars import Account, ListedCalendar, OnPremisesMailboxError, Providers
from tandem.contracts.connections import Provider
from tandem.runtime.credential_store import Credentials, GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.internal import problem
from tandem.runtime.logs import LOG


class ListCalendars:
    """The endpoint."""

    def __init__(self, providers: Providers, credentials: Credentials) -> None:
        self._providers = providers
        self._credentials = credentials

    async def answer(self, request: Request) -> Response:
        """Answer as `docs/architecture.md` has it under "Internal HTTP"."""
        try:
            credential_id = UUID(request.query_params.get("credential_id", ""))
        except ValueError:
            return problem(422, "credential_id: must be a UUID")
        provider = request.query_params.get("provider", "")
        if provider not in self._providers:
            return problem(422, "provider: must be one of " + ", ".join(sorted(self._providers)))
        return await self._listed(Provider(provider), Account(credential_id))

    async def _listed(self, provider: Provider, account: Account) -> Response:
        try:
            if await self._credentials.store.get(account.credential_id) is None:
                return problem(404, "credential_id: there is no such credential")
            calendars = await self._providers[provider].calendars.list(account)
        except GrantLostError:
            return problem(409, "The account must be connected again", reason="auth_lost")
        except OnPremisesMailboxError as error:
            return problem(422, f"account: {error}", reason="on_premises")
        except Exception as error:
            if not (isinstance(error, Permanent) or is_retryable(error)):
                raise
            LOG.warning("calendars_not_listed", error=type(error).__name__)
            return problem(503, "The provider does not answer")
        return JSONResponse({"items": [_item(calendar) for calendar in calendars]})


def _item(calendar: ListedCalendar) -> dict[str, str | bool]:
    return {
        "id": calendar.calendar_id,
        "name": calendar.name,
        "primary": calendar.primary,
        "writable": calendar.writable,
        "time_zone": calendar.time_zone,
    }
