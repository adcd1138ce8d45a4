"""A CRM in memory, for tests: the same port, the same behaviour, no network."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from crm_ingest.crm import (
    Account,
    ActivityKind,
    Crm,
    Invitee,
    Page,
    Reading,
    Subscription,
    UncertainError,
)
from tandem.contracts.activities import ActivitySnapshot, DealContact, Guest
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField
from tandem.runtime.clock import Clock

_FIELDS = {
    MeetingField.TITLE: ("subject",),
    MeetingField.SCHEDULE: ("due_date", "due_time", "duration_minutes"),
    MeetingField.DESCRIPTION: ("public_description",),
    MeetingField.LOCATION: ("location",),
    MeetingField.BUSY: ("busy",),
}


@dataclass
class MemoryCrm:
    """One company; `page_size` activities make a page.

    `failures` are raised by the next calls, one each, and those of `failures_of` by the calls of
    that name (None: that one goes well); `refusing` are raised for every call of a user. So many
    `lost_answers` of writes never arrive, although the writes are carried out. `hidden` holds pairs
    of a user and an activity that he may not see; `unlisted` activities are in no list.
    """

    clock: Clock
    page_size: int = 500
    deleted_are_shown: bool = True
    failures: list[Exception] = field(default_factory=list)
    failures_of: dict[str, list[Exception | None]] = field(default_factory=dict)
    lost_answers: int = 0
    calls: list[str] = field(default_factory=list)
    hidden: set[tuple[int, int]] = field(default_factory=set)
    unlisted: set[int] = field(default_factory=set)
    refusing: dict[int, Exception] = field(default_factory=dict)
    contacts: dict[int, DealContact] = field(default_factory=dict)
    webhooks: dict[str, bool] = field(default_factory=dict)
    terms: str = "terms"
    kinds: tuple[ActivityKind, ...] = (ActivityKind("meeting", "Meeting", "meeting", None),)
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    _kept: dict[int, Reading] = field(default_factory=dict)

    @property
    def crm(self) -> Crm:
        """The company as a service sees it."""
        return Crm(activities=self, contacts=self, subscriptions=_Webhooks(self), company=self)

    @property
    def writes(self) -> int:
        """How many writes of activities were carried out."""
        return sum(call in {"create", "change", "delete"} for call in self.calls)

    def living(self) -> list[Reading]:
        """Activities that are not deleted."""
        return [kept for kept in self._kept.values() if not kept.deleted]

    def put(self, owner_id: int, *, activity_id: int | None = None, **changes: object) -> Reading:
        """Make or change an activity as somebody of the company would."""
        before = self._kept.get(activity_id or 0)
        now = self._later(before)
        if before is None:
            before = Reading(
                activity=ActivitySnapshot(
                    activity_id=activity_id or next(self.ids),
                    owner_id=owner_id,
                    type="meeting",
                    added_at=now,
                    updated_at=now,
                ),
                creator_id=owner_id,
                invitees=(),
            )
        changed = before.activity.model_copy(
            update={**changes, "owner_id": owner_id, "updated_at": now}
        )
        return self._keep(replace(before, activity=changed, deleted=False))

    def relate(self, activity_id: int, contact: DealContact) -> None:
        """Say whom an activity is about, without changing the activity."""
        self._kept[activity_id] = replace(self._kept[activity_id], deal_id=activity_id)
        self.contacts[activity_id] = contact

    def age(self, activity_id: int, by: timedelta) -> None:
        """Have an activity look as if its last change was so long ago."""
        kept = self._kept[activity_id]
        older = kept.activity.model_copy(update={"updated_at": kept.activity.updated_at - by})
        self._keep(replace(kept, activity=older))

    def take_away(self, activity_id: int) -> None:
        """Delete an activity as its owner would."""
        kept = self._kept[activity_id]
        moved = kept.activity.model_copy(update={"updated_at": self._later(kept)})
        self._keep(replace(kept, activity=moved, deleted=True))

    async def get(self, account: Account, activity_id: int) -> Reading | None:
        """Read one activity."""
        self._enter("get", account)
        kept = self._kept.get(activity_id)
        if kept is None or not self._shows(account, kept):
            return None
        return kept if self.deleted_are_shown or not kept.deleted else None

    async def of_owner(
        self, account: Account, *, updated_since: datetime | None = None, cursor: str | None = None
    ) -> Page:
        """List living activities of the account's user; the cursor is the last id."""
        self._enter("of_owner", account)
        return self._page(account, updated_since, cursor, owner_id=account.user.user_id)

    async def of_company(
        self, account: Account, *, updated_since: datetime, cursor: str | None = None
    ) -> Page:
        """List living activities that the account may see."""
        self._enter("of_company", account)
        return self._page(account, updated_since, cursor)

    def _page(
        self,
        account: Account,
        updated_since: datetime | None,
        cursor: str | None,
        *,
        owner_id: int | None = None,
    ) -> Page:
        since = updated_since.replace(microsecond=0) if updated_since else None
        later = [
            kept
            for activity_id, kept in sorted(self._kept.items())
            if activity_id > int(cursor or 0)
            and self._is_listed(kept)
            and self._shows(account, kept)
            and owner_id in {None, kept.activity.owner_id}
            and (since is None or kept.activity.updated_at >= since)
        ]
        page = later[: self.page_size]
        more = len(later) > len(page)
        return Page(tuple(page), str(page[-1].activity.activity_id) if more else None)

    async def by_ids(self, account: Account, activity_ids: Sequence[int]) -> tuple[Reading, ...]:
        """Read several living activities."""
        self._enter("by_ids", account)
        if len(activity_ids) > 100:  # noqa: PLR2004 - the port's limit
            raise AssertionError("at most 100 at a time")
        found = (self._kept.get(activity_id) for activity_id in activity_ids)
        return tuple(
            kept for kept in found if kept and self._is_listed(kept) and self._shows(account, kept)
        )

    async def create(self, account: Account, *, kind: str, draft: ActivityDraft) -> Reading:
        """Make an activity."""
        self._enter("create", account)
        now = self._later(None)
        snapshot = ActivitySnapshot(
            activity_id=next(self.ids),
            owner_id=account.user.user_id,
            type=kind,
            added_at=now,
            updated_at=now,
        )
        made = Reading(activity=snapshot, creator_id=account.user.user_id, invitees=())
        kept = self._keep(_written(made, frozenset(MeetingField), draft))
        self._lose_answer()
        return kept

    async def change(
        self,
        account: Account,
        present: Reading,
        *,
        fields: Collection[MeetingField],
        draft: ActivityDraft,
    ) -> Reading | None:
        """Change the named fields."""
        self._enter("change", account)
        kept = self._kept.get(present.activity.activity_id)
        if kept is None or kept.deleted:
            return None
        written = _written(kept, fields, draft)
        stamped = written.activity.model_copy(update={"updated_at": self._later(kept)})
        changed = self._keep(replace(written, activity=stamped))
        self._lose_answer()
        return changed

    async def delete(self, account: Account, activity_id: int) -> None:
        """Delete an activity."""
        self._enter("delete", account)
        if activity_id in self._kept and not self._kept[activity_id].deleted:
            self.take_away(activity_id)
        self._lose_answer()

    async def of_activities(
        self, account: Account, readings: Sequence[Reading]
    ) -> tuple[DealContact, ...]:
        """Whom each activity is about."""
        self._enter("of_activities", account)
        return tuple(
            self.contacts.get(reading.activity.activity_id, DealContact()) for reading in readings
        )

    async def activity_kinds(self, account: Account) -> tuple[ActivityKind, ...]:
        """Activity types."""
        self._enter("activity_kinds", account)
        return self.kinds

    async def probe(self, account: Account) -> None:
        """Return if the account has access."""
        self._enter("probe", account)

    def enter(self, call: str, account: Account) -> None:
        """Note a call, and fail where that was asked for."""
        self._enter(call, account)

    def _enter(self, call: str, account: Account) -> None:
        refusal = self.refusing.get(account.user.user_id)
        if refusal is not None:
            raise refusal
        if self.failures:
            raise self.failures.pop(0)
        failures = self.failures_of.get(call)
        failure = failures.pop(0) if failures else None
        if failure is not None:
            raise failure
        self.calls.append(call)

    def _lose_answer(self) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            raise UncertainError("the answer was lost")

    def _shows(self, account: Account, kept: Reading) -> bool:
        return (account.user.user_id, kept.activity.activity_id) not in self.hidden

    def _is_listed(self, kept: Reading) -> bool:
        return not kept.deleted and kept.activity.activity_id not in self.unlisted

    def _keep(self, reading: Reading) -> Reading:
        self._kept[reading.activity.activity_id] = reading
        return reading

    def _later(self, before: Reading | None) -> datetime:
        """The present second, or the one after the last change."""
        now = self.clock.now().replace(microsecond=0)
        if before is None:
            return now
        return max(now, before.activity.updated_at + timedelta(seconds=1))


