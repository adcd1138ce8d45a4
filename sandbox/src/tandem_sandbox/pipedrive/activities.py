"""Operations on activities: list, get, create, update, delete."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tandem_sandbox.pipedrive.activity_body import ActivityBody
from tandem_sandbox.pipedrive.announcer import Announcer
from tandem_sandbox.pipedrive.ask import Answer, Ask, page
from tandem_sandbox.pipedrive.errors import invalid, not_found
from tandem_sandbox.pipedrive.gate import Operation
from tandem_sandbox.pipedrive.model import Activity
from tandem_sandbox.pipedrive.paging import cut_page
from tandem_sandbox.pipedrive.representation import moment, shown_activity
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.world import World

IDS_MAX = 100


def _whole_second(value: str) -> str:
    """Pipedrive refuses fractions of a second here."""
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("must be RFC 3339 without a fraction, such as 2026-01-31T09:00:00Z") from (
            None
        )
    return value


_Moment = Annotated[str, AfterValidator(_whole_second)]


class _ListAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api_token: str | None = None
    filter_id: int | None = None
    ids: str | None = None
    owner_id: int | None = None
    deal_id: int | None = None
    lead_id: str | None = None
    person_id: int | None = None
    org_id: int | None = None
    done: bool | None = None
    updated_since: _Moment | None = None
    updated_until: _Moment | None = None
    sort_by: Literal["id", "update_time", "add_time", "due_date"] = "id"
    sort_direction: Literal["asc", "desc"] = "asc"
    include_fields: Literal["attendees"] | None = None
    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = None

    def wants(self, activity: Activity) -> bool:
        """Whether an activity passes the filters."""
        same = all(
            getattr(self, name) is None or getattr(self, name) == getattr(activity, name)
            for name in ("owner_id", "deal_id", "lead_id", "person_id", "org_id", "done")
        )
        stamp = moment(activity.update_time)
        return (
            same
            and (self.updated_since is None or stamp >= self.updated_since)
            and (self.updated_until is None or stamp < self.updated_until)
        )


class _GetAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api_token: str | None = None
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
        found = (one for one in _candidates(ask.company, asked.ids) if not one.is_deleted)
        records, cursor = cut_page(
            (one for one in found if asked.wants(one)),
            sort_by=asked.sort_by,
            descending=asked.sort_direction == "desc",
            limit=asked.limit,
            cursor=asked.cursor,
            key=lambda one: _sort_value(one, asked.sort_by),
        )
        attendees = asked.include_fields is not None
        return page([shown_activity(one, attendees=attendees) for one in records], cursor)

    def get(self, ask: Ask) -> Answer:
        """One activity; a deleted one only while the state says that these can be read."""
        asked = ask.asked(_GetAsked)
        activity = self._found(ask, deleted=self._world.pipedrive.deleted_reads == "soft")
        return Answer(shown_activity(activity, attendees=asked.include_fields is not None))

    def create(self, ask: Ask) -> Answer:
        """Make an activity; without an owner it is the caller's."""
        changes = ask.given(ActivityBody).changes()
        kind = changes.pop("type", None) or "call"
        activity = Activity(
            id=ask.company.next_id("activity"),
            subject=changes.pop("subject", None) or "Call",
            type=kind,
            owner_id=changes.pop("owner_id", None) or ask.user.id,
            creator_user_id=ask.user.id,
            add_time=ask.now,
            update_time=ask.now,
        )
        changed = _changed(activity, changes, ask.now)
        _check(changed, ask.company)
        ask.company.activities[changed.id] = changed
        self._announcer.created(ask, changed)
        return Answer(shown_activity(changed, attendees=True))

    def update(self, ask: Ask) -> Answer:
        """Change the given fields."""
        before = self._found(ask, deleted=False)
        changes = ask.given(ActivityBody).changes()
        after = _changed(before, changes, ask.now)
        _check(after, ask.company)
        if after != before:
            after.update_time = _later(before.update_time, ask.now)
            ask.company.activities[after.id] = after
            self._announcer.changed(ask, before, after)
        return Answer(shown_activity(after, attendees=True))

    def delete(self, ask: Ask) -> Answer:
        """Mark as deleted; it is purged after 30 days."""
        before = self._found(ask, deleted=False)
        after = before.model_copy(
            update={"is_deleted": True, "update_time": _later(before.update_time, ask.now)}
        )
        ask.company.activities[after.id] = after
        self._announcer.deleted(ask, before)
        return Answer({"id": after.id})

    @staticmethod
    def _found(ask: Ask, *, deleted: bool) -> Activity:
        activity = ask.company.activities.get(int(ask.path["id"]))
        if activity is None or (activity.is_deleted and not deleted):
            raise not_found("Activity")
        return activity


def _candidates(company: Company, ids: str | None) -> Iterable[Activity]:
    if ids is None:
        return company.activities.values()
    wanted = ids.split(",")
    if len(wanted) > IDS_MAX or not all(one.strip().isdecimal() for one in wanted):
        raise invalid("ids", f"must be at most {IDS_MAX} ids, separated by commas")
    numbers = {int(one) for one in wanted}
    return [company.activities[one] for one in sorted(numbers) if one in company.activities]


def _sort_value(activity: Activity, field: str) -> str | int:
    value = getattr(activity, field)
    if isinstance(value, datetime):
        return moment(value)
    return value if value is not None else ""


def _changed(activity: Activity, changes: dict[str, Any], now: datetime) -> Activity:
    """The activity with changes, and with what follows from them."""
    after = activity.model_copy(update=changes)
    if changes.get("done") is True and not activity.done:
        after.marked_as_done_time = now
    elif changes.get("done") is False:
        after.marked_as_done_time = None
    if "participants" in changes:
        if after.participants and not any(one.primary for one in after.participants):
            first, *rest = after.participants
            after.participants = [first.model_copy(update={"primary": True}), *rest]
        after.person_id = next((one.person_id for one in after.participants if one.primary), None)
    if after.deal_id is not None:
        after.lead_id = after.project_id = None
    elif after.lead_id is not None:
        after.project_id = None
    after.attendees = [
        one.model_copy(update={"status": one.status or "noreply"}) for one in after.attendees
    ]
    return after


def _check(activity: Activity, company: Company) -> None:
    if activity.type not in company.type_keys():
        raise invalid("type", "there is no active activity type with this key")
    if activity.owner_id not in company.users:
        raise invalid("owner_id", "there is no such user")
    if activity.deal_id is not None and activity.deal_id not in company.deals:
        raise invalid("deal_id", "there is no such deal")
    if activity.org_id is not None and activity.org_id not in company.organizations:
        raise invalid("org_id", "there is no such organization")
    if any(one.person_id not in company.persons for one in activity.participants):
        raise invalid("participants", "there is no such person")


def _later(before: datetime, now: datetime) -> datetime:
    """Stamps never go back, even when the sandbox's clock does."""
    return max(now, before) if now >= before else before + timedelta(seconds=1)
