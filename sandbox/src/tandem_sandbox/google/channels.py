"""Owns the subscriptions to changes; an expired one is as good as none.

No two channels that live have the same id.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel


class Channel(BaseModel):
    """A subscription to the changes of one resource."""

    id: str
    topic: str
    """What is watched; see ``events_topic`` and ``list_topic``."""
    resource_id: str
    resource_uri: str
    email: str
    address: str
    token: str | None = None
    expires_at: datetime
    messages: int = 0

    def next_message(self) -> int:
        """The number of the next message; the first one has number 1."""
        self.messages += 1
        return self.messages


class Channels:
    """Channels by their id and by what they watch."""

    def __init__(self) -> None:
        self._by_id: dict[str, Channel] = {}
        self._by_topic: dict[str, dict[str, Channel]] = {}

    def add(self, channel: Channel) -> None:
        """Keep a new channel."""
        self._by_id[channel.id] = channel
        self._by_topic.setdefault(channel.topic, {})[channel.id] = channel

    def live(self, channel_id: str, now: datetime) -> Channel | None:
        """The channel with this id, unless it is stopped or expired."""
        channel = self._by_id.get(channel_id)
        if channel is not None and channel.expires_at <= now:
            self.drop(channel_id)
            return None
        return channel

    def watching(self, topic: str, now: datetime) -> list[Channel]:
        """The live channels of a topic, oldest first."""
        ids = list(self._by_topic.get(topic, ()))
        return [channel for one in ids if (channel := self.live(one, now)) is not None]

    def drop(self, channel_id: str) -> None:
        """Forget a channel."""
        channel = self._by_id.pop(channel_id)
        watching = self._by_topic[channel.topic]
        del watching[channel_id]
        if not watching:
            del self._by_topic[channel.topic]

    def clear(self) -> None:
        """Forget all channels."""
        self._by_id.clear()
        self._by_topic.clear()

    def dump(self) -> list[dict[str, Any]]:
        """All channels as JSON."""
        return [one.model_dump(mode="json") for one in self._by_id.values()]

    def load(self, kept: Iterable[dict[str, Any]]) -> None:
        """Take over what ``dump`` gave."""
        for one in kept:
            self.add(Channel.model_validate(one))


def events_topic(calendar_id: str) -> str:
    """The events of a calendar."""
    return f"events:{calendar_id}"


def list_topic(email: str) -> str:
    """The list of calendars of a mailbox."""
    return f"calendarList:{email}"
