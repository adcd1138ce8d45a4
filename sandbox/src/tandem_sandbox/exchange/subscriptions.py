"""Subscriptions: Subscribe, Unsubscribe, GetEvents, GetStreamingEvents, and what is pushed.

A pushed notice that its receiver refuses, or answers with Unsubscribe, ends the subscription.
"""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from tandem_sandbox.delivery import Delivery, DeliveryResult
from tandem_sandbox.exchange.folders import folders_of
from tandem_sandbox.exchange.model import CALENDAR, Folder, Mailbox
from tandem_sandbox.exchange.properties import stamp
from tandem_sandbox.exchange.soap import (
    MEDIA_TYPE,
    Element,
    ExchangeError,
    answered,
    children,
    envelope,
    holding,
    local,
    m,
    success,
    t,
    text_of,
)
from tandem_sandbox.exchange.subscription import Occurrence, Subscription
from tandem_sandbox.world import World

WAITING_MAX: Final = 10_000
_KINDS: Final = {
    "PullSubscriptionRequest": "pull",
    "PushSubscriptionRequest": "push",
    "StreamingSubscriptionRequest": "streaming",
}


class Subscriptions:
    """All subscriptions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def subscribe(self, mailbox: Mailbox, request: Element) -> Element:
        """Answer Subscribe."""
        order = request[0]
        kind = _KINDS.get(local(order))
        if kind is None:
            raise ExchangeError("ErrorInvalidSubscriptionRequest")
        folders = folders_of(mailbox, order, "FolderIds") or _calendar(mailbox)
        minutes = int(text_of(order, "Timeout") or 30)
        subscription = Subscription(
            id=uuid4().hex,
            email=mailbox.email,
            folders=tuple(folder.id for folder in folders),
            url=text_of(order, "URL") or None,
            expires_at=self._world.clock.now() + timedelta(minutes=minutes)
            if kind == "pull"
            else None,
            watermark=self._world.exchange.last_change,
        )
        self._world.exchange.subscriptions[subscription.id] = subscription
        told = [m("SubscriptionId", subscription.id)]
        if kind != "streaming":
            told.append(m("Watermark", str(subscription.watermark)))
        return answered("Subscribe", [success("Subscribe", told)])

    def unsubscribe(self, mailbox: Mailbox, request: Element) -> Element:
        """Answer Unsubscribe."""
        subscription = self._held(mailbox, text_of(request, "SubscriptionId"))
        del self._world.exchange.subscriptions[subscription.id]
        return answered("Unsubscribe", [success("Unsubscribe")])

    def get_events(self, mailbox: Mailbox, request: Element) -> Element:
        """Answer GetEvents: what happened behind the watermark."""
        subscription = self._held(mailbox, text_of(request, "SubscriptionId"))
        mark = text_of(request, "Watermark")
        if not mark.isdigit():
            raise ExchangeError("ErrorInvalidWatermark", "The watermark is invalid.")
        later = [one for one in subscription.waiting if one.change > int(mark)]
        subscription.waiting = later
        notification = _notification(subscription, later)
        return answered("GetEvents", [success("GetEvents", [notification])])

    def streamed(self, mailbox: Mailbox, ids: list[str]) -> list[Element]:
        """What the owners of streaming subscriptions were not told yet."""
        told = []
        for one in ids:
            subscription = self._held(mailbox, one)
            if subscription.waiting:
                told.append(_notification(subscription, subscription.waiting))
                subscription.waiting = []
        return told

    def tell(self, email: str, occurrence: Occurrence) -> None:
        """Something happened to an item of a mailbox."""
        for subscription in self._world.exchange.subscriptions.values():
            if subscription.email != email or occurrence.folder_id not in subscription.folders:
                continue
            if subscription.url is not None:
                self._push(subscription, occurrence)
            elif len(subscription.waiting) < WAITING_MAX:
                subscription.waiting.append(occurrence)

    def _push(self, subscription: Subscription, occurrence: Occurrence) -> None:
        def answered_with(result: DeliveryResult) -> None:
            if b"Unsubscribe" in result.content or not result.accepted:
                self._world.exchange.subscriptions.pop(subscription.id, None)

        self._world.deliveries.enqueue(
            Delivery(
                provider="exchange",
                subscription=subscription.id,
                url=subscription.url or "",
                headers={"content-type": MEDIA_TYPE},
                body=envelope(pushed(subscription, [occurrence])),
                account=subscription.email,
                wanted=lambda: subscription.id in self._world.exchange.subscriptions,
                on_result=answered_with,
            )
        )

    def _held(self, mailbox: Mailbox, subscription_id: str) -> Subscription:
        found = self._world.exchange.subscriptions.get(subscription_id)
        if found is None or found.email != mailbox.email:
            raise ExchangeError("ErrorSubscriptionNotFound", "The subscription was not found.")
        if found.expires_at is not None and found.expires_at < self._world.clock.now():
            raise ExchangeError("ErrorExpiredSubscription", "The subscription has expired.")
        return found


def pushed(subscription: Subscription, occurrences: list[Occurrence]) -> Element:
    """A notice as it is sent to a subscription's address."""
    message = success("SendNotification", [_notification(subscription, occurrences)])
    return holding(m("SendNotification"), [holding(m("ResponseMessages"), [message])])


def _notification(subscription: Subscription, occurrences: list[Occurrence]) -> Element:
    mark = str(subscription.watermark)
    events = [_event(one) for one in occurrences] or [
        holding(t("StatusEvent"), [t("Watermark", mark)])
    ]
    head = [
        t("SubscriptionId", subscription.id),
        t("PreviousWatermark", mark),
        t("MoreEvents", "false"),
    ]
    if occurrences:
        subscription.watermark = occurrences[-1].change
    return holding(m("Notification"), [*head, *events])


def _event(one: Occurrence) -> Element:
    return holding(
        t(one.kind),
        [
            t("Watermark", str(one.change)),
            t("TimeStamp", stamp(one.at)),
            t("ItemId", Id=one.item_id, ChangeKey=one.change_key),
            t("ParentFolderId", Id=one.folder_id, ChangeKey="AQAAAA=="),
        ],
    )


def _calendar(mailbox: Mailbox) -> list[Folder]:
    found = mailbox.distinguished(CALENDAR)
    return [found] if found is not None else []


def streaming_ids(request: Element) -> list[str]:
    """The subscriptions that a GetStreamingEvents asks for."""
    return [one.text or "" for one in children(request, "SubscriptionIds")]
