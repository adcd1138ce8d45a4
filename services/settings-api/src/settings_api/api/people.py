"""`/api/v1/me`, activity types, and API tokens."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints

from settings_api.api.caller import AdminCaller, CurrentCaller, CurrentParts
from settings_api.api.repeatable import REPEATABLE, SHOWN_ONCE, RepeatableRoute
from settings_api.problem import ProblemError
from settings_api.tokens import Scope, TooManyTokensError

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=RepeatableRoute)


class Me(BaseModel):
    """The signed-in user; `csrf_token` only for a browser's session."""

    company_id: int
    company_name: str
    user_id: int
    email: str
    name: str
    time_zone: str
    locale: str
    is_admin: bool
    csrf_token: str | None = None


class ActivityTypes(BaseModel):
    """Active activity types in their order."""

    class Item(BaseModel):
        """One type."""

        key: str
        name: str
        icon: str
        color: str | None

    items: list[Item]


class TokenOrder(BaseModel):
    """A name that tells what the token is for, and what it may do."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$"
        ),
    ]
    scope: Scope = Scope.WRITE


class NewToken(BaseModel):
    """A new API token; `token` is shown this once."""

    id: UUID
    name: str
    scope: Scope
    token: str


class TokenList(BaseModel):
    """The user's API tokens, without their secrets."""

    class Item(BaseModel):
        """One token."""

        id: UUID
        name: str
        scope: Scope
        created_at: datetime
        used_at: datetime | None

    items: list[Item]


@router.get("/me")
async def me(caller: CurrentCaller) -> Me:
    """Who is signed in."""
    user = caller.user
    return Me(
        company_id=user.key.company_id,
        company_name=user.company_name,
        user_id=user.key.user_id,
        email=user.email,
        name=user.name,
        time_zone=user.time_zone,
        locale=user.locale,
        is_admin=user.is_admin,
        csrf_token=caller.session.csrf_token if caller.session else None,
    )


@router.get("/activity-types")
async def activity_types(caller: CurrentCaller, parts: CurrentParts) -> ActivityTypes:
    """The company's active activity types."""
    types = await parts.neighbours.activity_types(caller.user)
    return ActivityTypes(
        items=[
            ActivityTypes.Item(key=one.key, name=one.name, icon=one.icon, color=one.color)
            for one in types
        ]
    )


@router.post(
    "/tokens",
    status_code=201,
    dependencies=[REPEATABLE],
    openapi_extra=SHOWN_ONCE,
)
async def make_token(order: TokenOrder, caller: AdminCaller, parts: CurrentParts) -> NewToken:
    """Make an API token; an API token needs the scope `admin` for it."""
    try:
        token_id, token = await parts.tokens.make_api_token(
            caller.user.key, order.name, order.scope
        )
    except TooManyTokensError as error:
        raise ProblemError(409, str(error)) from None
    return NewToken(id=token_id, name=order.name, scope=order.scope, token=token)


@router.get("/tokens")
async def tokens(caller: CurrentCaller, parts: CurrentParts) -> TokenList:
    """The user's API tokens."""
    found = await parts.tokens.api_tokens(caller.user.key)
    return TokenList(items=[TokenList.Item(**one) for one in found])


@router.delete("/tokens/{token_id}", status_code=204)
async def delete_token(token_id: UUID, caller: AdminCaller, parts: CurrentParts) -> None:
    """End an API token."""
    if not await parts.tokens.delete_api_token(caller.user.key, token_id):
        raise ProblemError(404, "token: you have none with this id")
