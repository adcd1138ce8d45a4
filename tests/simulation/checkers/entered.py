"""What people entered for each field of a meeting, as a reader of either side would tell it."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from tests.simulation.endings import Ending
from tests.simulation.people import Done, Item
from tests.simulation.providers import CALL_S
from tests.simulation.shown import shown_by

VERBS: Final = {
    "title": ("title",),
    "schedule": ("move", "all_day", "undate", "take_back"),
    "location": ("location",),
    "description": ("description",),
    "busy": ("busy",),
    "guests": (),
}
"""The fields, and the edits that enter something for them."""
FIELDS: Final = tuple(VERBS)
UNDER_WAY: Final = timedelta(seconds=2 * CALL_S)
"""From the last look at an item to the write of it."""


def may_be_shown(one: Ending, field: str) -> list[Any]:
    """What was last entered on either side; where nobody did, what it was made with.

    Of an item that people then had go, any edit may have been carried, or have gone with it. So may
    one in Pipedrive of an occurrence that was deleted: until we heard of that, it was to be put
    back, and is anybody's since.
    """
    unsure = [done for done in _edits(one, field) if one.went_with_it(done)]
    if one.is_occurrence and "calendar" in one.deleted_on:
        unsure += (done for done in one.done if done.edit.side == "crm" and enters(done, field))
    entered = _last_or_first(one, field)
    if unsure:
        entered += [*_last_or_first(one, field, but=unsure), *_values(unsure, field)]
    return entered


def standing(one: Ending, field: str, *, but: Collection[Done]) -> list[Any]:
    """What was last entered on each side, and none of what that person has replaced himself."""
    last = _last_of_each_side(_edits(one, field))
    return _values((done for done in last if done not in but), field)


def unheard(one: Ending, side: str, at: datetime) -> Iterator[Done]:
    """Last edits of fields on a side that by then we had not carried, nor overwritten.

    Whether one is busy is often said by the time alone, and said again by the next click.
    """
    for field in (field for field in FIELDS if field != "busy"):
        edits = [done for done in _edits(one, field) if done.edit.side == side and done.at <= at]
        if (
            edits
            and _changed(one, edits[-1], field)
            and not _was_settled(one, edits[-1], field, at)
        ):
            yield edits[-1]


def met_a_write(one: Ending, done: Done) -> bool:
    """Whether a write of ours was on its way: Pipedrive carries out what it is told to."""
    return done.edit.side == "crm" and any(
        write.item_id == done.item_id and done.at <= write.at <= done.at + UNDER_WAY
        for write in one.writes
    )


def _changed(one: Ending, edit: Done, field: str) -> bool:
    """Whether an item showed something else before an edit."""
    seen = [(write.at, write.made) for write in one.writes if write.item_id == edit.item_id]
    seen += [(done.at, done.item) for done in one.done if done.item_id == edit.item_id]
    _, before = max(((at, item) for at, item in seen if item and at < edit.at), key=itemgetter(0))
    return bool(shown_by(before)[field] != shown_by(edit.item)[field])


def _was_settled(one: Ending, edit: Done, field: str, at: datetime) -> bool:
    """Whether the other side showed its value, or its own side was given another one."""
    entered = shown_by(edit.item)[field]
    there = _last_seen(one, "calendar" if edit.edit.side == "crm" else "crm", at)
    if there is not None and shown_by(there)[field] == entered:
        return True
    return any(
        (shown_by(write.made)[field] == entered) is (write.side != edit.edit.side)
        for write in one.writes
        if write.made is not None and edit.at <= write.at <= at
    )


def _last_seen(one: Ending, side: str, at: datetime) -> Item | None:
    """The item of a side as it was last made or edited by then."""
    seen = [(write.at, write.made) for write in one.writes if write.side == side and write.made]
    seen += [(done.at, done.item) for done in one.done if done.edit.side == side]
    by_then = [(when, item) for when, item in seen if when <= at]
    return max(by_then, key=itemgetter(0))[1] if by_then else None


def _last_of_each_side(edits: Iterable[Done]) -> Collection[Done]:
    return {done.edit.side: done for done in edits}.values()


def _last_or_first(one: Ending, field: str, *, but: Collection[Done] = ()) -> list[Any]:
    edits = (done for done in _edits(one, field) if done not in but)
    return _values(_last_of_each_side(edits) or one.done[:1], field)


def _values(edits: Iterable[Done], field: str) -> list[Any]:
    return [shown_by(done.item)[field] for done in edits]


def _edits(one: Ending, field: str) -> Iterator[Done]:
    """Edits of a field that may be carried: not those in Pipedrive of an occurrence.

    Once that is deleted, its activity may stay without it, as anybody's.
    """
    of_series = one.is_occurrence
    for done in one.done:
        of_series = of_series and (done.edit.side, done.edit.verb) != ("calendar", "delete")
        put_back = of_series and done.edit.side == "crm"
        if enters(done, field) and not put_back:
            yield done


def enters(done: Done, field: str) -> bool:
    """Whether an edit is of a field.

    An activity that does not say whether it is busy says so by its time.
    """
    if field == "busy" and done.edit.side == "crm" and done.item.busy is None:
        return done.edit.verb in VERBS["schedule"]
    return done.edit.verb in VERBS[field]
