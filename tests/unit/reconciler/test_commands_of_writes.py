"""What the commands of a plan's writes say."""

from dataclasses import replace
from uuid import UUID

import pytest
from tests.unit.reconciler.samples import ACTIVITY, EVENT, MEETING, NOW, connection, link, told

from reconciler.commands import commands_of, topic_of
from reconciler.core.model import Verb, Write
from tandem.contracts.meetings import MeetingField, Side
from tandem.contracts.topics import CALENDAR_COMMANDS, CRM_COMMANDS

TITLE = frozenset({MeetingField.TITLE})


def command(side, verb, *, backfill=False, invite_guests=True, silent=False, **known):
    write = Write(side, verb, TITLE, None if verb is Verb.DELETE else MEETING, silent=silent)
    state = told(settings={"invite_guests": invite_guests, "save_events_as": "lunch"})
    (made,) = commands_of(
        (write,),
        replace(link(), quiet=backfill),
        connection(told=state),
        activity=known.get("activity", ACTIVITY),
        event=known.get("event", EVENT),
        new_id=lambda: UUID(int=77),
        now=NOW,
    )
    return made


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("verb", list(Verb))
def test_every_command_names_its_link_and_revision_and_goes_to_its_side(side, verb):
    made = command(side, verb)
    assert made.kind == f"{verb}_{'activity' if side is Side.CRM else 'event'}"
    assert (made.link_id, made.revision, made.message_id) == (link().link_id, 4, UUID(int=77))
    assert topic_of(made) == (CRM_COMMANDS if side is Side.CRM else CALENDAR_COMMANDS)


def test_writes_to_pipedrive_hold_only_for_the_state_that_was_seen():
    for made in (command(Side.CRM, Verb.UPDATE), command(Side.CRM, Verb.DELETE)):
        assert made.seen_at == ACTIVITY.updated_at
        assert made.seen_fingerprint == ACTIVITY.fingerprint
    assert command(Side.CRM, Verb.CREATE).type == "lunch"


def test_writes_to_the_calendar_hold_only_for_the_version_that_was_seen():
    assert command(Side.CALENDAR, Verb.UPDATE).version == "etag"
    assert command(Side.CALENDAR, Verb.DELETE).version == "etag"
    assert command(Side.CALENDAR, Verb.DELETE, event=None).version == ""


@pytest.mark.parametrize("verb", list(Verb))
def test_guests_are_mailed_only_where_the_user_wants_it_and_never_by_a_backfill(verb):
    assert command(Side.CALENDAR, verb).invite_guests
    assert not command(Side.CALENDAR, verb, invite_guests=False).invite_guests
    quiet = command(Side.CALENDAR, verb, backfill=True)
    assert quiet.backfill
    assert not command(Side.CALENDAR, verb, silent=True).invite_guests
    assert not quiet.invite_guests


def test_events_are_written_in_the_owners_zone_and_calendar():
    made = command(Side.CALENDAR, Verb.CREATE)
    assert (made.time_zone, made.calendar_id) == ("Europe/Berlin", "main")
