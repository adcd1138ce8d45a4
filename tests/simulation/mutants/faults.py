"""Faults as somebody might make them, each in one line of the core, a handler or a writer.

A simulator that does not find them is not worth its seeds.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Fault:
    """`original` stands once in the module, `planted` takes its place, `harm` comes of it."""

    name: str
    module: str
    original: str
    planted: str
    harm: str


_ALL: Final = (
    Fault(
        "occurrence-is-edited",
        "reconciler.core.both",
        "    alone = event.series is None\n",
        "    alone = True\n",
        "an edit in Pipedrive makes an exception of an occurrence",
    ),
    Fault(
        "lost-occurrences-stay",
        "calendar_ingest.series",
        "            if event_id not in observed and event_id not in gone:\n",
        "            if False:\n",
        "an activity stays after its occurrence was cancelled",
    ),
    Fault(
        "brake-is-off",
        "reconciler.brakes",
        "        if total <= self.limits.deletions:",
        "        if total >= 0:",
        "many deletions at once are followed without asking",
    ),
    Fault(
        "edit-before-answer-is-lost",
        "reconciler.settling",
        "activity_written(link, outcome.activity_id, shown, found=outcome.found)",
        "activity_written(link, outcome.activity_id, shown)",
        "what was edited before a create was known stays on one side",
    ),
    Fault(
        "failed-create-is-forgotten",
        "reconciler.core.transitions",
        "    if link.attempted is None or pending.verb is not",
        "    if True or pending.verb is not",
        "what was edited after a create that nobody heard of is overwritten by what it made",
    ),
    Fault(
        "only-exact-is-found",
        "crm_ingest.recognition",
        "ALIKE: Final = 2",
        "ALIKE: Final = 3",
        "a create in doubt whose activity was edited is done again",
    ),
    Fault(
        "deletion-beats-edit",
        "reconciler.core.gone",
        "    if may_edit and link.base and shown and activity_edits(",
        "    if False and activity_edits(",
        "an edit made while the other side was deleted is lost",
    ),
    Fault(
        "deleted-activity-keeps-event",
        "reconciler.core.gone",
        "if link.origin is Side.CRM or event.is_organizer:",
        "if link.origin is Side.CRM:",
        "an event stays after its activity was deleted",
    ),
    Fault(
        "deletion-not-followed",
        "reconciler.core.gone",
        "if not policy.two_way and link.origin is Side.CALENDAR:",
        "if True:",
        "an activity stays after its event was deleted",
    ),
    Fault(
        "merge-forgets-a-field",
        "reconciler.core.merge",
        "    for field in from_a | from_e:",
        "    for field in (from_a | from_e) - {MeetingField.LOCATION}:",
        "a new location is not carried",
    ),
    Fault(
        "one-side-only",
        "reconciler.core.both",
        "        _activity_step(pair, merged, policy),",
        "        None,",
        "edits of events do not reach activities",
    ),
    Fault(
        "new-generation-forgotten",
        "reconciler.core.create",
        "generation=link.generation + 1, base=None",
        "base=None",
        "a deleted event is not made again, since its id was used",
    ),
    Fault(
        "declined-is-new",
        "reconciler.core.policy",
        "    elif event.response is Response.DECLINED:",
        "    elif event.response is Response.TENTATIVE:",
        "a declined event becomes an activity",
    ),
    Fault(
        "other-owner-stays",
        "reconciler.core.policy",
        "    if activity.owner_id != policy.user_id:\n        return Reason.OWNER_CHANGED",
        "    if False:\n        return Reason.OWNER_CHANGED",
        "the event of an activity that was given away stays",
    ),
    Fault(
        "own-activity-is-new",
        "reconciler.known",
        "        return shown is not None and any(",
        "        return False and any(",
        "our own activity, seen before its outcome, gets a second event",
    ),
    Fault(
        "not-decided-again",
        "reconciler.outcomes",
        "        elif connection.decides:\n            desk.decide_link",
        "        elif False:\n            desk.decide_link",
        "an edit made during a write waits for ever",
    ),
    Fault(
        "deferred-forgotten",
        "reconciler.outcomes",
        "    woken = await wake(desk, freed, ended)",
        "    woken = await wake(desk, (), ended)",
        "an activity that waited for a create is never decided about",
    ),
    Fault(
        "resume-decides-nothing",
        "reconciler.rules",
        "    if not (present.started and changed.started and now.decides):",
        "    if True:",
        "what happened during a pause is forgotten",
    ),
    Fault(
        "create-twice",
        "crm_ingest.creates",
        "            found = await self._found(account, intent, doubt)",
        "            found = None",
        "a create whose answer was lost is done again",
    ),
    Fault(
        "cursor-before-publish",
        "calendar_ingest.reader",
        "        await self._publish(claim, changes, read_at)\n        progress.cursor",
        "        progress.cursor",
        "changes are read and never told",
    ),
    Fault(
        "absent-is-gone",
        "calendar_ingest.reader",
        "                event = await access.calendars.get(calendar, event_id)",
        "                event = None",
        "an event that a list did not show counts as deleted",
    ),
    Fault(
        "guests-are-mailed",
        "calendar_ingest.writes",
        "        notify = command.invite_guests and not command.backfill\n",
        "        notify = True\n",
        "guests are mailed whom nobody wanted to be",
    ),
    Fault(
        "one-way-takes-in",
        "reconciler.core.policy",
        "    elif not policy.two_way:\n",
        "    elif False:\n",
        "events become activities although the connection is one-way",
    ),
    Fault(
        "outcome-is-not-seen",
        "reconciler.outcomes",
        "            events.append(event)",
        "            del event",
        "what a write has made of an event is not remembered, and looks like an edit",
    ),
    Fault(
        "conditional-write-dropped",
        "reconciler.commands",
        '"version": event.version if event is not None else ""',
        '"version": ""',
        "an edit made between a decision and its write is overwritten",
    ),
    Fault(
        "older-report-counts",
        "settings_api.connection",
        "        if known is not None and known.at >= report.observed_at:",
        "        if False:",
        "a report of trouble that comes again takes the place of the word that it is over",
    ),
)
FAULTS: Final = {fault.name: fault for fault in _ALL}
