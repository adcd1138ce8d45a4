"""Tells subscribers that something changed: a message of headers only, in order per channel.

The first message of a channel is ``sync``; every change after that is one ``exists``.
"""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import quote, urlsplit

from tandem_sandbox.delivery import Delivery, DeliveryResult
from tandem_sandbox.google import errors
from tandem_sandbox.google.channels import Channel, events_topic, list_topic
from tandem_sandbox.google.model import Mailbox
from tandem_sandbox.world import World

DEFAULT_LIFE = timedelta(days=7)
LIFE_MAX = timedelta(days=30)
CHANNEL_ID_MAX = 64
TOKEN_MAX = 256
RETRIED = frozenset({500, 502, 503, 504})
ATTEMPTS_MAX = 6


class Push:
    """Opens and closes channels, and posts their messages."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open(self, mailbox: Mailbox, topic: str, path: str, request: dict[str, object]) -> Channel:
        """A new channel; its ``sync`` message is under way.

        Raises:
            GoogleError: the channel cannot be as the client wants it.
        """
        now = self._world.clock.now()
        channel_id, address = request.get("id"), request.get("address")
        if not isinstance(channel_id, str) or not channel_id:
            raise errors.required("resource.id")
        if len(channel_id) > CHANNEL_ID_MAX:
            raise errors.invalid("Invalid channel id.", "resource.id")
        if request.get("type") not in ("web_hook", "webhook"):
            raise errors.invalid("Unknown channel type", "resource.type")
        if not isinstance(address, str) or urlsplit(address).scheme not in ("http", "https"):
            raise errors.GoogleError(
                400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}"
            )
        token = request.get("token")
        if token is not None and (not isinstance(token, str) or len(token) > TOKEN_MAX):
            raise errors.invalid("Invalid channel token.", "resource.token")
        if self._world.google.channels.live(channel_id, now) is not None:
            raise errors.GoogleError(
                400, "channelIdNotUnique", f"Channel id {channel_id} not unique"
            )
        channel = Channel(
            id=channel_id,
            topic=topic,
            resource_id=sha256(topic.encode()).hexdigest()[:27],
            resource_uri=f"{self._world.public_url}/google/calendar/v3/{path}?alt=json",
            email=mailbox.email,
            address=address,
            token=token,
            expires_at=now + self._life(request),
        )
        self._world.google.channels.add(channel)
        self._post(channel, "sync")
        return channel

    def close(self, mailbox: Mailbox, channel_id: object, resource_id: object) -> None:
        """End a channel that the mailbox opened.

        Raises:
            GoogleError: there is no such channel.
        """
        channel = self._world.google.channels.live(str(channel_id), self._world.clock.now())
        if channel is None or channel.resource_id != resource_id or channel.email != mailbox.email:
            raise errors.GoogleError(
                404, "notFound", f"Channel '{channel_id}' not found for project"
            )
        self._world.google.channels.drop(channel.id)

    def events_changed(self, calendar_id: str) -> None:
        """Tell those who watch the events of a calendar."""
        self._tell(events_topic(calendar_id))

    def list_changed(self, email: str) -> None:
        """Tell those who watch the list of calendars of a mailbox."""
        self._tell(list_topic(email))

    def _tell(self, topic: str) -> None:
        for channel in self._world.google.channels.watching(topic, self._world.clock.now()):
            self._post(channel, "exists")

    def _life(self, request: dict[str, object]) -> timedelta:
        params = request.get("params")
        wanted = params.get("ttl") if isinstance(params, dict) else None
        expiration = request.get("expiration")
        try:
            if wanted is not None:
                life = timedelta(seconds=int(str(wanted)))
            elif expiration is not None:
                now_ms = self._world.clock.now().timestamp() * 1000
                life = timedelta(milliseconds=int(str(expiration)) - now_ms)
            else:
                life = DEFAULT_LIFE
        except (ValueError, OverflowError) as error:
            raise errors.invalid("Invalid channel expiration.", "resource.params.ttl") from error
        if life <= timedelta():
            raise errors.invalid("Invalid channel expiration.", "resource.params.ttl")
        return min(life, LIFE_MAX)

    def _post(self, channel: Channel, state: str) -> None:
        headers = {
            "Accept": "*/*",
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(channel.expires_at, usegmt=True),
            "X-Goog-Message-Number": str(channel.next_message()),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": channel.resource_uri,
        }
        if channel.token is not None:
            headers["X-Goog-Channel-Token"] = channel.token
        self._world.deliveries.enqueue(
            Delivery(
                provider="google",
                subscription=f"google:{channel.id}",
                url=channel.address,
                headers=headers,
                body=b"",
                account=channel.email,
                on_result=self._answered,
            )
        )

    def _answered(self, result: DeliveryResult) -> None:
        """Try again where the receiver says that it is only troubled for the moment."""
        delivery = result.delivery
        channel_id = delivery.headers["X-Goog-Channel-ID"]
        channel = self._world.google.channels.live(channel_id, self._world.clock.now())
        if channel is not None and result.status in RETRIED and delivery.attempt < ATTEMPTS_MAX:
            self._world.deliveries.enqueue(
                replace(delivery, attempt=delivery.attempt + 1),
                delay_seconds=float(2**delivery.attempt),
            )


def events_path(calendar_id: str) -> str:
    """Where the events of a calendar are, below the API's base."""
    return f"calendars/{quote(calendar_id, safe='@')}/events"
