"""Makes the other side of an item: for a new link, or again for a link that lost that side."""

from dataclasses import replace
from typing import Final

from reconciler.core.model import ALL_FIELDS, Link, Pending, Plan, Policy, Verb, Write
from reconciler.core.normalize import as_activity_shows, meeting_of_activity, meeting_of_event
from reconciler.core.reasons import Reason
from reconciler.core.text import with_block
from reconciler.core.transitions import start_write, wanted_block
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side

EARLIER_MAX: Final = 4
"""Deleted activities that are remembered besides the last one."""


def create_event(link: Link, activity: ActivitySnapshot, policy: Policy) -> Plan:
    """Make the event of an activity that has a due date."""
    agreed = meeting_of_activity(activity, policy)
    if agreed is None:
        return Plan(Reason.NO_DUE_DATE)
    block = wanted_block(activity, link.block, policy)
    target = (
        agreed.model_copy(update={"description": with_block(agreed.description, block)})
        if block
        else agreed
    )
    pending = Pending(
        verb=Verb.CREATE,
        fields=ALL_FIELDS,
        reason=Reason.CREATED,
        revision=link.revision + 1,
        agreed=agreed,
        after=agreed,
        block=block,
    )
    return start_write(link, Write(Side.CALENDAR, Verb.CREATE, ALL_FIELDS, target), pending)


def create_activity(link: Link, event: EventSnapshot, policy: Policy) -> Plan:
    """Make the activity of an event."""
    agreed = meeting_of_event(event, policy)
    target = as_activity_shows(agreed)
    pending = Pending(
        verb=Verb.CREATE,
        fields=ALL_FIELDS,
        reason=Reason.CREATED,
        revision=link.revision + 1,
        agreed=agreed,
        after=target,
    )
    return start_write(link, Write(Side.CRM, Verb.CREATE, ALL_FIELDS, target), pending)


def create_event_again(link: Link, activity: ActivitySnapshot, policy: Policy) -> Plan:
    """Make a deleted event anew; the id of a deleted one can not be used again."""
    alone = replace(link, event_id=None, series_id=None)
    return create_event(anew(alone), activity, policy)


def create_activity_again(link: Link, event: EventSnapshot, policy: Policy) -> Plan:
    """Make a deleted activity anew.

    The base stays until it is made: another connection may be faster, and its activity is then
    compared with what this link has agreed on.
    """
    return create_activity(replace(anew(without_activity(link)), base=link.base), event, policy)


def without_activity(link: Link) -> Link:
    """The link of an activity that is to be made again, which will have another id."""
    if link.activity_id is None:
        return link
    return replace(
        link,
        activity_id=None,
        former_activity_id=link.activity_id,
        earlier_activity_ids=link.former_activity_ids[-EARLIER_MAX:],
    )


def anew(link: Link) -> Link:
    """The link with a new generation of its missing side; nothing of the last one counts."""
    return replace(link, generation=link.generation + 1, base=None, attempted=None)
