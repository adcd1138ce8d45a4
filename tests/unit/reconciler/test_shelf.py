"""Links that one transaction knows."""

from dataclasses import replace
from datetime import UTC, datetime

from tests.unit.reconciler.samples import PLACE, kept, pending

from reconciler.core.model import LinkState
from reconciler.shelf import Shelf


def shelf_of(*links):
    shelf = Shelf()
    shelf.add(links)
    return shelf


def test_a_living_link_is_found_before_a_dissolved_one_in_any_order():
    living, ended = kept(1), kept(2, state=LinkState.DISSOLVED)
    for shelf in (shelf_of(living, ended), shelf_of(ended, living)):
        assert shelf.of_activity(PLACE, 5) == living.link
        assert shelf.of_event(PLACE, "e") == living.link


def test_of_several_dissolved_links_the_newest_is_found():
    older, newer = (kept(n, state=LinkState.DISSOLVED) for n in (1, 2))
    assert shelf_of(older, newer).of_activity(PLACE, 5) == newer.link


def test_the_newest_is_found_whatever_was_loaded_first():
    older, newer = (
        replace(kept(n, state=LinkState.DISSOLVED), changed_at=datetime(2026, 3, n, tzinfo=UTC))
        for n in (1, 2)
    )
    shelf = shelf_of(newer, older)
    assert shelf.of_activity(PLACE, 5) == newer.link
    shelf.put(replace(older, changed_at=None))
    assert shelf.of_activity(PLACE, 5) == older.link


def test_a_change_is_not_overwritten_by_what_is_stored():
    shelf = shelf_of(kept(1))
    changed = kept(1, revision=9)
    shelf.put(changed)
    shelf.add([kept(1)])
    assert shelf.of_activity(PLACE, 5) == changed.link


def test_changes_are_taken_once():
    shelf = shelf_of(kept(1))
    assert shelf.take_changed() == []
    shelf.put(kept(1, revision=5))
    shelf.put(kept(1, revision=6))
    assert [one.link.revision for one in shelf.take_changed()] == [6]
    assert shelf.take_changed() == []


def test_a_link_creates_an_activity_until_its_id_is_known():
    creating = kept(1, activity_id=None, pending_activity=pending())
    shelf = shelf_of(creating)
    assert list(shelf.creating_activities(PLACE)) == [creating]
    shelf.put(kept(1, activity_id=5))
    assert list(shelf.creating_activities(PLACE)) == []
