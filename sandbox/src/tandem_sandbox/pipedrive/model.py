"""The records of a Pipedrive company, in the shape of API v2 where it has one."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Something with an id that a company keeps."""

    model_config = ConfigDict(validate_assignment=False)

    id: int


class User(Record):
    """A user of a company."""

    email: str
    name: str
    is_admin: bool = False
    timezone: str
    locale: str
    token: str
    token_revoked: bool = False
    created: datetime
    active: bool = True


class ActivityType(Record):
    """A type of activity; ``key_string`` is what activities carry."""

    name: str
    key_string: str
    icon_key: str
    color: str | None = None
    order_nr: int
    active_flag: bool = True
    is_custom_flag: bool = False
    add_time: datetime
    update_time: datetime | None = None


class Address(BaseModel):
    """A place; only ``value`` is written by clients, the rest would come from geocoding."""

    model_config = ConfigDict(strict=True, extra="forbid")

    value: str | None = None
    country: str | None = None
    admin_area_level_1: str | None = None
    admin_area_level_2: str | None = None
    locality: str | None = None
    sublocality: str | None = None
    route: str | None = None
    street_number: str | None = None
    subpremise: str | None = None
    postal_code: str | None = None
    formatted_address: str | None = None


class Participant(BaseModel):
    """A person who takes part; exactly one is primary if there are any."""

    model_config = ConfigDict(strict=True, extra="forbid")

    person_id: int
    primary: bool = False


class Attendee(BaseModel):
    """A guest by e-mail."""

    model_config = ConfigDict(strict=True, extra="forbid")

    email: str = Field(min_length=3, max_length=320)
    name: str | None = None
    status: str | None = None
    is_organizer: bool = False
    person_id: int | None = None
    user_id: int | None = None


class Activity(Record):
    """An activity; times of day are UTC, ``update_time`` has no fraction of a second."""

    subject: str
    type: str
    owner_id: int
    creator_user_id: int
    is_deleted: bool = False
    add_time: datetime
    update_time: datetime
    deal_id: int | None = None
    lead_id: str | None = None
    person_id: int | None = None
    org_id: int | None = None
    project_id: int | None = None
    due_date: str | None = None
    due_time: str | None = None
    duration: str | None = None
    busy: bool | None = None
    done: bool = False
    marked_as_done_time: datetime | None = None
    location: Address | None = None
    participants: list[Participant] = Field(default_factory=list)
    attendees: list[Attendee] = Field(default_factory=list)
    conference_meeting_client: str | None = None
    conference_meeting_url: str | None = None
    conference_meeting_id: str | None = None
    public_description: str | None = None
    priority: int | None = None
    note: str | None = None


class Contact(BaseModel):
    """An e-mail address or a phone number of a person."""

    model_config = ConfigDict(strict=True, extra="forbid")

    value: str
    primary: bool = False
    label: str | None = None


class Shared(Record):
    """A record with an owner and a visibility."""

    kind: ClassVar[str]

    owner_id: int
    is_deleted: bool = False
    visible_to: int = 3
    """1: the owner alone; 3: the whole company."""
    add_time: datetime
    update_time: datetime
    label_ids: list[int] = Field(default_factory=list)
    custom_fields: dict[str, Any] = Field(default_factory=dict)


class Person(Shared):
    """A person."""

    kind = "person"

    name: str
    first_name: str | None = None
    last_name: str | None = None
    org_id: int | None = None
    emails: list[Contact] = Field(default_factory=list)
    phones: list[Contact] = Field(default_factory=list)
    picture_id: int | None = None
    postal_address: Address | None = None
    notes: str | None = None
    im: list[Contact] = Field(default_factory=list)
    birthday: str | None = None
    job_title: str | None = None


class Organization(Shared):
    """An organisation."""

    kind = "organization"

    name: str
    address: Address | None = None
    website: str | None = None
    linkedin: str | None = None
    industry: int | None = None
    annual_revenue: int | None = None
    employee_count: int | None = None


class Deal(Shared):
    """A deal."""

    kind = "deal"

    title: str
    person_id: int | None = None
    org_id: int | None = None
    pipeline_id: int = 1
    stage_id: int = 1
    value: float = 0
    currency: str = "EUR"
    stage_change_time: datetime | None = None
    is_archived: bool = False
    status: str = "open"
    probability: float | None = None
    lost_reason: str | None = None
    close_time: datetime | None = None
    won_time: datetime | None = None
    lost_time: datetime | None = None
    expected_close_date: str | None = None
    origin: str = "ManuallyCreated"
    origin_id: str | None = None
    channel: int | None = None
    channel_id: str | None = None
    source_lead_id: str | None = None
    arr: float | None = None
    mrr: float | None = None
    acv: float | None = None


class Stage(Record):
    """A stage of the one pipeline."""

    name: str
    order_nr: int
    pipeline_id: int = 1


class Webhook(Record):
    """A subscription and how its deliveries go."""

    owner_id: int
    user_id: int
    event_action: str
    event_object: str
    subscription_url: str
    name: str
    version: str = "2.0"
    type: str = "general"
    http_auth_user: str | None = None
    http_auth_password: str | None = None
    is_active: bool = True
    add_time: datetime
    remove_time: datetime | None = None
    remove_reason: str | None = None
    last_delivery_time: datetime | None = None
    last_http_status: int | None = None
    last_success: datetime | None = None
    first_try_failures: int = 0
    banned_until: datetime | None = None


class Waiting(BaseModel):
    """A delivery that is not done, so that a restart does not lose it."""

    webhook_id: int
    body: dict[str, Any]
    attempt: int
    due: datetime
