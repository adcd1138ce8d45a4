"""What is known of each activity: whose it is, who was told, and what was last published."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from crm_ingest.repository.queries import QUERIES, Database
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.message import SyncUser

Place = tuple[int, int]
"""Company and activity."""


@dataclass(frozen=True)
class Known:
    """An activity as it was last published."""

    owner_id: int
    told: tuple[int, ...]
    gone: bool
    fingerprint: str
    contact_fingerprint: str


@dataclass(frozen=True)
class Published:
    """An activity as it was just published; `owner_told` False: the owner is not connected.

    Without fingerprints it is only known: it is looked for should it go, and news once it is read.
    """

    place: Place
    owner_id: int
    owner_told: bool
    due_date: date | None
    done: bool
    observed_at: datetime
    fingerprint: str = ""
    contact_fingerprint: str = ""

    @classmethod
    def known(
        cls, company_id: int, activity: ActivitySnapshot, *, owner_told: bool, moment: datetime
    ) -> Self:
        """An activity of which nothing was published."""
        return cls(
            place=(company_id, activity.activity_id),
            owner_id=activity.owner_id,
            owner_told=owner_told,
            due_date=activity.due_date,
            done=activity.done,
            observed_at=moment,
        )


class KnownActivities:
    """The table `known_activities`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_place(self, places: Collection[Place]) -> dict[Place, Known]:
        """Those of the named activities that are known."""
        if not places:
            return {}
        return {
            (row["company_id"], row["activity_id"]): Known(
                row["owner_id"],
                tuple(row["told"]),
                row["gone"],
                row["fingerprint"],
                row["contact_fingerprint"],
            )
            async for row in QUERIES.known_activities(
                self._database.pool,
                company_ids=[company for company, _ in places],
                activity_ids=[activity for _, activity in places],
            )
        }

    async def store(self, published: Sequence[Published]) -> None:
        """Keep what was published; each activity at most once."""
        if not published:
            return
        await QUERIES.store_observed(
            self._database.pool,
            company_ids=[one.place[0] for one in published],
            activity_ids=[one.place[1] for one in published],
            owner_ids=[one.owner_id for one in published],
            owners_told=[one.owner_told for one in published],
            due_dates=[one.due_date for one in published],
            dones=[one.done for one in published],
            fingerprints=[one.fingerprint for one in published],
            contact_fingerprints=[one.contact_fingerprint for one in published],
            observed_ats=[one.observed_at for one in published],
        )

    async def store_gone(self, gone: Iterable[tuple[Place, datetime]]) -> None:
        """Keep that activities are deleted."""
        rows = list(gone)
        if not rows:
            return
        await QUERIES.store_gone(
            self._database.pool,
            company_ids=[place[0] for place, _ in rows],
            activity_ids=[place[1] for place, _ in rows],
            observed_ats=[moment for _, moment in rows],
        )

    async def store_checked(
        self, company_id: int, activity_ids: Sequence[int], moment: datetime
    ) -> None:
        """Keep that activities were looked at."""
        if activity_ids:
            await QUERIES.store_checked(
                self._database.pool,
                company_id=company_id,
                activity_ids=activity_ids,
                checked_at=moment,
            )

    async def coming(
        self, user: SyncUser, *, today: date, checked_before: datetime, most: int
    ) -> list[int]:
        """Activities ahead of which the user was told, the longest unchecked first."""
        return [
            row["activity_id"]
            async for row in QUERIES.coming_to_check(
                self._database.pool,
                company_id=user.company_id,
                user_id=user.user_id,
                today=today,
                checked_before=checked_before,
                most=most,
            )
        ]

    async def others(
        self, user: SyncUser, *, today: date, checked_before: datetime, most: int
    ) -> list[int]:
        """Past, done and undated activities of which the user was told, likewise."""
        return [
            row["activity_id"]
            async for row in QUERIES.others_to_check(
                self._database.pool,
                company_id=user.company_id,
                user_id=user.user_id,
                today=today,
                checked_before=checked_before,
                most=most,
            )
        ]

    async def outdated_contacts(
        self, user: SyncUser, *, today: date, looked_before: datetime, most: int
    ) -> list[int]:
        """Activities ahead whose deal, person and organisation were not looked at lately."""
        return [
            row["activity_id"]
            async for row in QUERIES.contacts_to_refresh(
                self._database.pool,
                company_id=user.company_id,
                user_id=user.user_id,
                today=today,
                looked_before=looked_before,
                most=most,
            )
        ]

    async def unseen(self, user: SyncUser, *, since: datetime, most: int) -> list[int]:
        """Activities of which the user was told and that nobody has looked at since."""
        return [
            row["activity_id"]
            async for row in QUERIES.unseen_activities(
                self._database.pool,
                company_id=user.company_id,
                user_id=user.user_id,
                since=since,
                most=most,
            )
        ]

    async def deleted(self, user: SyncUser) -> list[tuple[int, datetime]]:
        """Activities that were deleted after the user was told of them, and when that was seen."""
        return [
            (row["activity_id"], row["observed_at"])
            async for row in QUERIES.deleted_activities(
                self._database.pool, company_id=user.company_id, user_id=user.user_id
            )
        ]
