"""Faults take exactly their turns."""

import pytest

from tandem_sandbox.faults import (
    DELIVERY_KINDS,
    FAULTS_MAX,
    FaultBook,
    FaultKind,
    FaultOrder,
)


def _order(kind=FaultKind.STATUS, **fields):
    return FaultOrder(provider="pipedrive", kind=kind, **fields)


def _take(book, operation="activities.get", account="a@example.com", **more):
    return book.take("pipedrive", operation, account, **more)


def test_a_fault_is_used_up_after_its_turns():
    book = FaultBook()
    fault = book.arm(_order(times=3))
    taken = [_take(book) for _ in range(4)]
    assert [one.id if one else None for one in taken] == [fault.id] * 3 + [None]
    assert book.armed() == []


def test_what_is_armed_tells_the_turns_left():
    book = FaultBook()
    book.arm(_order(times=3))
    _take(book)
    assert [(one.times, one.left) for one in book.armed()] == [(3, 2)]


@pytest.mark.parametrize(
    ("operation", "meant"),
    [("activities.*", True), ("*", True), ("activities.get", True), ("persons.*", False)],
)
def test_an_operation_is_meant_by_a_pattern(operation, meant):
    book = FaultBook()
    book.arm(_order(operation=operation))
    assert (_take(book) is not None) is meant


def test_another_account_or_provider_takes_no_turn():
    book = FaultBook()
    book.arm(_order(account="b@example.com"))
    assert _take(book) is None
    assert book.take("google", "events.get", "b@example.com") is None
    assert _take(book, account=None) is None
    assert _take(book, account="b@example.com") is not None


def test_requests_and_deliveries_never_take_each_others_turns():
    book = FaultBook()
    drop, status = book.arm(_order(FaultKind.DROP_WEBHOOK)), book.arm(_order())
    request, delivery = _take(book), _take(book, kinds=DELIVERY_KINDS)
    assert request is not None
    assert delivery is not None
    assert (request.id, delivery.id) == (status.id, drop.id)


def test_faults_are_taken_in_the_order_of_arming():
    book = FaultBook()
    first, second = book.arm(_order(status=500)), book.arm(_order(status=429))
    assert [one.id for _ in range(2) if (one := _take(book))] == [first.id, second.id]


def test_a_fault_can_be_taken_back_once():
    book = FaultBook()
    fault = book.arm(_order())
    assert book.disarm(fault.id)
    assert not book.disarm(fault.id)
    assert _take(book) is None


def test_the_book_has_an_end():
    book = FaultBook()
    for _ in range(FAULTS_MAX):
        book.arm(_order())
    with pytest.raises(ValueError, match="faults: at most"):
        book.arm(_order())
    book.reset()
    assert book.armed() == []
