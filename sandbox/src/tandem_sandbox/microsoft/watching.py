"""The operations on subscriptions."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tandem_sandbox.microsoft import errors, ids, times
from tandem_sandbox.microsoft.ask import Answer, Ask
from tandem_sandbox.microsoft.gate import Operation
from tandem_sandbox.microsoft.notify import Notifier
from tandem_sandbox.microsoft.representation import show_subscription
from tandem_sandbox.microsoft.subscriptions import Subscription
from tandem_sandbox.world import World

LIFE_MAX = timedelta(minutes=10_080)
LIFE_MIN = timedelta(minutes=45)
STATE_MAX = 128
KINDS = {"created", "updated", "deleted"}


class Watching:
    """Opens, prolongs and ends subscriptions."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self._world = world
        self._state = world.microsoft
        self._notifier = notifier

    def operations(self) -> Iterable[Operation]:
        """Everything that the API can do with subscriptions; paths are absolute."""
        one = "/subscriptions/{subscription_id}"
        return (
            Operation("subscriptions.list", "GET", "/subscriptions", self._list),
            Operation("subscriptions.create", "POST", "/subscriptions", self._create),
            Operation("subscriptions.get", "GET", one, self._get),
            Operation("subscriptions.update", "PATCH", one, self._renew),
            Operation("subscriptions.reauthorize", "POST", f"{one}/reauthorize", self._reauthorize),
            Operation("subscriptions.delete", "DELETE", one, self._delete),
        )

    async def _create(self, ask: Ask) -> Answer:
        raw = ask.body()
        subscription = Subscription(
            id=str(uuid4()),
            email=ask.mailbox.email,
            calendar_key=self._watched(ask, str(raw.get("resource") or "")),
            resource=str(raw["resource"]),
            change_type=_kinds(raw),
            notification_url=_address(raw, "notificationUrl"),
            lifecycle_url=_address(raw, "lifecycleNotificationUrl")
            if raw.get("lifecycleNotificationUrl")
            else None,
            client_state=raw.get("clientState"),
            expires_at=self._expiry(raw),
            immutable=ask.immutable,
        )
        if len(subscription.client_state or "") > STATE_MAX:
            raise errors.invalid("clientState is too long.", "ValidationError")
        for known in self._state.subscriptions.all(self._world.clock.now()):
            if known.same_as == subscription.same_as:
                raise errors.GraphError(
                    409, "ExtensionError", "A subscription for this resource exists already."
                )
        await self._notifier.shake_hands(subscription.notification_url)
        if subscription.lifecycle_url:
            await self._notifier.shake_hands(subscription.lifecycle_url)
        self._state.subscriptions.by_id[subscription.id] = subscription
        body = {**show_subscription(subscription), "clientState": subscription.client_state}
        return Answer(body, 201)

    def _list(self, ask: Ask) -> Answer:
        mine = [
            show_subscription(one)
            for one in self._state.subscriptions.all(self._world.clock.now())
            if one.email == ask.mailbox.email
        ]
        return Answer({"@odata.context": "$metadata#subscriptions", "value": mine})

    def _get(self, ask: Ask) -> Answer:
        return Answer(show_subscription(self._mine(ask)))

    def _renew(self, ask: Ask) -> Answer:
        subscription = self._mine(ask)
        raw = ask.body()
        if raw.keys() & {"lifecycleNotificationUrl", "resource", "changeType", "clientState"}:
            raise errors.invalid(
                "Only the expiry and the address can be changed.", "ValidationError"
            )
        subscription.expires_at = self._expiry(raw)
        return Answer(show_subscription(subscription))

    def _reauthorize(self, ask: Ask) -> Answer:
        self._mine(ask)
        return Answer(status=204)

    def _delete(self, ask: Ask) -> Answer:
        del self._state.subscriptions.by_id[self._mine(ask).id]
        return Answer(status=204)

    def _mine(self, ask: Ask) -> Subscription:
        found = self._state.subscriptions.live(ask.path["subscription_id"], self._world.clock.now())
        if found is None or found.email != ask.mailbox.email:
            raise errors.not_found("ResourceNotFound")
        return found

    def _watched(self, ask: Ask, resource: str) -> str:
        """The key of the calendar whose events a resource names."""
        parts = resource.strip("/").split("/")
        rest = parts[2:] if parts[0].lower() == "users" else parts[1:]
        match rest:
            case ["events"] | ["calendar", "events"]:
                return self._state.default_calendar(ask.mailbox).key
            case ["calendars", calendar_id, "events"]:
                key = ids.calendar_key(calendar_id) or ""
                calendar = self._state.calendars.get(key)
                if key in ask.mailbox.calendars and calendar and not calendar.deleted:
                    return key
                raise errors.not_found()
            case _:
                raise errors.invalid("The resource cannot be watched.", "ExtensionError")

    def _expiry(self, raw: dict[str, Any]) -> datetime:
        now = self._world.clock.now()
        text = str(raw.get("expirationDateTime") or "")
        if not text:
            raise errors.invalid("expirationDateTime is needed.", "ValidationError")
        moment = times.parsed(text, "expirationDateTime")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if moment <= now:
            raise errors.invalid(
                "Subscription expiration must be in the future.", "ValidationError"
            )
        return max(min(moment, now + LIFE_MAX), now + LIFE_MIN)


def _kinds(raw: dict[str, Any]) -> str:
    kinds = [one.strip() for one in str(raw.get("changeType") or "").split(",")]
    if not set(kinds) <= KINDS:
        raise errors.invalid("changeType is not valid.", "ValidationError")
    return ",".join(kinds)


def _address(raw: dict[str, Any], name: str) -> str:
    address = str(raw.get(name) or "")
    if urlsplit(address).scheme not in {"http", "https"}:
        raise errors.invalid(f"{name} must be a secure address.", "ValidationError")
    return address
