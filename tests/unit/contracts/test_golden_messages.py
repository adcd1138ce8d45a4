"""Messages on the wire: files that an older or a newer release must still understand."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.unit.contracts.examples import (
    ACTIVITY,
    CALENDAR_COMMAND,
    CONNECTION_ID,
    EVENT,
    EXAMPLES,
    MEETING,
    OBSERVED,
    OUTCOME,
)

import tandem.contracts
from tandem.contracts import topics
from tandem.contracts.activities import (
    ACTIVITY_MESSAGES,
    ActivityHinted,
    ActivityMessage,
    ActivityObserved,
    Guest,
)
from tandem.contracts.commands import (
    ACTIVITY_COMMANDS,
    EVENT_COMMANDS,
    ActivityCommand,
    CreateEvent,
    EventCommand,
)
from tandem.contracts.connections import (
    CONNECTION_MESSAGES,
    ConnectionHealthReported,
    ConnectionMessage,
)
from tandem.contracts.events import (
    EVENT_MESSAGES,
    Attendee,
    CalendarHinted,
    EventMessage,
    EventObserved,
)
from tandem.contracts.meetings import Side
from tandem.contracts.message import Message
from tandem.contracts.outcomes import OUTCOME_MESSAGES, OutcomeMessage, WriteRejected
from tandem.contracts.requests import REQUEST_MESSAGES, RequestMessage
from tandem.runtime.publisher import MESSAGE_BYTES_MAX, outgoing

GOLDEN = Path(__file__).parent / "golden"
SETS = {"guests", "fields", "synced_types"}
UNIONS: tuple[tuple[Any, TypeAdapter[Any]], ...] = (
    (ActivityMessage, ACTIVITY_MESSAGES),
    (ActivityCommand, ACTIVITY_COMMANDS),
    (EventCommand, EVENT_COMMANDS),
    (EventMessage, EVENT_MESSAGES),
    (ConnectionMessage, CONNECTION_MESSAGES),
    (OutcomeMessage, OUTCOME_MESSAGES),
    (RequestMessage, REQUEST_MESSAGES),
)
ALONE = (ActivityHinted, CalendarHinted, ConnectionHealthReported)


def _adapters() -> dict[str, TypeAdapter[Any]]:
    found = {_kind(model): TypeAdapter(model) for model in ALONE}
    for union, adapter in UNIONS:
        for model in get_args(get_args(union)[0]):
            found[_kind(model)] = adapter
    return found


def _kind(model: Any) -> str:
    return str(model.model_fields["kind"].default)


ADAPTERS = _adapters()
KINDS = sorted(ADAPTERS)
every_kind = pytest.mark.parametrize("kind", KINDS)


def _file(kind: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDEN / f"{kind}.json").read_text("utf-8"))
    return content


def _ordered(value: Any, name: str = "") -> Any:
    """Sets have no order on the wire."""
    if isinstance(value, dict):
        return {key: _ordered(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        inner = [_ordered(one) for one in value]
        return sorted(inner) if name in SETS and all(isinstance(x, str) for x in inner) else inner
    return value


def test_every_kind_of_message_has_its_file():
    assert set(KINDS) == set(EXAMPLES) == {path.stem for path in GOLDEN.glob("*.json")}


@every_kind
def test_a_file_is_read_as_the_message(kind):
    assert ADAPTERS[kind].validate_json((GOLDEN / f"{kind}.json").read_bytes()) == EXAMPLES[kind]


@every_kind
def test_the_message_is_written_as_the_file(kind):
    assert _ordered(json.loads(EXAMPLES[kind].model_dump_json())) == _file(kind)


@every_kind
def test_unknown_fields_of_a_newer_release_are_ignored(kind):
    newer = _with_unknown(_file(kind))
    assert ADAPTERS[kind].validate_python(newer) == EXAMPLES[kind]


def _with_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {"added_later": 1} | {key: _with_unknown(inner) for key, inner in value.items()}
    return [_with_unknown(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", ["activity_written", "event_written"])
def test_an_outcome_of_an_older_release_tells_of_nothing_found(kind):
    body = {key: value for key, value in _file(kind).items() if key != "found"}
    assert ADAPTERS[kind].validate_python(body).found is False


@every_kind
def test_a_missing_required_field_is_refused_by_its_name(kind):
    model = type(EXAMPLES[kind])
    required = [name for name, one in model.model_fields.items() if one.is_required()]
    assert {"message_id", "occurred_at"} <= set(required)
    for name in required:
        body = {key: value for key, value in _file(kind).items() if key != name}
        with pytest.raises(ValidationError) as refusal:
            ADAPTERS[kind].validate_python(body)
        assert name in {problem["loc"][-1] for problem in refusal.value.errors()}


@every_kind
def test_a_message_is_frozen(kind):
    with pytest.raises(ValidationError):
        setattr(EXAMPLES[kind], "occurred_at", None)  # noqa: B010 - a plain one is a type error


@every_kind
def test_a_moment_without_a_zone_is_refused(kind):
    body = _file(kind) | {"occurred_at": "2026-03-02T08:00:00"}
    with pytest.raises(ValidationError, match="occurred_at"):
        ADAPTERS[kind].validate_python(body)


@every_kind
def test_keys_hold_ids_only(kind):
    key = EXAMPLES[kind].key
    assert set(key) <= set("0123456789abcdef-:")
    body = _file(kind)
    parts = {str(body.get("connection_id")), str(body.get("company_id"))}
    parts |= {str(body.get("activity_id")), *map(str, body.get("user", {}).values())}
    assert set(key.split(":")) <= parts


def test_an_unknown_kind_is_refused():
    body = _file("activity_gone") | {"kind": "activity_eaten"}
    with pytest.raises(ValidationError):
        ACTIVITY_MESSAGES.validate_python(body)


# Topics


def test_every_topic_is_declared_once():
    names = [topic.name for topic in topics.TOPICS]
    assert len(names) == len(set(names))
    constants = {one.name for one in vars(topics).values() if isinstance(one, topics.Topic)}
    dead_letters = {topics.dead_letters_of(service) for service in topics.SERVICES}
    assert set(names) == constants | dead_letters
    assert all(name.rsplit(".v", 1)[1].isdigit() for name in names)


def test_every_topic_is_used_by_some_service():
    root = Path(tandem.contracts.__file__).parents[5]
    sources = "\n".join(path.read_text("utf-8") for path in root.glob("services/*/src/**/*.py"))
    constants = [name for name, one in vars(topics).items() if isinstance(one, topics.Topic)]
    assert constants
    assert [name for name in constants if name not in sources] == []


# Size

LONGEST = "🎉" * 70_000
LONG_NAME = "🎉" * 200
CROWD = [f"{'x' * 100}{number}@elsewhere.example" for number in range(500)]


def _largest() -> list[Message]:
    guests = [Guest(email=email, name=LONG_NAME) for email in CROWD]
    attendees = [Attendee(email=email, name=LONG_NAME) for email in CROWD]
    big_activity = type(ACTIVITY).model_validate(
        ACTIVITY.model_dump()
        | {"public_description": LONGEST, "subject": LONGEST, "location": LONGEST}
        | {"guests": guests}
    )
    big_event = type(EVENT).model_validate(
        EVENT.model_dump()
        | {"description": LONGEST, "title": LONGEST, "location": LONGEST}
        | {"attendees": attendees}
    )
    meeting = MEETING.model_copy(
        update={
            "title": big_event.title,
            "description": big_event.description + "\n\n" + "x" * 4_000,
            "guests": frozenset(CROWD),
        }
    )
    return [
        ActivityObserved(**OBSERVED, activity=big_activity),
        EventObserved(
            **OBSERVED,
            connection_id=CONNECTION_ID,
            calendar_id="c" * 200,
            event=big_event,
        ),
        CreateEvent(**CALENDAR_COMMAND, generation=0, meeting=meeting, time_zone="Europe/Berlin"),
        WriteRejected(**OUTCOME, side=Side.CALENDAR, rejection="stale", event=big_event),
    ]


@pytest.mark.parametrize("message", _largest(), ids=lambda one: one.kind)
def test_the_largest_message_fits_into_kafka(message):
    assert len(outgoing(topics.CRM_ACTIVITIES, message).value) < MESSAGE_BYTES_MAX


@pytest.mark.parametrize(
    ("given", "kept"), [("a\0b", "ab"), ("a\ud83db", "a?b"), ("x" * 2_000, "x" * 1_024)]
)
def test_text_is_kept_as_far_as_it_can_be_stored(given, kept):
    assert type(EVENT).model_validate(EVENT.model_dump() | {"title": given}).title == kept
    assert Guest(email="a@x.example", name=given).name == kept[:100]
