"""A preview tells what would be written, by the decisions themselves, and writes nothing."""

from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reconciler.preview import COUNTED
from tandem.contracts.connections import ConnectionStatus, Direction
from tandem.runtime import telemetry
from tandem.runtime.metrics import DECISIONS


@pytest.fixture
def spans(monkeypatch):
    """What is noted of traces."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_TRACER", provider.get_tracer("tests"))
    yield exporter
    provider.shutdown()


async def _tables(hands) -> dict[str, list[str]]:
    tables = ("links", "history", "verdicts", "outbox", "connections", "activities", "events")
    return {
        name: [str(row) for row in await hands.pool.fetch(f"SELECT * FROM sync.{name} ORDER BY 1")]  # noqa: S608
        for name in tables
    }


async def test_nothing_would_be_written_where_all_is_in_sync(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    await hands.carry_out()
    preview = await hands.executor.preview(connection_id, None)
    assert preview.counts == dict.fromkeys(COUNTED, 0)
    assert (preview.items, preview.truncated) == ([], False)


@pytest.mark.rule("8.3")
async def test_a_change_of_settings_is_foreseen_and_nothing_is_kept(hands):
    connection_id = await hands.connect(direction="one_way", synced_types=frozenset({"meeting"}))
    await hands.tell_activity(1, subject="Lunch with them", type="lunch")
    await hands.tell_event(connection_id, title="Only here")
    before = await _tables(hands)
    settings = hands.connections[connection_id].settings.model_copy(
        update={"direction": Direction.TWO_WAY, "synced_types": None}
    )
    preview = await hands.executor.preview(connection_id, settings)
    assert {name: count for name, count in preview.counts.items() if count} == {
        "create_event": 1,
        "create_activity": 1,
    }
    assert {(one.side, one.verb, one.title, one.reason) for one in preview.items} == {
        ("calendar", "create", "Lunch with them", "created"),
        ("crm", "create", "Only here", "created"),
    }
    assert await _tables(hands) == before


@pytest.mark.rule("8.3")
async def test_what_is_foreseen_is_what_is_written(hands):
    connection_id = await hands.connect(direction="one_way")
    for event_id in ("e1", "e2", "e3"):
        await hands.tell_event(connection_id, event_id)
    settings = hands.connections[connection_id].settings.model_copy(
        update={"direction": Direction.TWO_WAY}
    )
    preview = await hands.executor.preview(connection_id, settings)
    await hands.change(connection_id, direction="two_way")
    written = await hands.carry_out()
    assert [one.kind for one in written] == ["create_activity"] * preview.counts["create_activity"]
    assert preview.counts["create_activity"] == 3


async def test_a_paused_connection_foresees_what_its_resumption_writes(hands):
    connection_id = await hands.connect()
    await hands.change(connection_id, status=ConnectionStatus.PAUSED, paused=True)
    await hands.tell_activity(1, subject="Made meanwhile")
    preview = await hands.executor.preview(connection_id, None)
    assert [one.title for one in preview.items] == ["Made meanwhile"]


async def test_a_connection_that_was_not_read_yet_has_no_preview(hands):
    connection_id = await hands.connect()
    await hands.change(connection_id, calendar_id="another")
    assert await hands.executor.preview(connection_id, None) is None


async def test_before_the_start_all_is_foreseen_nothing_decided_and_then_that_is_written(hands):
    connection_id = uuid4()
    await hands.change(connection_id, status=ConnectionStatus.SETTING_UP)
    await hands.tell_activity(1, subject="Only in Pipedrive")
    await hands.tell_event(connection_id, title="Only in the calendar")
    assert await hands.executor.preview(connection_id, None) is None
    await hands.resynced(connection_id)
    await hands.tell_activity(2, subject="Meanwhile")
    foreseen = await hands.executor.preview(connection_id, None)
    kept = await _tables(hands)
    assert [kept[name] for name in ("links", "history", "outbox")] == [[], [], []]
    await hands.change(connection_id, status=ConnectionStatus.ACTIVE)
    written = await hands.carry_out()
    assert sorted(one.title for one in foreseen.items) == sorted(map(_title, written))
    assert len(written) == 3


async def test_another_calendar_is_read_before_it_is_foreseen(hands):
    connection_id = uuid4()
    await hands.change(connection_id, status=ConnectionStatus.SETTING_UP)
    await hands.tell_event(connection_id, title="In the first calendar")
    await hands.resynced(connection_id)
    await hands.change(connection_id, status=ConnectionStatus.SETTING_UP, calendar_id="another")
    assert await hands.executor.preview(connection_id, None) is None
    await hands.resynced(connection_id)
    assert (await hands.executor.preview(connection_id, None)).items == []


def _title(command) -> str:
    made = command.draft.subject if command.kind == "create_activity" else command.meeting.title
    return str(made)


async def test_a_preview_counts_as_no_decision_and_leaves_no_span(hands, spans):
    connection_id = await hands.connect(direction="one_way")
    await hands.tell_event(connection_id)
    spans.clear()
    counted = _decisions()
    settings = hands.connections[connection_id].settings.model_copy(
        update={"direction": Direction.TWO_WAY}
    )
    preview = await hands.executor.preview(connection_id, settings)
    assert preview.counts["create_activity"] == 1
    assert _decisions() == counted
    assert spans.get_finished_spans() == ()
    await hands.change(connection_id, direction="two_way")
    assert _decisions() > counted


def _decisions() -> float:
    samples = [one for metric in DECISIONS.collect() for one in metric.samples]
    return sum(one.value for one in samples if one.name.endswith("_total"))
