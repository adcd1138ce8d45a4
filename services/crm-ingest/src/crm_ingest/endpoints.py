"""`GET /internal/activity-types`: the active activity types of a company, for settings-api."""

from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from crm_ingest.crm import Account, Company
from tandem.contracts.message import SyncUser
from tandem.runtime.credential_store import Credentials, GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.internal import problem
from tandem.runtime.logs import LOG


class ListActivityTypes:
    """The endpoint."""

    def __init__(self, company: Company, credentials: Credentials) -> None:
        self._company = company
        self._credentials = credentials

    async def answer(self, request: Request) -> Response:
        """Answer as `docs/architecture.md` has it under "Internal HTTP"."""
        account = _account(request)
        if isinstance(account, Response):
            return account
        try:
            if await self._credentials.store.get(account.credential_id) is None:
                return problem(404, "credential_id: there is no such credential")
            kinds = await self._company.activity_kinds(account)
        except GrantLostError:
            return problem(409, "The account must be connected again", reason="auth_lost")
        except Exception as error:
            if not (isinstance(error, Permanent) or is_retryable(error)):
                raise
            LOG.warning("activity_types_not_listed", error=type(error).__name__)
            return problem(503, "The provider does not answer")
        items = [
            {"key": kind.key, "name": kind.name, "icon": kind.icon, "color": kind.color}
            for kind in kinds
        ]
        return JSONResponse({"items": items})


def _account(request: Request) -> Account | Response:
    """The account that is asked for, or what is wrong with the question."""
    asked = request.query_params
    try:
        credential_id = UUID(asked.get("credential_id", ""))
    except ValueError:
        return problem(422, "credential_id: must be a UUID")
    api_url = asked.get("api_url", "")
    if not api_url.startswith(("http://", "https://")):
        return problem(422, "api_url: must be a web address")
    try:
        user = SyncUser.model_validate(
            {name: asked.get(name) for name in ("company_id", "user_id")}
        )
    except ValidationError as error:
        name = error.errors(include_input=False)[0]["loc"][0]
        return problem(422, f"{name}: must be a positive number")
    return Account(user, credential_id, api_url)
