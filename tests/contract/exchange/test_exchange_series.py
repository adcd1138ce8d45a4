"""Series and their occurrences, as exchangelib makes, views, changes and deletes them."""

from datetime import timedelta

import pytest
from exchangelib import Account, CalendarItem, EWSDate, EWSDateTime, EWSTimeZone
from exchangelib.errors import (
    ErrorCalendarOccurrenceIsDeletedFromRecurrence,
    ErrorItemNotFound,
)
from exchangelib.items import SEND_TO_NONE
from exchangelib.recurrence import (
    AbsoluteMonthlyPattern,
    AbsoluteYearlyPattern,
    DailyPattern,
    Recurrence,
    RelativeMonthlyPattern,
    RelativeYearlyPattern,
    WeeklyPattern,
)
from tests.contract.exchange.test_exchange_items import START, made, read
from tests.contract.exchange.test_exchange_notices import synced

BERLIN = EWSTimeZone("Europe/Berlin")
FIRST = EWSDate(2031, 3, 4)
"""A Tuesday."""


def repeated(account: Account, pattern, *, number=3, **fields) -> CalendarItem:
    rule = Recurrence(pattern=pattern, start=FIRST, number=number)
    return made(account, "Daily", recurrence=rule, **fields)


def viewed(account: Account, days: int = 3000) -> list[CalendarItem]:
    begin = START - timedelta(days=1)
    return list(account.calendar.view(start=begin, end=begin + timedelta(days=days)))


def starts(account: Account) -> list[str]:
    return [f"{item.start.astimezone(BERLIN):%Y-%m-%d %H:%M}" for item in viewed(account)]


def test_a_calendar_shows_a_series_once_and_its_view_each_occurrence(anna: Account):
    master = repeated(anna, DailyPattern(interval=2))
    assert [(one.id, one.type) for one in anna.calendar.all()] == [(master.id, "RecurringMaster")]
    assert synced(anna) == [("create", master.id)]
    found = viewed(anna)
    assert [item.start for item in found] == [START + timedelta(days=day) for day in (0, 2, 4)]
    assert {item.type for item in found} == {"Occurrence"}
    assert {item.uid for item in found} == {read(anna, master).uid}
    assert {item.original_start for item in found} == {item.start for item in found}
    assert {item.recurrence for item in found} == {None}


def test_every_kind_of_pattern_has_its_days(anna: Account):
    patterns = {
        WeeklyPattern(interval=2, weekdays=[2, 4]): ["2031-03-04", "2031-03-06", "2031-03-18"],
        AbsoluteMonthlyPattern(interval=1, day_of_month=31): [
            "2031-03-31",
            "2031-04-30",
            "2031-05-31",
        ],
        RelativeMonthlyPattern(interval=1, weekday="Friday", week_number="Last"): [
            "2031-03-28",
            "2031-04-25",
            "2031-05-30",
        ],
        AbsoluteYearlyPattern(day_of_month=4, month=3): ["2031-03-04", "2032-03-04", "2033-03-04"],
        RelativeYearlyPattern(weekday="Weekday", week_number="First", month=6): [
            "2031-06-02",
            "2032-06-01",
            "2033-06-01",
        ],
    }
    for pattern, days in patterns.items():
        master = repeated(anna, pattern)
        assert [start[:10] for start in starts(anna)] == days
        read(anna, master).delete(send_meeting_cancellations=SEND_TO_NONE)


def test_occurrences_keep_their_hour_when_the_clocks_change(anna: Account):
    first = EWSDateTime(2031, 3, 29, 10, tzinfo=BERLIN)
    rule = Recurrence(pattern=DailyPattern(interval=1), start=EWSDate(2031, 3, 29), number=2)
    made(anna, start=first, end=first + timedelta(hours=1), recurrence=rule)
    assert starts(anna) == ["2031-03-29 10:00", "2031-03-30 10:00"]


def test_a_changed_occurrence_is_an_exception_and_its_series_has_changed(anna: Account):
    master = repeated(anna, DailyPattern(interval=1))
    synced(anna)
    second = viewed(anna)[1]
    second.subject, second.start = "Special", START + timedelta(days=1, hours=-1)
    second.save(update_fields=["subject", "start"], send_meeting_invitations=SEND_TO_NONE)
    [_, exception, _] = viewed(anna)
    assert (exception.id, exception.type, exception.subject) == (second.id, "Exception", "Special")
    assert exception.original_start == START + timedelta(days=1)
    assert synced(anna) == [("update", master.id)]
    series = read(anna, master)
    series.location = "Room 1"
    series.save(update_fields=["location"], send_meeting_invitations=SEND_TO_NONE)
    found = [(item.subject, item.location) for item in viewed(anna)]
    assert found == [("Daily", "Room 1"), ("Special", "Room 1"), ("Daily", "Room 1")]


def test_a_deleted_occurrence_is_gone_and_the_series_tells_of_it(anna: Account):
    master = repeated(anna, DailyPattern(interval=1))
    first, second, third = viewed(anna)
    second_id = second.id
    second.delete(send_meeting_cancellations=SEND_TO_NONE)
    assert [item.id for item in viewed(anna)] == [first.id, third.id]
    [gone] = anna.fetch([(second_id, None)])
    assert isinstance(gone, ErrorItemNotFound)
    [deleted] = read(anna, master).deleted_occurrences
    assert deleted.start == START + timedelta(days=1)
    with pytest.raises(ErrorCalendarOccurrenceIsDeletedFromRecurrence):
        master.occurrence(2).refresh()


def test_an_occurrence_leads_to_its_series_and_the_series_to_each_by_its_number(anna: Account):
    master = repeated(anna, DailyPattern(interval=1))
    third = viewed(anna)[2]
    leading = third.recurring_master()
    leading.refresh()
    assert leading.id == master.id
    numbered = master.occurrence(3)
    numbered.refresh()
    assert numbered.id == third.id


def test_another_pattern_takes_exceptions_away_and_deletion_all_occurrences(anna: Account):
    master = repeated(anna, DailyPattern(interval=1))
    viewed(anna)[1].delete(send_meeting_cancellations=SEND_TO_NONE)
    series = read(anna, master)
    series.recurrence = Recurrence(pattern=DailyPattern(interval=1), start=FIRST, number=4)
    series.save(update_fields=["recurrence"], send_meeting_invitations=SEND_TO_NONE)
    assert len(viewed(anna)) == 4
    read(anna, master).move_to_trash(send_meeting_cancellations=SEND_TO_NONE)
    assert viewed(anna) == []
