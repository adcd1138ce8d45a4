"""What is done on the page is done on the vendor's side, and what happens there is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from exchangelib import CalendarItem, EWSDate, EWSDateTime
from exchangelib.items import SEND_TO_NONE
from exchangelib.recurrence import DailyPattern, NumberedPattern, Recurrence
from tests.contract.exchange.conftest import opened
from tests.contract.google.servers import Receiver, eventually, serving
from tests.contract.sandbox.conftest import EXCHANGE, VENDORS, Visitor, coming

STOCKHOLM = ZoneInfo("Europe/Stockholm")
Told = tuple[str, datetime | str, timedelta]


def told_by_vendor(visitor: Visitor, side: str) -> list[Told]:
    """Title, start (a day if it lasts whole ones) and length of all that the vendor's API tells."""
    match side:
        case "pipedrive":
            return [
                _of_pipedrive(one) for one in visitor.vendor(side).get("/activities").json()["data"]
            ]
        case "google":
            found = visitor.vendor(side).get("/events", params={"singleEvents": "true"}).json()
            return [_of_google(one) for one in found["items"]]
        case "microsoft":
            window = {"startDateTime": str(coming(-7)), "endDateTime": str(coming(60))}
            found = visitor.vendor(side).get("/calendarView", params=window).json()
            return [_of_graph(one) for one in found["value"]]
        case _:
            account = opened(visitor.world, visitor.address, EXCHANGE)
            begin = EWSDateTime.from_datetime(datetime.now(UTC) - timedelta(days=7))
            shown = account.calendar.view(start=begin, end=begin + timedelta(days=60))
            return [_of_exchange(one) for one in shown]


def _of_pipedrive(one: dict[str, Any]) -> Told:
    if one["due_time"] is None:
        return one["subject"], one["due_date"], timedelta(days=1)
    start = datetime.fromisoformat(f"{one['due_date']}T{one['due_time']}+00:00")
    hours, minutes = map(int, one["duration"].split(":")[:2])
    return one["subject"], start, timedelta(hours=hours, minutes=minutes)


def _of_google(one: dict[str, Any]) -> Told:
    start, end = one["start"], one["end"]
    if "date" in start:
        ends = [datetime.fromisoformat(each["date"]) for each in (start, end)]
        return one["summary"], start["date"], ends[1] - ends[0]
    ends = [datetime.fromisoformat(each["dateTime"]) for each in (start, end)]
    return one["summary"], ends[0], ends[1] - ends[0]


def _of_graph(one: dict[str, Any]) -> Told:
    ends = [
        datetime.fromisoformat(one[name]["dateTime"][:19]).replace(tzinfo=UTC)
        for name in ("start", "end")
    ]
    start = ends[0].date().isoformat() if one["isAllDay"] else ends[0]
    return one["subject"], start, ends[1] - ends[0]


def _of_exchange(one: Any) -> Told:
    if one.is_all_day:
        return one.subject, one.start.isoformat()[:10], one.end - one.start + timedelta(days=1)
    start = datetime.fromtimestamp(one.start.timestamp(), UTC)
    return one.subject, start, timedelta(seconds=one.end.timestamp() - one.start.timestamp())


def ten_oclock(day: Any = None) -> datetime:
    return datetime.combine(day or coming(), datetime.min.time(), STOCKHOLM).replace(hour=10)


@pytest.mark.parametrize("side", VENDORS)
def test_a_meeting_is_made_renamed_moved_and_deleted_on_each_side(visitor: Visitor, side: str):
    visitor.create(side, "Visit & <tea>")
    half_an_hour = timedelta(minutes=30)
    assert told_by_vendor(visitor, side) == [("Visit & <tea>", ten_oclock(), half_an_hour)]
    assert visitor.lines(side) == ["10:00-10:30 Visit & <tea>"]
    visitor.change(side, "Visit", title="Visit with coffee")
    assert told_by_vendor(visitor, side) == [("Visit with coffee", ten_oclock(), half_an_hour)]
    visitor.change(side, "coffee", day=coming(3), minutes="90")
    moved = ("Visit with coffee", ten_oclock(coming(3)), timedelta(minutes=90))
    assert told_by_vendor(visitor, side) == [moved]
    visitor.delete(side, "coffee")
    assert told_by_vendor(visitor, side) == []
    assert visitor.lines(side) == []


@pytest.mark.parametrize("side", VENDORS)
def test_a_whole_day_keeps_its_date_in_every_zone(visitor: Visitor, side: str):
    visitor.create(side, "Fair", time="")
    assert told_by_vendor(visitor, side) == [("Fair", coming().isoformat(), timedelta(days=1))]
    for user in ("sales1@north.example", "sales2@north.example"):
        shown = visitor.lines(side, pipedrive=user, google="sales1@north.example")
        assert shown == (["All day Fair"] if side != "pipedrive" or "1@" in user else [])
    visitor.change(side, "Fair", time="10:00", minutes="45")
    assert told_by_vendor(visitor, side) == [("Fair", ten_oclock(), timedelta(minutes=45))]
    visitor.change(side, "Fair", time="")
    assert told_by_vendor(visitor, side) == [("Fair", coming().isoformat(), timedelta(days=1))]


