"""Messages that tell what was seen of activities."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm_ingest.crm import Reading
from tandem.contracts.activities import (
    ActivitiesResynced,
    ActivityGone,
    ActivityObserved,
    DealContact,
)
from tandem.contracts.message import SyncUser
from tandem.contracts.topics import CRM_ACTIVITIES
from tandem.runtime.publisher import Outgoing, outgoing


@dataclass(frozen=True)
class Observations:
    """Makes messages; moments are the reader's clock."""

    new_id: Callable[[], UUID]

    def observed(
        self,
        user: SyncUser,
        reading: Reading,
        moment: datetime,
        *,
        contact: DealContact | None,
        trace: str | None,
    ) -> Outgoing:
        """An activity was read."""
        message = ActivityObserved(
            message_id=self.new_id(),
            occurred_at=moment,
            user=user,
            activity=reading.activity.model_copy(update={"deal_contact": contact}),
            observed_at=moment,
        )
        return outgoing(CRM_ACTIVITIES, message, trace=trace)

    def gone(
        self, user: SyncUser, activity_id: int, moment: datetime, *, trace: str | None
    ) -> Outgoing:
        """An activity was deleted."""
        message = ActivityGone(
            message_id=self.new_id(),
            occurred_at=moment,
            user=user,
            activity_id=activity_id,
            observed_at=moment,
        )
        return outgoing(CRM_ACTIVITIES, message, trace=trace)

    def resynced(self, user: SyncUser, moment: datetime, *, trace: str | None) -> Outgoing:
        """All activities of a user were observed."""
        message = ActivitiesResynced(
            message_id=self.new_id(), occurred_at=moment, user=user, observed_at=moment
        )
        return outgoing(CRM_ACTIVITIES, message, trace=trace)


def fingerprint_of(reading: Reading) -> str:
    """Digest of everything of an activity that is published."""
    about = (reading.deal_id, reading.person_id, reading.organization_id)
    return hashlib.sha256(f"{reading.activity.fingerprint}{about}".encode()).hexdigest()


def contact_fingerprint_of(contact: DealContact | None) -> str:
    """Digest of a deal/contact block; empty for none."""
    if contact is None:
        return ""
    return hashlib.sha256(contact.model_dump_json().encode()).hexdigest()
