"""Strategies: meetings to begin with, and edits of either side in the vendors' own shapes."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from tests.property.world import World, as_html
from tests.unit.core.scenes import MY_EMAIL, NOW, OTHER, activity, event, policy, with_settings

from reconciler.core.model import Gone, Policy
from tandem.contracts.activities import Guest
from tandem.contracts.connections import Direction
from tandem.contracts.events import Attendee, Response
from tandem.contracts.meetings import AllDay, Side, Timed

words = st.text(alphabet="ab <>&;/\t\u00a0🎉é-", max_size=12)
texts = st.one_of(
    st.text(alphabet="ab <>&;/\n\r\t\u00a0🎉-", max_size=20),
    st.sampled_from(["<b>x</b>", "&amp;", "a\n\n\n\nb", "a <br> b", "--- Pipedrive ---\nx", "<p"]),
)
emails = st.sampled_from(["a@x.example", "B@x.example", "c@x.example", MY_EMAIL])
guest_lists = st.lists(emails, max_size=3, unique=True)
days_from_now = st.sampled_from([-30, -2, 1, 2, 5, 40])
starts = st.builds(
    lambda days, minutes: NOW + timedelta(days=days, minutes=minutes),
    days_from_now,
    st.integers(0, 600),
)
days = starts.map(lambda moment: moment.date())
lengths = st.sampled_from(
    [
        timedelta(minutes=15),
        timedelta(minutes=30),
        timedelta(minutes=30, seconds=20),
        timedelta(hours=1),
        timedelta(hours=23, minutes=59),
        timedelta(days=2, hours=3),
    ]
)
timed = st.builds(lambda start, length: Timed(start=start, end=start + length), starts, lengths)
all_day = st.builds(AllDay, first=days, days=st.integers(1, 4))
schedules = st.one_of(timed, all_day)
rules = st.builds(
    policy,
    direction=st.sampled_from(["two_way", "one_way"]),
    conflict_winner=st.sampled_from(["latest", "crm", "calendar"]),
    private_events=st.sampled_from(["redact", "skip", "full"]),
    default_duration_minutes=st.sampled_from([15, 30]),
    synced_types=st.sampled_from([None, frozenset({"meeting"})]),
)


def _timing(start: Any, length: int | None, *, whole_day: bool) -> dict[str, Any]:
    when = start.replace(second=0, microsecond=0)
    return {
        "due_date": when.date(),
        "due_time": None if whole_day else when.time(),
        "duration_minutes": None if whole_day else length,
    }


activity_field_edits = st.one_of(
    words.map(lambda value: {"subject": value}),
    st.builds(
        _timing,
        starts,
        st.sampled_from([None, 0, 15, 30, 60, 1439]),
        whole_day=st.booleans(),
    ),
    texts.map(lambda value: {"public_description": value}),
    words.map(lambda value: {"location": value}),
    st.sampled_from([True, False, None]).map(lambda value: {"busy": value}),
    guest_lists.map(lambda all_: {"guests": tuple(Guest(email=one) for one in all_)}),
)
activity_state_edits = st.sampled_from(
    [
        {"done": True},
        {"owner_id": OTHER},
        {"type": "lunch"},
        {"due_date": None, "due_time": None},
    ]
)
event_field_edits = st.one_of(
    words.map(lambda value: {"title": value}),
    schedules.map(lambda value: {"schedule": value}),
    texts.map(lambda value: {"description": value}),
    texts.map(as_html),
    words.map(lambda value: {"location": value}),
    st.booleans().map(lambda value: {"busy": value}),
    guest_lists.map(lambda all_: {"attendees": tuple(Attendee(email=one) for one in all_)}),
)
event_state_edits = st.sampled_from(
    [
        {"response": Response.DECLINED},
        {"response": Response.ACCEPTED},
        {"is_organizer": False},
        {"private": True},
        {"conference_url": "https://meet.example/x"},
    ]
)


def merged(edits: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Several edits at once."""

    def merge(all_: list[dict[str, Any]]) -> dict[str, Any]:
        return {name: value for one in all_ for name, value in one.items()}

    return st.lists(edits, max_size=3).map(merge)


field_edits_a, field_edits_e = merged(activity_field_edits), merged(event_field_edits)
any_edits_a = merged(st.one_of(activity_field_edits, activity_state_edits))
any_edits_e = merged(st.one_of(event_field_edits, event_state_edits))


@st.composite
def linked_worlds(draw: st.DrawFn, with_rules: st.SearchStrategy[Policy] = rules) -> World:
    """A world whose link was made by the providers, from either side, and has settled."""
    chosen = draw(with_rules)
    origin = draw(st.sampled_from(list(Side)))
    world = World(
        rules=chosen, first=draw(st.sampled_from(list(Side))), rewrites=draw(st.booleans())
    )
    if origin is Side.CRM:
        world.activity = activity(
            busy=draw(st.sampled_from([None, True])),
        ).model_copy(
            update=draw(field_edits_a.filter(lambda edit: edit.get("due_date", _AHEAD) >= _AHEAD))
        )
    else:
        world.rules = with_settings(chosen, direction=Direction.TWO_WAY)
        world.event = event(**draw(field_edits_e.filter(_lies_ahead)))
    world.settle()
    world.rules = chosen
    world.writes.clear()
    return world


_AHEAD: date = NOW.date() + timedelta(days=1)


def _lies_ahead(edit: dict[str, Any]) -> bool:
    schedule = edit.get("schedule")
    if isinstance(schedule, Timed):
        return schedule.start > NOW
    return schedule is None or schedule.first >= _AHEAD


def edit_activity(world: World, edit: dict[str, Any]) -> None:
    """Somebody edits the activity, if it is there."""
    if world.activity is not None and not isinstance(world.activity, Gone) and edit:
        world.activity = world.activity.model_copy(update={**edit, "updated_at": world.tick()})


def edit_event(world: World, edit: dict[str, Any]) -> None:
    """Somebody edits the event, if it is there."""
    if world.event is not None and not isinstance(world.event, Gone) and edit:
        world.event = world.event.model_copy(update={**edit, "updated_at": world.tick()})
