"""A pair of which one item was deleted, and the other one left alone, once both are there again.

Who takes an item out of the trash, or accepts what he had declined, means the meeting that it was
of. Taken as new it would get another item beside the one that was left.
"""

from dataclasses import replace

from reconciler.core.model import Entry, Link, LinkState, Plan, Policy
from reconciler.core.policy import is_declined, no_longer_eligible
from reconciler.core.reasons import Reason
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side


def is_whole_again(
    link: Link, activity: ActivitySnapshot, event: EventSnapshot, policy: Policy
) -> bool:
    """Whether an ended link goes on, whose items are both there.

    Where nothing was left alone, both were to be deleted, and what comes back is new. An event of
    ours whose activity is not to be synced any more would be deleted once more. What an undo has
    deleted may still be told of for a while: to a pair that were a deletion to be followed.
    """
    ended = link.state is LinkState.DISSOLVED and link.reason is not Reason.UNDONE
    if not ended or not link.suppress or is_declined(link, event):
        return False
    return link.origin is Side.CALENDAR or no_longer_eligible(link, activity, policy) is None


def reunite(link: Link) -> Plan:
    """The ended link goes on, with what was agreed on when it ended."""
    awake = replace(link, state=LinkState.ACTIVE, reason=None, suppress=frozenset())
    after = link.base.activity if link.base else None
    return Plan(
        Reason.MATCHED,
        link=awake,
        entries=(Entry(link.origin, "matched", Reason.MATCHED, after=after),),
    )
