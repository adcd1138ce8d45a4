"""Operations that only read: the search for persons, the stages of deals."""

from typing import Any, Final, Literal

from pydantic import Field

from tandem_sandbox.pipedrive.ask import Answer, Ask, page
from tandem_sandbox.pipedrive.gate import Operation
from tandem_sandbox.pipedrive.model import Person
from tandem_sandbox.pipedrive.paging import Order, cut_page
from tandem_sandbox.pipedrive.parameters import PAGE_MAX, Asked, Flag
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.pipedrive.visibility import may_see

SEARCH_MAX: Final = 100


class _SearchAsked(Asked):
    term: str = Field(min_length=1)
    fields: str = "custom_fields,email,notes,phone,name"
    exact_match: Flag = False
    organization_id: int | None = None
    include_fields: Literal["person.picture"] | None = None
    limit: int = Field(default=SEARCH_MAX, ge=1, le=SEARCH_MAX)
    cursor: str | None = None


class _StagesAsked(Asked):
    pipeline_id: int | None = None
    limit: int = Field(default=100, ge=1, le=PAGE_MAX)
    cursor: str | None = None


def lookup_operations() -> list[Operation]:
    """What can be looked up."""
    search = "/api/v2/persons/search"
    return [
        Operation("persons.search", "GET", search, 20, _search_persons, search=True),
        Operation("stages.list", "GET", "/api/v2/stages", 5, _stages),
    ]


def _stages(ask: Ask) -> Answer:
    asked = ask.asked(_StagesAsked)
    stages, cursor = cut_page(
        (
            one
            for one in ask.company.stages.values()
            if asked.pipeline_id in {None, one.pipeline_id}
        ),
        Order("id", "asc"),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    return page([one.model_dump() for one in stages], cursor)


def _search_persons(ask: Ask) -> Answer:
    asked = ask.asked(_SearchAsked)
    term = asked.term.lower()
    fields = asked.fields.split(",")

    def matches(person: Person) -> bool:
        texts = [one.value.lower() for one in person.emails] if "email" in fields else []
        texts += [one.value.lower() for one in person.phones] if "phone" in fields else []
        texts += [person.name.lower()] if "name" in fields else []
        return any(term == text if asked.exact_match else term in text for text in texts)

    found = [
        person
        for person in ask.company.persons.values()
        if not person.is_deleted
        and asked.organization_id in {None, person.org_id}
        and matches(person)
        and may_see(ask.user, person)
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
