"""Which occurrences of a moved series were which others, known by their ends."""

from datetime import UTC, date, datetime, timedelta

from calendar_ingest.moves import end_of, former_occurrences, moved_occurrences
from calendar_ingest.repository import Seen
from tandem.contracts.events import EventSnapshot, Series
from tandem.contracts.meetings import AllDay, Timed

SOON = datetime(2031, 3, 4, 10, tzinfo=UTC)


def days(*numbers, hours=0):
    """Ends of occurrences of a daily series, by a name that tells their day."""
    return {f"{number}+{hours}": SOON + timedelta(days=number, hours=hours) for number in numbers}


def known(*numbers, hours=0, formerly=None):
    """Occurrences that are known; `formerly` so many hours earlier if given."""
    return {
        name: Seen(end, "s", None if formerly is None else f"{name.partition('+')[0]}+{formerly}")
        for name, end in days(*numbers, hours=hours).items()
    }


def present(*numbers, hours=0):
    """Occurrences as the provider shows them; they begin an hour before they end."""
    return {
        name: EventSnapshot(
            event_id=name,
            schedule=Timed(start=end - timedelta(hours=1), end=end),
            series=Series(series_id="s", original_start=end - timedelta(hours=1)),
        )
        for name, end in days(*numbers, hours=hours).items()
    }


def test_a_series_that_has_moved_is_the_same_day_by_day():
    moved = moved_occurrences(days(0, 1, 2), days(0, 1, 2, hours=30), ())
    assert moved == {"0+0": "0+30", "1+0": "1+30", "2+0": "2+30"}


def test_occurrences_that_have_moved_are_each_others_nearest():
    lost, new = days(1, 2, 3), days(2, 3, 4, hours=1)
    staying = days(0, 1, hours=1).values()
    assert moved_occurrences(lost, new, staying) == {"2+0": "2+1", "3+0": "3+1"}
    assert moved_occurrences(days(0, 1, 2, 3), days(2, hours=1), ()) == {"2+0": "2+1"}


def test_what_stays_nearer_by_has_not_moved():
    staying = days(0, 2, 3).values()
    assert moved_occurrences(days(1), days(4), staying) == {}
    assert moved_occurrences({}, days(4), staying) == {}
    assert moved_occurrences(days(1), {}, staying) == {}


def test_each_new_occurrence_takes_the_place_of_a_known_one_that_is_not_there_any_more():
    found = former_occurrences(known(0, 1, 2), {**present(0), **present(1, 2, hours=3)})
    assert found == {"1+3": "1+0", "2+3": "2+0"}
    assert former_occurrences(known(0, 1), present(0, 1)) == {}
    assert former_occurrences({}, present(0, 1)) == {}


def test_an_occurrence_that_was_foretold_alone_stands_for_its_former_one():
    foretold = {**known(0, 1), **known(0, 1, hours=3, formerly=0)}
    assert former_occurrences(foretold, present(0, 1, hours=3)) == {}, "that is known already"
    assert former_occurrences(foretold, present(0, 1, hours=5)) == {"0+5": "0+0", "1+5": "1+0"}


def test_what_an_occurrence_was_is_no_other_one_as_well():
    foretold = {**known(0, 1), **known(0, hours=3, formerly=0)}
    assert former_occurrences(foretold, present(0, 1, hours=3)) == {"1+3": "1+0"}
    others = present(0, hours=3) | present(0, hours=4)
    assert former_occurrences(known(0) | known(0, hours=3, formerly=0), others) == {}


def test_an_occurrence_that_was_told_of_is_lost_whatever_it_was_before():
    assert former_occurrences(known(0, hours=3, formerly=0), present(0, hours=5)) == {"0+5": "0+3"}


def test_an_all_day_event_ends_with_its_last_day():
    event = EventSnapshot(event_id="e", schedule=AllDay(first=date(2031, 3, 4), days=2))
    assert end_of(event) == datetime(2031, 3, 6, tzinfo=UTC)
