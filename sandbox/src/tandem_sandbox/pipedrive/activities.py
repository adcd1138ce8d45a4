"""Operations on activities: list, get, create, update, delete."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from tandem_sandbox.pipedrive.activity_body import ActivityBody
from tandem_sandbox.pipedrive.announcer import Announcer, Change
from tandem_sandbox.pipedrive.ask import Answer, Ask, page
from tandem_sandbox.pipedrive.errors import invalid, not_found
from tandem_sandbox.pipedrive.gate import Operation
from tandem_sandbox.pipedrive.model import Activity, Shared
from tandem_sandbox.pipedrive.paging import Order, cut_page
from tandem_sandbox.pipedrive.parameters import Asked, Flag, PageAsked
from tandem_sandbox.pipedrive.representation import hooked_activity, shown_activity
from tandem_sandbox.pipedrive.state import Company, is_purged
from tandem_sandbox.pipedrive.visibility import may_see_activity
from tandem_sandbox.world import World

SECOND = timedelta(seconds=1)


class _ListAsked(PageAsked):
    owner_id: int | None = None
    deal_id: int | None = None
    lead_id: str | None = None
    person_id: int | None = None
    org_id: int | None = None
    done: Flag | None = None
    sort_by: Literal["id", "update_time", "add_time", "due_date"] = "id"
    sort_direction: Literal["asc", "desc"] = "asc"
    include_fields: Literal["attendees"] | None = None


class _GetAsked(Asked):
    include_fields: Literal["attendees"] | None = None


class Activities:
    """Reads and writes the activities of a company."""

    def __init__(self, world: World, announcer: Announcer) -> None:
        self._world = world
        self._announcer = announcer

    def operations(self) -> list[Operation]:
        """What can be done."""
        path = "/api/v2/activities"
        one = path + "/{id:int}"
        return [
            Operation("activities.list", "GET", path, 10, self.list),
            Operation("activities.get", "GET", one, 1, self.get),
            Operation("activities.create", "POST", path, 5, self.create),
            Operation("activities.update", "PATCH", one, 5, self.update),
            Operation("activities.delete", "DELETE", one, 3, self.delete),
        ]

    def list(self, ask: Ask) -> Answer:
        """A page of living activities that pass the filters."""
        asked = ask.asked(_ListAsked)
        ask.company.purge(ask.now)
        wanted = asked.given("owner_id", "deal_id", "lead_id", "person_id", "org_id", "done")
        records, cursor = cut_page(
            (
                one
                for one in _candidates(ask.company, asked)
                if not one.is_deleted
                and asked.in_time(one.update_time)
                and all(getattr(one, name) == value for name, value in wanted)
                and may_see_activity(ask.user, one, ask.company)
            ),
            Order(asked.sort_by, asked.sort_direction),
            limit=asked.limit,
            cursor=asked.cursor,
        )
        attendees = asked.include_fields is not None
        return page([shown_activity(one, attendees=attendees) for one in records], cursor)

    def get(self, ask: Ask) -> Answer:
        """One activity; a deleted one only while the state says that these can be read."""
        asked = ask.asked(_GetAsked)
        activity = _found(ask, deleted=self._world.pipedrive.deleted_reads == "soft")
        return Answer(shown_activity(activity, attendees=asked.include_fields is not None))

    def create(self, ask: Ask) -> Answer:
        """Make an activity; without an owner it is the caller's."""
        changes = ask.given(ActivityBody).changes()
        defaults = {"subject": "Call", "type": "call", "owner_id": ask.user.id}
        changes = {name: value for name, value in changes.items() if value is not None}
        changes = {**defaults, **changes}
        _check(changes, ask.company)
        blank = Activity(
            id=ask.company.next_id("activity"),
            creator_user_id=ask.user.id,
            add_time=ask.now,
            update_time=ask.now,
            **defaults,
        )
        made = _changed(blank, changes, ask.now)
        ask.company.put_activity(made)
        self._tell(ask, "create", made, None)
        return Answer(shown_activity(made, attendees=True))

    def update(self, ask: Ask) -> Answer:
        """Change the given fields."""
        before = _found(ask, deleted=False)
        changes = ask.given(ActivityBody).changes()
        _check(changes, ask.company)
        after = _changed(before, changes, ask.now)
        if after != before:
            after.update_time = _later(before.update_time, ask.now)
            ask.company.put_activity(after)
            self._tell(ask, "change", after, before)
        return Answer(shown_activity(after, attendees=True))

    def delete(self, ask: Ask) -> Answer:
        """Mark as deleted; it is purged after 30 days."""
        before = _found(ask, deleted=False)
        after = before.model_copy(
            update={"is_deleted": True, "update_time": _later(before.update_time, ask.now)}
        )
        ask.company.put_activity(after)
        self._tell(ask, "delete", None, before)
        return Answer({"id": after.id})

    def _tell(
        self,
        ask: Ask,
        action: Literal["create", "change", "delete"],
        after: Activity | None,
        before: Activity | None,
    ) -> None:
        told = after or before
        if told is None or not ask.company.webhooks:
            return
        self._announcer.tell(
            ask,
            Change(
                action=action,
                entity="activity",
                entity_id=told.id,
                after=hooked_activity(after) if after else None,
                before=hooked_activity(before) if before else None,
                seen_by=tuple(
                    user.id
                    for user in ask.company.users.values()
                    if may_see_activity(user, told, ask.company)
                ),
            ),
        )


