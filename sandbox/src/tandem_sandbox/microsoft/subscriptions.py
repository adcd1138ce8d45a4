"""Owns the subscriptions to changes; an expired one is as good as none."""

from datetime import datetime

from pydantic import BaseModel, Field


class Subscription(BaseModel):
    """Somebody wants to be told of the changes of a calendar's events."""

    id: str
    email: str
    calendar_key: str
    resource: str
    change_type: str
    notification_url: str
    lifecycle_url: str | None = None
    client_state: str | None = None
    expires_at: datetime
    immutable: bool = False

    @property
    def same_as(self) -> tuple[str, str, str, str]:
        """What no two subscriptions of an app may have in common."""
        return (self.email, self.resource.lower(), self.change_type, self.notification_url)


class Subscriptions(BaseModel):
    """Subscriptions by their id."""

    by_id: dict[str, Subscription] = Field(default_factory=dict)

    def live(self, subscription_id: str, now: datetime) -> Subscription | None:
        """The subscription with this id, unless it has ended."""
        found = self.by_id.get(subscription_id)
        if found is not None and found.expires_at <= now:
            del self.by_id[subscription_id]
            return None
        return found

    def all(self, now: datetime) -> list[Subscription]:
        """The live ones, oldest first."""
        return [one for key in list(self.by_id) if (one := self.live(key, now)) is not None]

    def watching(self, calendar_key: str, kind: str, now: datetime) -> list[Subscription]:
        """The live ones that want to hear of a `kind` of change on a calendar."""
        return [
            one
            for one in self.all(now)
            if one.calendar_key == calendar_key and kind in one.change_type.split(",")
        ]
