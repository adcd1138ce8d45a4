"""Operations on deals, persons and organisations (API v2), as far as their visibility allows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tandem_sandbox.pipedrive.ask import Answer, Ask, page
from tandem_sandbox.pipedrive.errors import PipedriveError, invalid, not_found
from tandem_sandbox.pipedrive.gate import Operation
from tandem_sandbox.pipedrive.model import (
    Address,
    Contact,
    Deal,
    Organization,
    Person,
    Shared,
    User,
)
from tandem_sandbox.pipedrive.paging import cut_page
from tandem_sandbox.pipedrive.representation import moment, shown_shared
from tandem_sandbox.pipedrive.state import Company

OWNER_ONLY: Final = 1
SEARCH_MAX: Final = 100


class _ListAsked(BaseModel):
    model_config = ConfigDict(extra="ignore")

    ids: str | None = None
    owner_id: int | None = None
    person_id: int | None = None
    org_id: int | None = None
    status: Literal["open", "won", "lost", "deleted"] | None = None
    updated_since: str | None = None
    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = None


class _SearchAsked(BaseModel):
    model_config = ConfigDict(extra="ignore")

    term: str = Field(min_length=1)
    fields: str = "name,email"
    exact_match: bool = False
    limit: int = Field(default=100, ge=1, le=SEARCH_MAX)


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    owner_id: int | None = None
    visible_to: Literal[1, 3, 5, 7] | None = None


class _DealBody(_Body):
    title: str | None = Field(default=None, max_length=255)
    value: int | float | None = None
    currency: str | None = None
    person_id: int | None = None
    org_id: int | None = None
    stage_id: int | None = None
    status: Literal["open", "won", "lost"] | None = None


class _PersonBody(_Body):
    name: str | None = Field(default=None, max_length=255)
    org_id: int | None = None
    emails: list[Contact] | None = None
    phones: list[Contact] | None = None


class _OrganizationBody(_Body):
    name: str | None = Field(default=None, max_length=255)
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of record: where it is kept, what may be written, what a new one needs."""

    name: str
    plural: str
    records: Callable[[Company], dict[int, Any]]
    model: type[Shared]
    body: type[_Body]
    needs: str


_KINDS: Final = (
    _Kind("deal", "deals", lambda company: company.deals, Deal, _DealBody, "title"),
    _Kind("person", "persons", lambda company: company.persons, Person, _PersonBody, "name"),
    _Kind(
        "organization",
        "organizations",
        lambda company: company.organizations,
        Organization,
        _OrganizationBody,
        "name",
    ),
)


def contact_operations() -> list[Operation]:
    """What can be done with the three kinds, and the search for persons."""
    operations = [
        Operation(
            "persons.search", "GET", "/api/v2/persons/search", 20, _search_persons, search=True
        )
    ]
    for kind in _KINDS:
        operations += _Records(kind).operations()
    return operations


class _Records:
    """The operations of one kind."""

    def __init__(self, kind: _Kind) -> None:
        self._kind = kind

    def operations(self) -> list[Operation]:
        kind = self._kind
        path = f"/api/v2/{kind.plural}"
        one = path + "/{id:int}"
        return [
            Operation(f"{kind.plural}.list", "GET", path, 10, self.list),
            Operation(f"{kind.plural}.get", "GET", one, 1, self.get),
            Operation(f"{kind.plural}.create", "POST", path, 5, self.create),
            Operation(f"{kind.plural}.update", "PATCH", one, 5, self.update),
            Operation(f"{kind.plural}.delete", "DELETE", one, 3, self.delete),
        ]

    def list(self, ask: Ask) -> Answer:
        """A page of what the caller may see."""
        asked = ask.asked(_ListAsked)
        given = asked.ids.split(",") if asked.ids else None
        ids = {int(one) for one in given if one.strip().isdecimal()} if given else None
        seen = (
            one
            for one in self._kind.records(ask.company).values()
            if not one.is_deleted
            and may_see(ask.user, one)
            and (ids is None or one.id in ids)
            and (asked.updated_since is None or moment(one.update_time) >= asked.updated_since)
            and all(
                getattr(asked, name) is None or getattr(one, name, None) == getattr(asked, name)
                for name in ("owner_id", "person_id", "org_id", "status")
            )
        )
        records, cursor = cut_page(
            seen,
            sort_by="id",
            descending=False,
            limit=asked.limit,
            cursor=asked.cursor,
            key=lambda one: one.id,
        )
        return page([shown_shared(one) for one in records], cursor)

    def get(self, ask: Ask) -> Answer:
        """One record."""
        return Answer(shown_shared(self._found(ask)))

    def create(self, ask: Ask) -> Answer:
        """Make a record, the caller's unless it says otherwise."""
        given = ask.given(self._kind.body).model_dump(exclude_unset=True)
        if not given.get(self._kind.needs):
            raise invalid(self._kind.needs, "is required")
        number = ask.company.next_id(self._kind.name)
        values = {
            "owner_id": ask.user.id,
            **given,
            "id": number,
            "add_time": ask.now,
            "update_time": ask.now,
        }
        made = self._kind.model.model_validate(values)
        self._kind.records(ask.company)[number] = made
        return Answer(shown_shared(made))

    def update(self, ask: Ask) -> Answer:
        """Change the given fields."""
        known = self._found(ask)
        given = ask.given(self._kind.body).model_dump(exclude_unset=True)
        values = {**known.model_dump(), **given, "update_time": ask.now}
        changed = self._kind.model.model_validate(values)
        self._kind.records(ask.company)[known.id] = changed
        return Answer(shown_shared(changed))

    def delete(self, ask: Ask) -> Answer:
        """Mark as deleted."""
        known = self._found(ask)
        known.is_deleted = True
        known.update_time = ask.now
        return Answer({"id": known.id})

    def _found(self, ask: Ask) -> Any:
        record = self._kind.records(ask.company).get(int(ask.path["id"]))
        if record is None or record.is_deleted:
            raise not_found(self._kind.name.capitalize())
        if not may_see(ask.user, record):
            raise PipedriveError(403, f"{self._kind.name.capitalize()} is not visible to you")
        return record


def may_see(user: User, record: Shared) -> bool:
    """The owner, an admin, and everybody where the record is shared."""
    return user.is_admin or record.owner_id == user.id or record.visible_to != OWNER_ONLY


def _search_persons(ask: Ask) -> Answer:
    asked = ask.asked(_SearchAsked)
    term = asked.term.lower()
    fields = asked.fields.split(",")

    def matches(person: Person) -> bool:
        texts = [contact.value.lower() for contact in person.emails] if "email" in fields else []
        texts += [person.name.lower()] if "name" in fields else []
        return any(term == text if asked.exact_match else term in text for text in texts)

    found = [
        person
        for person in ask.company.persons.values()
        if not person.is_deleted and may_see(ask.user, person) and matches(person)
    ]
    items = [
        {"result_score": 1.0, "item": _shown_hit(ask.company, one)} for one in found[: asked.limit]
    ]
    return Answer({"items": items}, more={"additional_data": {"next_cursor": None}})


def _shown_hit(company: Company, person: Person) -> dict[str, Any]:
    organization = company.organizations.get(person.org_id) if person.org_id else None
    return {
        "id": person.id,
        "type": "person",
        "name": person.name,
        "phones": [phone.value for phone in person.phones],
        "emails": [email.value for email in person.emails],
        "visible_to": person.visible_to,
        "owner": {"id": person.owner_id},
        "organization": {"id": organization.id, "name": organization.name}
        if organization
        else None,
        "custom_fields": [],
        "notes": [],
    }