@dataclass(frozen=True)
class _Webhooks:
    """The company's webhooks: by id, whether they work."""

    company: MemoryCrm

    @property
    def terms(self) -> str:
        """What is asked for."""
        return self.company.terms

    async def ours(self, account: Account) -> tuple[Subscription, ...]:
        """All webhooks."""
        self.company.enter("webhooks.list", account)
        return tuple(Subscription(*one) for one in self.company.webhooks.items())

    async def create(self, account: Account) -> Subscription:
        """Make a webhook."""
        self.company.enter("webhooks.create", account)
        webhook_id = str(next(self.company.ids))
        self.company.webhooks[webhook_id] = True
        return Subscription(webhook_id, working=True)

    async def delete(self, account: Account, webhook_id: str) -> None:
        """Remove a webhook."""
        self.company.enter("webhooks.delete", account)
        self.company.webhooks.pop(webhook_id, None)


def _written(present: Reading, fields: Collection[MeetingField], draft: ActivityDraft) -> Reading:
    """The activity with the named fields as the draft has them."""
    changes = {name: getattr(draft, name) for one in fields for name in _FIELDS.get(one, ())}
    invitees = present.invitees or ()
    if MeetingField.GUESTS in fields:
        kept = [invitee for invitee in invitees if invitee.email in draft.guests]
        there = {invitee.email for invitee in kept}
        invitees = (*kept, *(Invitee(email) for email in sorted(draft.guests - there)))
        changes["guests"] = tuple(Guest(email=invitee.email) for invitee in invitees)
    return replace(present, activity=present.activity.model_copy(update=changes), invitees=invitees)
