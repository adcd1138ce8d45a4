"""An activity that came of a create in doubt is known again, and nobody else's is taken for it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from crm_ingest.crm import Reading
from crm_ingest.recognition import Doubt, Wish, recognised
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.commands import ActivityDraft

ME, COLLEAGUE = 42, 43
SENT = datetime(2030, 1, 7, 8, tzinfo=UTC)
LUNCH = ActivityDraft(
    subject="Lunch", due_date=date(2031, 3, 4), due_time=time(9, 30), duration_minutes=45
)
TOMORROW = date(2031, 3, 5)


def _doubt(*, sent: datetime = SENT, **changes: Any) -> Doubt:
    return Doubt(sent, sent, Wish("meeting", LUNCH.model_copy(update=changes)))


def _made(
    activity_id: int = 1,
    *,
    creator_id: int | None = ME,
    deleted: bool = False,
    edited: bool = True,
    added: datetime = SENT + timedelta(seconds=1),
    **changes: Any,
) -> Reading:
    return Reading(
        ActivitySnapshot(
            **{
                "activity_id": activity_id,
                "owner_id": ME,
                "type": "meeting",
                "subject": "Lunch",
                "due_date": date(2031, 3, 4),
                "due_time": time(9, 30),
                "duration_minutes": 45,
                "added_at": added,
                "updated_at": added + timedelta(seconds=9 if edited else 0),
                **changes,
            }
        ),
        creator_id=creator_id,
        deleted=deleted,
    )


def _found(*readings: Reading, others: tuple[Doubt, ...] = (), mine: Doubt | None = None):
    known = recognised(mine or _doubt(), others, readings, ME)
    return [reading.activity.activity_id for reading in known]


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"subject": "Dinner"},
        {"due_date": TOMORROW},
        {"due_time": None},
        {"due_date": None},
        {"duration_minutes": 30},
        {"type": "call"},
        {"location": "Elsewhere", "public_description": "New", "done": True},
        {"owner_id": COLLEAGUE},
    ],
    ids=str,
)
def test_what_was_made_is_known_again_with_any_one_edit(edit: dict[str, Any]):
    assert _found(_made(**edit)) == [1]


@pytest.mark.parametrize(
    "edit",
    [
        {"subject": "Dinner", "due_date": TOMORROW},
        {"subject": "Dinner", "type": "call"},
        {"due_date": TOMORROW, "type": "call"},
    ],
    ids=str,
)
def test_what_has_one_of_type_title_and_time_left_is_somebody_elses(edit: dict[str, Any]):
    assert _found(_made(**edit)) == []


@pytest.mark.parametrize(
    "reading",
    [
        _made(creator_id=COLLEAGUE, due_date=TOMORROW),
        _made(creator_id=COLLEAGUE),
        _made(creator_id=None, owner_id=COLLEAGUE),
        _made(deleted=True),
        _made(added=SENT - timedelta(minutes=3)),
        _made(added=SENT + timedelta(minutes=3), due_date=TOMORROW),
        _made(edited=False, due_date=TOMORROW),
    ],
    ids=[
        "edited, made by a colleague",
        "made by a colleague",
        "of a colleague, made by nobody known",
        "deleted",
        "made before",
        "alike, made long after",
        "alike, and never edited",
    ],
)
def test_what_we_can_not_have_made_is_left_alone(reading: Reading):
    assert _found(reading) == []


def test_an_equal_one_is_ours_however_late_it_was_found():
    assert _found(_made(added=SENT + timedelta(hours=2))) == [1]


def test_the_exact_one_is_taken_and_the_alike_left():
    assert _found(_made(1, due_date=TOMORROW), _made(2, edited=False)) == [2]


def test_of_two_that_are_alike_none_is_taken():
    assert _found(_made(1, due_date=TOMORROW), _made(2, subject="Dinner")) == []


def test_an_activity_that_another_create_fits_better_is_left_to_it():
    other = _doubt(due_date=TOMORROW)
    assert _found(_made(due_date=TOMORROW), others=(other,)) == []


def test_an_activity_that_another_create_fits_as_well_is_left_alone():
    """Two occurrences of a series, one of them moved: nobody can say which."""
    other = _doubt(due_date=TOMORROW)
    assert _found(_made(due_date=date(2031, 3, 6)), others=(other,)) == []


def test_another_create_that_finds_its_own_is_no_rival():
    other = _doubt(due_date=TOMORROW)
    moved, own = _made(1, due_date=date(2031, 3, 6)), _made(2, due_date=TOMORROW)
    assert _found(moved, own, others=(other,)) == [1]
    assert _found(moved, own, mine=other, others=(_doubt(),)) == [2]


def test_another_create_that_was_sent_later_than_it_was_made_is_no_rival():
    later = _doubt(sent=SENT + timedelta(minutes=5), due_date=TOMORROW)
    assert _found(_made(due_date=date(2031, 3, 6)), others=(later,)) == [1]


def test_a_create_of_which_nobody_kept_what_was_sent_is_everybodys_rival():
    unknown = Doubt(SENT, SENT, None)
    assert _found(_made(due_date=TOMORROW), others=(unknown,)) == []
    assert _found(_made(), others=(unknown,)) == [1]