def _found(ask: Ask, *, deleted: bool) -> Activity:
    activity = ask.company.activities.get(int(ask.path["id"]))
    if (
        activity is None
        or (activity.is_deleted and not deleted)
        or is_purged(activity, ask.now)
        or not may_see_activity(ask.user, activity, ask.company)
    ):
        raise not_found("Activity")
    return activity


def _candidates(company: Company, asked: _ListAsked) -> Iterable[Activity]:
    if asked.ids is not None:
        return [company.activities[one] for one in asked.ids if one in company.activities]
    if asked.owner_id is not None:
        return company.activities_of(asked.owner_id)
    return company.activities.values()


def _changed(activity: Activity, changes: dict[str, Any], now: datetime) -> Activity:
    """The activity with changes, and with what follows from them."""
    after = activity.model_copy(update=changes)
    if changes.get("done") is True and not activity.done:
        after.marked_as_done_time = now
    elif changes.get("done") is False:
        after.marked_as_done_time = None
    if "participants" in changes:
        primary = next((one for one in after.participants if one.primary), None)
        primary = primary or next(iter(after.participants), None)
        after.participants = [
            one.model_copy(update={"primary": one is primary}) for one in after.participants
        ]
        after.person_id = primary.person_id if primary else None
    if after.deal_id is not None:
        after.lead_id = after.project_id = None
    elif after.lead_id is not None:
        after.project_id = None
    after.attendees = [
        one.model_copy(update={"status": one.status or "noreply"}) for one in after.attendees
    ]
    return after


def _check(changes: dict[str, Any], company: Company) -> None:
    """Refuse what does not exist; what an activity has already may be gone by now."""
    checks: dict[str, Callable[[Any], bool]] = {
        "subject": lambda subject: subject is not None,
        "type": lambda key: key in company.type_keys(),
        "owner_id": lambda user_id: user_id in company.users,
        "deal_id": lambda deal_id: deal_id is None or _lives(company.deals.get(deal_id)),
        "org_id": lambda org_id: org_id is None or _lives(company.organizations.get(org_id)),
        "participants": lambda participants: all(
            _lives(company.persons.get(one.person_id)) for one in participants
        ),
    }
    for name, fits in checks.items():
        if name in changes and not fits(changes[name]):
            raise invalid(name, "is required" if changes[name] is None else "does not exist")


def _lives(record: Shared | None) -> bool:
    return record is not None and not record.is_deleted


def _later(before: datetime, now: datetime) -> datetime:
    """Stamps never go back, even when the sandbox's clock does."""
    return now if now >= before else before + SECOND