def test_an_activity_may_be_without_a_date(visitor: Visitor):
    visitor.create("pipedrive", "Some day", day="")
    assert visitor.lines("pipedrive") == ["Some day"]
    visitor.change("pipedrive", "Some day", day=coming(), time="10:00", minutes="30")
    assert visitor.lines("pipedrive") == ["10:00-10:30 Some day"]
    visitor.change("pipedrive", "Some day", day="")
    activity = visitor.vendor("pipedrive").get("/activities").json()["data"][0]
    assert (activity["due_date"], activity["due_time"], activity["duration"]) == (None, None, None)


def test_a_new_title_leaves_what_a_form_cannot_show(visitor: Visitor):
    begin = f"{coming()}T08:00:20Z"
    times = {"start": {"dateTime": begin}, "end": {"dateTime": f"{coming()}T08:30:50Z"}}
    visitor.vendor("google").post("/events", json={"summary": "Odd seconds", **times})
    visitor.change("google", "Odd seconds", title="Still odd")
    told = told_by_vendor(visitor, "google")
    assert told == [("Still odd", datetime.fromisoformat(begin), timedelta(seconds=1830))]


def test_three_whole_days_stay_three_when_they_are_moved(visitor: Visitor):
    # Not from today on: in the person's zone it may be over already.
    ends = {"start": {"date": f"{coming(1)}"}, "end": {"date": f"{coming(4)}"}}
    visitor.vendor("google").post("/events", json={"summary": "Fair", **ends})
    assert visitor.lines("google") == ["All day Fair"] * 3
    visitor.change("google", "Fair", day=coming(2))
    assert told_by_vendor(visitor, "google") == [("Fair", coming(2).isoformat(), timedelta(days=3))]


def _make_series(visitor: Visitor, side: str) -> None:
    """Three days at eight o'clock (UTC), by the vendor's own API."""
    times = {
        name: {"dateTime": f"{coming(1)}T08:{minute}:00", "timeZone": "UTC"}
        for name, minute in {"start": "00", "end": "30"}.items()
    }
    if side == "google":
        body = {"summary": "Stand-up", "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"], **times}
        visitor.vendor(side).post("/events", json=body).raise_for_status()
    elif side == "microsoft":
        span = {"type": "numbered", "startDate": str(coming(1)), "numberOfOccurrences": 3}
        recurrence = {"pattern": {"type": "daily", "interval": 1}, "range": span}
        body = {"subject": "Stand-up", "recurrence": recurrence, **times}
        visitor.vendor(side).post("/events", json=body).raise_for_status()
    else:
        account = opened(visitor.world, visitor.address, EXCHANGE)
        start = EWSDateTime.from_datetime(datetime.fromisoformat(f"{coming(1)}T08:00:00+00:00"))
        CalendarItem(
            account=account,
            folder=account.calendar,
            subject="Stand-up",
            start=start,
            end=start + timedelta(minutes=30),
            recurrence=Recurrence(
                pattern=DailyPattern(interval=1),
                boundary=NumberedPattern(start=EWSDate.from_date(coming(1)), number=3),
            ),
        ).save(send_meeting_invitations=SEND_TO_NONE)


@pytest.mark.parametrize("side", ["google", "microsoft", "exchange"])
def test_a_series_is_shown_as_its_occurrences_each_changed_by_itself(visitor: Visitor, side: str):
    _make_series(visitor, side)
    assert [one.partition(" ")[2] for one in visitor.lines(side)] == ["Stand-up series"] * 3
    visitor.change(side, "Stand-up", 1, title="Retrospective")
    told = sorted(told_by_vendor(visitor, side), key=lambda one: str(one[1]))
    titles = [title for title, _, _ in told]
    assert titles == ["Stand-up", "Retrospective", "Stand-up"]
    visitor.delete(side, "Stand-up", 0)
    assert len(visitor.lines(side)) == 2


def test_what_programs_do_is_shown_and_what_the_page_does_is_told(visitor: Visitor):
    receiver = Receiver()
    with serving(receiver.app()) as address:
        hook = {
            "subscription_url": f"{address}/push",
            "event_action": "*",
            "event_object": "activity",
            "name": "Test",
        }
        pipedrive = visitor.vendor("pipedrive")
        pipedrive.post(f"{visitor.address}/pipedrive/api/v1/webhooks", json=hook).raise_for_status()
        body = {"subject": "By a program", "type": "call", "due_date": str(coming())}
        pipedrive.post("/activities", json=body).raise_for_status()
        assert visitor.lines("pipedrive") == ["All day By a program"]
        visitor.change("pipedrive", "By a program", title="By a person")
        visitor.delete("pipedrive", "By a person")
        eventually(lambda: len(receiver.bodies) == 3)
    actions = [body.partition(b'"action":"')[2].partition(b'"')[0] for body in receiver.bodies]
    assert actions == [b"create", b"change", b"delete"]


def test_a_form_that_nothing_was_changed_in_writes_nothing(visitor: Visitor):
    visitor.create("exchange", "Visit")
    before = visitor.world.exchange.last_change
    visitor.change("exchange", "Visit")
    assert visitor.world.exchange.last_change == before
