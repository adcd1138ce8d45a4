"""Says for one item whether it is synced and, if not, why: by the plan that would be made now."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reconciler import repository
from reconciler.connection import Connection
from reconciler.core.model import Gone, LinkState, Observed
from reconciler.core.plan import plan
from reconciler.core.reasons import EXPLANATIONS, Reason
from reconciler.desk import Desk
from tandem.runtime import postgres

_UNDER_WAY = frozenset({Reason.CREATED, Reason.UPDATED, Reason.DELETED})


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


async def explain(
    database: postgres.Connection,
    connection: Connection,
    *,
    now: datetime,
    activity_id: int | None = None,
    event_id: str | None = None,
) -> Explained | None:
    """The answer for an activity or an event of a connection; None where it was never seen."""
    desk = Desk(database, [connection], now=now, new_id=_no_id)
    activities = {(connection.user, activity_id)} if activity_id is not None else set()
    events = {(connection.connection_id, event_id)} if event_id is not None else set()
    await desk.load(activities, events)
    link = (
        desk.shelf.of_activity(connection.connection_id, activity_id)
        if activity_id is not None
        else desk.shelf.of_event(connection.connection_id, event_id or "")
    )
    activity = (await repository.activities_by_key(database, activities)).get(
        (connection.user, activity_id or 0)
    )
    event = (await repository.events_by_key(database, events)).get(
        (connection.connection_id, event_id or "")
    )
    if link is not None and link.state is not LinkState.DISSOLVED:
        observed = Observed(
            link=link, activity=desk.activity(connection, link), event=desk.event(connection, link)
        )
        return _of_pair(connection, observed, now)
    if activity is None and event is None:
        return None
    if isinstance(activity or event, Gone):
        return Explained(False, Reason.DELETED, activity_id, event_id)
    observed = Observed(link=link, activity=activity, event=event)
    reason = connection.resting or plan(observed, policy=connection.policy, now=now).reason
    reason = Reason.AWAITING if reason in _UNDER_WAY else reason
    return Explained(False, reason, activity_id, event_id)


def _of_pair(connection: Connection, observed: Observed, now: datetime) -> Explained:
    link = observed.link
    if link is None:
        raise RuntimeError("a pair has a link")
    decided = plan(observed, policy=connection.policy, now=now).reason
    reason = link.reason or (Reason.AWAITING if decided in _UNDER_WAY else decided)
    if reason is Reason.AWAITING and connection.resting:
        reason = connection.resting
    synced = link.state is LinkState.ACTIVE and reason is Reason.NO_CHANGE
    return Explained(synced, reason, link.activity_id, link.event_id)


def _no_id() -> UUID:
    raise RuntimeError("an explanation makes nothing new")
