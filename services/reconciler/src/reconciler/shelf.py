"""The links that one transaction knows, found by id or by either side; changes are noted."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from reconciler.core.model import Link, LinkState
from reconciler.core.unheard import side_in_doubt
from reconciler.repository.links import KeptLink


class Shelf:
    """Living links shadow dissolved ones; of several dissolved ones the newest is found."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, KeptLink] = {}
        self._by_activity: dict[tuple[UUID, int], UUID] = {}
        self._by_event: dict[tuple[UUID, str], UUID] = {}
        self._creating: dict[UUID, dict[UUID, KeptLink]] = {}
        self._in_doubt: dict[UUID, dict[UUID, KeptLink]] = {}
        self._changed: dict[UUID, None] = {}

    def take_changed(self) -> list[KeptLink]:
        """Links that have to be stored; whoever asks stores them."""
        changed = [self._by_id[link_id] for link_id in self._changed]
        self._changed = {}
        return changed

    def add(self, loaded: Iterable[KeptLink]) -> None:
        """Take in links as they are stored; known ones stay as they are."""
        for kept in loaded:
            link_id = kept.link.link_id
            if link_id is not None and link_id not in self._by_id:
                self._index(link_id, kept)

    def put(self, kept: KeptLink) -> None:
        """Change a link or add a new one."""
        link_id = kept.link.link_id
        if link_id is None:
            raise RuntimeError("a link is kept by its id")
        self._index(link_id, kept)
        self._changed[link_id] = None

    def get(self, link_id: UUID) -> KeptLink | None:
        """The link with an id."""
        return self._by_id.get(link_id)

    def of_link(self, link: Link) -> KeptLink | None:
        """A link as it is kept, with its commands; None for one that is yet to be."""
        return self._by_id.get(link.link_id) if link.link_id is not None else None

    def of_activity(self, connection_id: UUID, activity_id: int) -> Link | None:
        """The link of an activity, else the newest that was dissolved."""
        link_id = self._by_activity.get((connection_id, activity_id))
        return self._by_id[link_id].link if link_id else None

    def of_event(self, connection_id: UUID, event_id: str) -> Link | None:
        """The link of an event, else the newest that was dissolved."""
        link_id = self._by_event.get((connection_id, event_id))
        return self._by_id[link_id].link if link_id else None

    def creating_activities(self, connection_id: UUID) -> Collection[KeptLink]:
        """Links of a connection whose activity is being made."""
        return self._creating.get(connection_id, {}).values()

    def in_doubt(self, connection_id: UUID) -> Collection[KeptLink]:
        """Links of a connection of which a create may have made an item without word of it."""
        return self._in_doubt.get(connection_id, {}).values()

    def all(self) -> list[KeptLink]:
        """Every link that is known here."""
        return list(self._by_id.values())

    def _index(self, link_id: UUID, kept: KeptLink) -> None:
        self._by_id[link_id] = kept
        link = kept.link
        is_creating = link.activity_id is None and link.pending_activity is not None
        for there, index in (
            (is_creating, self._creating),
            (side_in_doubt(link) is not None, self._in_doubt),
        ):
            of_connection = index.setdefault(kept.connection_id, {})
            if there:
                of_connection[link_id] = kept
            else:
                of_connection.pop(link_id, None)
        if link.activity_id is not None:
            self._claim(self._by_activity, (kept.connection_id, link.activity_id), link_id)
        if link.event_id is not None:
            self._claim(self._by_event, (kept.connection_id, link.event_id), link_id)

    def _claim(self, index: dict[Any, UUID], key: Any, link_id: UUID) -> None:
        holder_id = index.get(key)
        holder = self._by_id[holder_id] if holder_id is not None else None
        if holder is None or _precedence(self._by_id[link_id]) >= _precedence(holder):
            index[key] = link_id


def _precedence(kept: KeptLink) -> tuple[bool, datetime]:
    """What makes one link be found before another: that it lives, then when it changed last."""
    living = kept.link.state is not LinkState.DISSOLVED
    return (living, kept.changed_at or datetime.max.replace(tzinfo=UTC))
