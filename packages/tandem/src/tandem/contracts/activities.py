"""What is known of a Pipedrive activity: hints that it moved, and observations of its state."""

import hashlib
from datetime import date, time
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from tandem.contracts.meetings import Line, Name, Text
from tandem.contracts.message import Contract, Message, UserMessage


class Guest(Contract):
    """A person invited to a meeting; the e-mail is in lower case."""

    email: str
    name: Name = ""
    person_id: int | None = None


class DealContact(Contract):
    """Deal, person and organisation of an activity, as far as its owner may see them."""

    activity_url: str = ""
    deal_title: Line = ""
    deal_value: Line = ""
    deal_stage: Line = ""
    deal_url: str = ""
    person_name: Line = ""
    person_phones: tuple[str, ...] = ()
    person_emails: tuple[str, ...] = ()
    organization_name: Line = ""
    organization_address: Line = ""


class ActivitySnapshot(Contract):
    """One activity as Pipedrive shows it; times are UTC, durations minutes.

    `due_time` None means all day (or no time set), `duration_minutes` None means none was given.
    `updated_at` has the vendor's resolution of one second.
    """

    activity_id: int
    owner_id: int
    subject: Line = ""
    type: str
    done: bool = False
    due_date: date | None = None
    due_time: time | None = None
    duration_minutes: Annotated[int, Field(ge=0)] | None = None
    busy: bool | None = None
    location: Line = ""
    public_description: Text = ""
    guests: tuple[Guest, ...] = ()
    added_at: AwareDatetime
    updated_at: AwareDatetime
    deal_contact: DealContact | None = None

    @property
    def fingerprint(self) -> str:
        """Digest of all of the activity itself; tells apart what one second of stamps does not."""
        itself = self.model_copy(update={"deal_contact": None}).model_dump_json()
        return hashlib.sha256(itself.encode()).hexdigest()


class ActivityHinted(Message):
    """Something happened to an activity; its present state has yet to be read.

    `user_id` is the owner as far as the hint told.
    """

    kind: Literal["activity_hinted"] = "activity_hinted"
    company_id: int
    activity_id: int
    user_id: int | None = None

    @property
    def key(self) -> str:
        """Kafka key, `company:activity`."""
        return f"{self.company_id}:{self.activity_id}"


class ActivityObserved(UserMessage):
    """The state of an activity was read; `user` is the addressee, not always the owner any more.

    `observed_at` is the reader's clock just before the read; of two observations with the same
    `updated_at` the later read counts.
    """

    kind: Literal["activity_observed"] = "activity_observed"
    activity: ActivitySnapshot
    observed_at: AwareDatetime


class ActivityGone(UserMessage):
    """An activity was deleted: Pipedrive said so, it was not merely absent from a list."""

    kind: Literal["activity_gone"] = "activity_gone"
    activity_id: int
    observed_at: AwareDatetime


class ActivitiesResynced(UserMessage):
    """All activities of the user were observed, in messages before this one."""

    kind: Literal["activities_resynced"] = "activities_resynced"
    observed_at: AwareDatetime


ActivityMessage = Annotated[
    ActivityObserved | ActivityGone | ActivitiesResynced, Field(discriminator="kind")
]
ACTIVITY_MESSAGES: TypeAdapter[ActivityMessage] = TypeAdapter(ActivityMessage)
