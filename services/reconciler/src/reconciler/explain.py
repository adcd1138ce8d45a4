"""Says for one item whether it is synced and, if not, why: by the plan that would be made now."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.model import Gone, Link, LinkState, Observed
from reconciler.core.plan import plan
from reconciler.core.reasons import EXPLANATIONS, Reason
from reconciler.known import Known
from reconciler.repository.connections import connection_by_id
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.runtime import postgres

_WRITES = frozenset({Reason.CREATED, Reason.MATCHED, Reason.UPDATED, Reason.DELETED})


@dataclass(frozen=True)
class Explained:
    """The answer about one item; the ids are None where that side has nothing."""

    synced: bool
    reason: Reason
    activity_id: int | None = None
    event_id: str | None = None

    @property
    def sentence(self) -> str:
        """What is the case, in one sentence."""
        return EXPLANATIONS[self.reason].sentence

    @property
    def remedy(self) -> str:
        """One thing to do about it; empty where nothing needs doing."""
        return EXPLANATIONS[self.reason].remedy


async def explain_activity(
    database: postgres.Connection, connection_id: UUID, activity_id: int, *, now: datetime
) -> Explained | None:
    """The answer for an activity; None where it or the connection is not known."""
    connection = await connection_by_id(database, connection_id)
    if connection is None:
        return None
    known = Known(database, [connection])
    await known.load([(*connection.user_key, activity_id)], [])
    link = known.shelf.of_activity(connection_id, activity_id)
    if link is not None and link.state is not LinkState.DISSOLVED:
        return _of_pair(known, connection, link, now)
    activity = known.activity(connection, activity_id)
    observed = known.with_left_alone(connection, Observed(link=link, activity=activity))
    return None if activity is None else _of_item(connection, observed, now)


async def explain_event(
    database: postgres.Connection, connection_id: UUID, event_id: str, *, now: datetime
) -> Explained | None:
    """The answer for an event; None where it or the connection is not known."""
    connection = await connection_by_id(database, connection_id)
    if connection is None:
        return None
    known = Known(database, [connection])
    await known.load([], [(connection_id, event_id)])
    event = known.event(connection, event_id)
    link = known.marked(connection, event) or known.shelf.of_event(connection_id, event_id)
    if link is not None and link.state is not LinkState.DISSOLVED:
        return _of_pair(known, connection, link, now)
    await known.load_series([(connection_id, event_id)], now)
    crowded = known.is_crowded(connection, event, now)
    observed = known.with_left_alone(connection, Observed(link=link, event=event, crowded=crowded))
    return None if event is None else _of_item(connection, observed, now)


def _of_item(connection: Connection, observed: Observed, now: datetime) -> Explained:
    """An item without a link; what would be written now is only waited for."""
    activity, event = observed.activity, observed.event
    if isinstance(activity or event, Gone):
        reason = Reason.DELETED
    elif resting := _resting(connection):
        reason = resting
    else:
        decided = plan(observed, policy=connection.policy, now=now).reason
        reason = Reason.AWAITING if decided in _WRITES else decided
    return Explained(
        synced=False,
        reason=reason,
        activity_id=activity.activity_id if isinstance(activity, ActivitySnapshot) else None,
        event_id=event.event_id if isinstance(event, EventSnapshot) else None,
    )


def _of_pair(known: Known, connection: Connection, link: Link, now: datetime) -> Explained:
    decided = plan(known.pair(connection, link), policy=connection.policy, now=now)
    reason = Reason.AWAITING if decided.writes else decided.reason
    if reason is Reason.AWAITING:
        reason = _resting(connection) or reason
    synced = link.state is LinkState.ACTIVE and reason is Reason.NO_CHANGE
    return Explained(synced, reason, link.activity_id, link.event_id)


def _resting(connection: Connection) -> Reason | None:
    """Why nothing is written for the connection as a whole."""
    return connection.resting or (None if connection.started else Reason.AWAITING)
