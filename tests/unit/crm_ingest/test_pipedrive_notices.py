"""Of a webhook only ids are taken, and only of the shape that we subscribe to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_ingest.adapters.pipedrive.notices import MalformedError, Notice, notice_of

META = {"action": "change", "entity": "activity", "entity_id": "2", "company_id": "8087566"}


def _body(*, meta: dict[str, Any] | None = None, **parts: Any) -> bytes:
    return json.dumps({"data": None, "previous": None, "meta": meta or META, **parts}).encode()


@pytest.mark.parametrize(
    ("parts", "owner_id"),
    [
        ({"data": {"owner_id": 5}}, 5),
        ({"data": {"owner_id": 5}, "previous": {"owner_id": 6}}, 5),
        ({"previous": {"owner_id": 6}}, 6),
        ({"data": {"owner_id": None}}, None),
        ({}, None),
    ],
)
def test_the_owner_is_the_present_one_or_the_last(parts: dict[str, Any], owner_id: int | None):
    assert notice_of(_body(**parts)) == Notice(8087566, 2, owner_id)


def test_ids_may_be_numbers_as_well():
    meta = META | {"entity_id": 2, "company_id": 8087566}
    assert notice_of(_body(meta=meta)) == Notice(8087566, 2, None)


def test_other_things_than_activities_are_none_of_our_business():
    assert notice_of(_body(meta=META | {"entity": "deal", "entity_id": "uuid"})) is None


@pytest.mark.parametrize(
    "meta",
    [
        META | {"action": "merged"},
        META | {"entity_id": "0"},
        META | {"entity_id": "-1"},
        META | {"entity_id": str(2**70)},
        META | {"company_id": None},
        META | {"entity": 7},
    ],
)
def test_other_shapes_are_refused(meta: dict[str, Any]):
    with pytest.raises(MalformedError):
        notice_of(_body(meta=meta))


@given(st.binary(max_size=200))
def test_rubbish_is_refused_and_breaks_nothing(body: bytes):
    with pytest.raises(MalformedError):
        notice_of(body)
