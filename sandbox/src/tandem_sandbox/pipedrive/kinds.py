"""The kinds of record beside activities: what their lists take, and what may be written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tandem_sandbox.pipedrive.model import Address, Contact, Deal, Organization, Person, Shared
from tandem_sandbox.pipedrive.parameters import Flag, PageAsked
from tandem_sandbox.pipedrive.state import Company

FILTERS: Final = frozenset({"owner_id", "person_id", "org_id", "pipeline_id", "stage_id", "status"})


class ListAsked(PageAsked):
    """What every list of them takes."""

    owner_id: int | None = None
    sort_by: Literal["id", "update_time", "add_time"] = "id"
    sort_direction: Literal["asc", "desc"] = "asc"
    include_fields: str | None = None
    custom_fields: str | None = None
    include_option_labels: Flag = False
    include_labels: Flag = False


class DealsAsked(ListAsked):
    """What the list of deals takes."""

    person_id: int | None = None
    org_id: int | None = None
    pipeline_id: int | None = None
    stage_id: int | None = None
    status: Literal["open", "won", "lost", "deleted"] | None = None


class PersonsAsked(ListAsked):
    """What the list of persons takes."""

    org_id: int | None = None


class Body(BaseModel):
    """What can be written into each of them."""

    model_config = ConfigDict(strict=True, extra="forbid")

    owner_id: int | None = None
    visible_to: Literal[1, 3, 5, 7] | None = None


class DealBody(Body):
    """What can be written into a deal."""

    title: str | None = Field(default=None, max_length=255)
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    currency: str | None = None
    person_id: int | None = None
    org_id: int | None = None
    stage_id: int | None = None
    status: Literal["open", "won", "lost"] | None = None


class PersonBody(Body):
    """What can be written into a person."""

    name: str | None = Field(default=None, max_length=255)
    org_id: int | None = None
    emails: list[Contact] | None = None
    phones: list[Contact] | None = None


class OrganizationBody(Body):
    """What can be written into an organisation."""

    name: str | None = Field(default=None, max_length=255)
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: where it is kept, what is asked for and written, what a new one needs."""

    name: Literal["deal", "person", "organization"]
    records: Callable[[Company], dict[int, Any]]
    model: type[Shared]
    asked: type[ListAsked]
    body: type[Body]
    needs: str

    @property
    def plural(self) -> str:
        """The name in addresses and operations."""
        return self.name + "s"


KINDS: Final = (
    Kind("deal", lambda company: company.deals, Deal, DealsAsked, DealBody, "title"),
    Kind("person", lambda company: company.persons, Person, PersonsAsked, PersonBody, "name"),
    Kind(
        "organization",
        lambda company: company.organizations,
        Organization,
        ListAsked,
        OrganizationBody,
        "name",
    ),
)
