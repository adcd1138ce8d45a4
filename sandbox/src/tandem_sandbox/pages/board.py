"""Whose sides a page shows, and which days: what its address says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tandem_sandbox.exchange.shelf import Shelf
from tandem_sandbox.exchange.subscriptions import Subscriptions
from tandem_sandbox.google.desk import Desk as GoogleDesk
from tandem_sandbox.google.ledger import Ledger
from tandem_sandbox.google.push import Push
from tandem_sandbox.microsoft.desk import Desk as MicrosoftDesk
from tandem_sandbox.microsoft.notify import Notifier
from tandem_sandbox.pages.exchange_side import ExchangeSide
from tandem_sandbox.pages.google_side import GoogleSide
from tandem_sandbox.pages.meeting import DAY, Meeting
from tandem_sandbox.pages.microsoft_side import MicrosoftSide
from tandem_sandbox.pages.pipedrive_side import PipedriveSide
from tandem_sandbox.pages.side import Side
from tandem_sandbox.pipedrive.activities import Activities
from tandem_sandbox.pipedrive.announcer import Announcer
from tandem_sandbox.world import World

DAYS: Final = 7
CHOICES_MAX: Final = 200
SHOWN_MAX: Final = 200
"""Meetings that one side shows at once."""
_ANY: Final = ZoneInfo("UTC")


class UnknownAccountError(LookupError):
    """The address of a page names somebody who is not here."""


class _Account(Protocol):
    email: str
    name: str


@dataclass(frozen=True)
class Choice:
    """Accounts of one vendor, of which one is on the page."""

    name: str
    heading: str
    chosen: str
    emails: list[str]


@dataclass(frozen=True)
class Board:
    """One user's activities beside a calendar of each provider, for some days."""

    sides: dict[str, Side]
    choices: list[Choice]
    first: date
    today: date
    zone: ZoneInfo
    asked: Mapping[str, str]

    @property
    def days(self) -> list[date]:
        """The days that are shown."""
        return [self.first + number * DAY for number in range(DAYS)]

    @property
    def query(self) -> str:
        """What the page's own links carry on."""
        return urlencode(self.asked)

    def moved(self, days: int) -> str:
        """The same page some days later."""
        return urlencode({**self.asked, "from": (self.first + days * DAY).isoformat()})

    def meetings(self, side: Side) -> list[Meeting]:
        """What a side shows, in the order of its times; what has no date comes last."""
        found = side.meetings(self.first, self.first + (DAYS - 1) * DAY)
        return sorted(found, key=_place)[:SHOWN_MAX]


class Boards:
    """Makes boards of what addresses say."""

    def __init__(self, world: World, announcer: Announcer) -> None:
        self._world = world
        self._activities = Activities(world, announcer)
        self._google = GoogleDesk(world, Ledger(world, Push(world)))
        self._microsoft = MicrosoftDesk(world, Notifier(world))
        self._exchange = Shelf(world, Subscriptions(world))

    def of(self, query: Mapping[str, str]) -> Board:
        """The board that a query asks for.

        Without a name it is the first user's, with his mailbox or else the first one of each
        provider.

        Raises:
            UnknownAccountError: it names nobody, or a day that is none.
        """
        world = self._world
        people = [user for _, user in world.pipedrive.users()]
        chosen = _chosen(query, "pipedrive", people)
        owner = world.pipedrive.user_of(chosen or "")
        if owner is None:
            raise UnknownAccountError("pipedrive: there is no such user")
        zone = ZoneInfo(owner[1].timezone)
        sides: list[Side] = [PipedriveSide(world, self._activities, owner, zone)]
        google, microsoft = world.google.mailboxes, world.microsoft.mailboxes
        exchange = world.exchange.mailboxes
        if email := _chosen(query, "google", google.values(), like=owner[1].email):
            sides.append(GoogleSide(world, self._google, google[email], zone))
        if email := _chosen(query, "microsoft", microsoft.values(), like=owner[1].email):
            sides.append(MicrosoftSide(world, self._microsoft, microsoft[email], zone))
        if email := _chosen(query, "exchange", exchange.values(), like=owner[1].email):
            sides.append(ExchangeSide(world, self._exchange, exchange[email], zone))
        accounts: dict[str, Iterable[_Account]] = {
            "pipedrive": people,
            "google": google.values(),
            "microsoft": microsoft.values(),
            "exchange": exchange.values(),
        }
        today = world.clock.now().astimezone(zone).date()
        names = {"from", *(one.name for one in sides)}
        return Board(
            sides={one.name: one for one in sides},
            choices=[_choice(one, accounts[one.name]) for one in sides],
            first=_day(query["from"]) if query.get("from") else today,
            today=today,
            zone=zone,
            asked={name: value for name, value in query.items() if name in names and value},
        )


def _chosen(
    query: Mapping[str, str], provider: str, accounts: Iterable[_Account], *, like: str = ""
) -> str | None:
    emails = [one.email for one in accounts]
    wanted = query.get(provider)
    if wanted:
        if wanted not in emails:
            raise UnknownAccountError(f"{provider}: there is no such account")
        return wanted
    return like if like in emails else next(iter(emails), None)


def _choice(side: Side, accounts: Iterable[_Account]) -> Choice:
    emails = [one.email for one in accounts][:CHOICES_MAX]
    if side.account not in emails:
        emails.insert(0, side.account)
    return Choice(side.name, side.heading, side.account, emails)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UnknownAccountError(f"from: {text!r} is no day") from None
    if not date(2000, 1, 1) <= day <= date(2100, 1, 1):
        raise UnknownAccountError("from: a day of this century is needed")
    return day


def _place(meeting: Meeting) -> tuple[bool, datetime, str]:
    when = meeting.when
    start = when.start(_ANY) if when else datetime.min.replace(tzinfo=_ANY)
    return when is None, start, meeting.title
