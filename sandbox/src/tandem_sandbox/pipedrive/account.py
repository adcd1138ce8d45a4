"""Operations of API v1 on users and activity types."""

import re
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from tandem_sandbox.pipedrive.ask import Answer, Ask
from tandem_sandbox.pipedrive.errors import PipedriveError, not_found
from tandem_sandbox.pipedrive.gate import Operation
from tandem_sandbox.pipedrive.model import ActivityType, User
from tandem_sandbox.pipedrive.representation import v1_moment

_USERS = "/api/v1/users"
_TYPES = "/api/v1/activityTypes"


class _FindAsked(BaseModel):
    """Parameters of API v1, which takes 0 and 1 for booleans."""

    model_config = ConfigDict(extra="ignore")

    term: str = Field(min_length=1)
    search_by_email: bool = False


class _TypeBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=255)
    icon_key: str | None = None
    color: str | None = None
    order_nr: int | None = None
    active_flag: bool | None = None


class Account:
    """The people and the activity types of a company."""

    def operations(self) -> list[Operation]:
        """What can be done."""
        return [
            Operation("users.me", "GET", _USERS + "/me", 2, self.me),
            Operation("users.find", "GET", _USERS + "/find", 40, self.find),
            Operation("users.get", "GET", _USERS + "/{id:int}", 2, self.user),
            Operation("users.list", "GET", _USERS, 20, self.users),
            Operation("activityTypes.list", "GET", _TYPES, 20, self.types),
            Operation("activityTypes.create", "POST", _TYPES, 10, self.create_type),
            Operation("activityTypes.update", "PUT", _TYPES + "/{id:int}", 10, self.update_type),
            Operation("activityTypes.delete", "DELETE", _TYPES + "/{id:int}", 6, self.delete_type),
        ]

    def me(self, ask: Ask) -> Answer:
        """The caller with his company."""
        language, _, country = ask.user.locale.partition("_")
        company = {
            "company_id": ask.company.id,
            "company_name": ask.company.name,
            "company_domain": ask.company.domain,
            "company_country": country,
            "company_industry": None,
            "language": {"language_code": language, "country_code": country},
        }
        return Answer(_shown_user(ask, ask.user) | company)

    def users(self, ask: Ask) -> Answer:
        """Everybody."""
        return Answer([_shown_user(ask, user) for user in ask.company.users.values()])

    def user(self, ask: Ask) -> Answer:
        """One user."""
        user = ask.company.users.get(int(ask.path["id"]))
        if user is None:
            raise not_found("User")
        return Answer(_shown_user(ask, user))

    def find(self, ask: Ask) -> Answer:
        """Users whose name (or address) holds a term."""
        asked = ask.asked(_FindAsked)
        term = asked.term.lower()
        return Answer(
            [
                _shown_user(ask, user)
                for user in ask.company.users.values()
                if term in (user.email if asked.search_by_email else user.name).lower()
            ]
        )

    def types(self, ask: Ask) -> Answer:
        """All activity types, inactive ones too."""
        ordered = sorted(ask.company.activity_types.values(), key=lambda one: one.order_nr)
        return Answer([_shown_type(one) for one in ordered])

    def create_type(self, ask: Ask) -> Answer:
        """Add a type; its key comes from its name."""
        _check_admin(ask)
        body = ask.given(_TypeBody)
        if body.name is None or body.icon_key is None:
            raise PipedriveError(400, "Validation failed: name, icon_key: are required")
        number = ask.company.next_id("activity_type")
        made = ActivityType(
            id=number,
            name=body.name,
            key_string=re.sub(r"\W+", "_", body.name.lower()).strip("_"),
            icon_key=body.icon_key,
            color=body.color,
            order_nr=body.order_nr or number,
            is_custom_flag=True,
            add_time=ask.now,
        )
        ask.company.activity_types[number] = made
        return Answer(_shown_type(made))

    def update_type(self, ask: Ask) -> Answer:
        """Change a type; its key stays."""
        _check_admin(ask)
        known = self._type(ask)
        given = ask.given(_TypeBody).model_dump(exclude_unset=True)
        changed = known.model_copy(update={**given, "update_time": ask.now})
        ask.company.activity_types[known.id] = changed
        return Answer(_shown_type(changed))

    def delete_type(self, ask: Ask) -> Answer:
        """Make a type inactive; activities keep it."""
        _check_admin(ask)
        known = self._type(ask)
        ask.company.activity_types[known.id] = known.model_copy(
            update={"active_flag": False, "update_time": ask.now}
        )
        return Answer(_shown_type(ask.company.activity_types[known.id]))

    @staticmethod
    def _type(ask: Ask) -> ActivityType:
        known = ask.company.activity_types.get(int(ask.path["id"]))
        if known is None:
            raise not_found("Activity type")
        return known


def _check_admin(ask: Ask) -> None:
    if not ask.user.is_admin:
        raise PipedriveError(403, "Scope and URL mismatch")


def _shown_user(ask: Ask, user: User) -> dict[str, Any]:
    offset = ask.now.astimezone(ZoneInfo(user.timezone)).strftime("%z")
    return {
        "id": user.id,
        "name": user.name,
        "default_currency": "EUR",
        "locale": user.locale,
        "lang": 1,
        "email": user.email,
        "phone": None,
        "activated": True,
        "last_login": v1_moment(user.created),
        "created": v1_moment(user.created),
        "modified": v1_moment(user.created),
        "has_created_company": user.is_admin,
        "access": [{"app": "sales", "admin": user.is_admin, "permission_set_id": "1"}],
        "active_flag": user.active,
        "timezone_name": user.timezone,
        "timezone_offset": f"{offset[:3]}:{offset[3:]}",
        "role_id": 1,
        "icon_url": None,
        "is_you": user.id == ask.user.id,
        "is_deleted": not user.active,
    }


def _shown_type(one: ActivityType) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "icon_key": one.icon_key,
        "color": one.color,
        "order_nr": one.order_nr,
        "key_string": one.key_string,
        "active_flag": one.active_flag,
        "is_custom_flag": one.is_custom_flag,
        "add_time": v1_moment(one.add_time),
        "update_time": v1_moment(one.update_time) if one.update_time else None,
    }
