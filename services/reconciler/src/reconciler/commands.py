"""Makes commands of the writes that a plan asks for."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.draft import draft_of
from reconciler.core.model import Link, Verb, Write
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.commands import (
    EVENT_COMMANDS,
    ActivityDraft,
    CreateActivity,
    CreateEvent,
    DeleteActivity,
    DeleteEvent,
    LinkCommand,
    UpdateActivity,
    UpdateEvent,
)
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, Side
from tandem.contracts.topics import CALENDAR_COMMANDS, CRM_COMMANDS, Topic


def topic_of(command: LinkCommand) -> Topic:
    """Where a command is sent."""
    is_crm = isinstance(command, CreateActivity | UpdateActivity | DeleteActivity)
    return CRM_COMMANDS if is_crm else CALENDAR_COMMANDS


def calendar_of(commands: str) -> str:
    """The calendar to which a link's commands, as they are kept with it, write."""
    [command] = [
        EVENT_COMMANDS.validate_json(value)
        for topic, _, value, _ in json.loads(commands)
        if topic == CALENDAR_COMMANDS.name
    ]
    return command.calendar_id


def commands_of(
    writes: tuple[Write, ...],
    link: Link,
    connection: Connection,
    *,
    activity: ActivitySnapshot | None,
    event: EventSnapshot | None,
    new_id: Callable[[], UUID],
    now: datetime,
    invited_elsewhere: bool = False,
) -> list[LinkCommand]:
    """The commands for a link's writes; the snapshots are what the decision was based on.

    Those of a quiet link are a backfill's: they wait behind others and mail nobody. Nobody is
    mailed of a silent write, either, nor by this calendar who was `invited_elsewhere`.
    """
    common = {
        "occurred_at": now,
        "user": connection.user,
        "connection_id": connection.connection_id,
        "link_id": link.link_id,
        "revision": link.revision,
        "backfill": link.quiet,
    }
    mails = not link.quiet and not invited_elsewhere
    return [
        _crm_command(write, link, connection, activity, common | {"message_id": new_id()})
        if write.side is Side.CRM
        else _calendar_command(
            write, link, connection, event, common | {"message_id": new_id()}, mails=mails
        )
        for write in writes
    ]


def _crm_command(
    write: Write,
    link: Link,
    connection: Connection,
    activity: ActivitySnapshot | None,
    common: dict[str, Any],
) -> LinkCommand:
    if write.verb is Verb.CREATE:
        return CreateActivity(
            **common,
            generation=link.generation,
            type=(link.activity_type if link.generation else None)
            or connection.policy.settings.save_events_as,
            draft=_draft(write.meeting, None, connection),
        )
    common |= {
        "activity_id": link.activity_id,
        "seen_at": activity.updated_at if activity is not None else common["occurred_at"],
        "seen_fingerprint": activity.fingerprint if activity is not None else "",
    }
    if write.verb is Verb.DELETE:
        return DeleteActivity(**common)
    return UpdateActivity(
        **common, fields=write.fields, draft=_draft(write.meeting, activity, connection)
    )


def _calendar_command(
    write: Write,
    link: Link,
    connection: Connection,
    event: EventSnapshot | None,
    common: dict[str, Any],
    *,
    mails: bool,
) -> LinkCommand:
    settings = connection.policy.settings
    common |= {
        "calendar_id": settings.calendar_id,
        "invite_guests": settings.invite_guests and mails and not write.silent,
    }
    zone = connection.known.owner_time_zone
    if write.verb is Verb.CREATE:
        return CreateEvent(
            **common, generation=link.generation, meeting=_target(write.meeting), time_zone=zone
        )
    common |= {"event_id": link.event_id, "version": event.version if event is not None else ""}
    if write.verb is Verb.DELETE:
        return DeleteEvent(**common)
    return UpdateEvent(
        **common, fields=write.fields, meeting=_target(write.meeting), time_zone=zone
    )


def _draft(
    meeting: Meeting | None, activity: ActivitySnapshot | None, connection: Connection
) -> ActivityDraft:
    return draft_of(_target(meeting), activity, connection.policy)


def _target(meeting: Meeting | None) -> Meeting:
    if meeting is None:
        raise RuntimeError("a create or an update without a target")
    return meeting
