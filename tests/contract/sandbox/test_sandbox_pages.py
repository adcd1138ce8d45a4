"""The pages themselves: what they let in, what they refuse, and what they tell as it happens."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from tests.contract.sandbox.conftest import USER, Visitor, coming

FRAGMENT = {"hx-request": "true"}


class Stream:
    """The events of an open page."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()
        self.last_id = ""

    def next(self) -> tuple[str, str]:
        """Name and text of the next event."""
        name, data = "", []
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                self.last_id = value
            elif field == "data":
                data.append(value)
            elif not line and name:
                return name, "\n".join(data)
        raise AssertionError("the stream ended")


@contextmanager
def page_open(visitor: Visitor, **headers: str) -> Iterator[Stream]:
    """A page that a browser has open, and its stream."""
    page = visitor.web.get("/").text
    address = re.search(r'sse-connect="([^"]+)"', page)
    assert address is not None
    path = address[1].replace("&amp;", "&")
    with visitor.web.stream("GET", path, headers=headers) as answer:
        yield Stream(answer)


def test_a_change_is_told_to_an_open_page_with_what_came_marked(visitor: Visitor):
    visitor.create("google", "There before")
    with page_open(visitor) as stream:
        visitor.create("google", "Just came")
        name, text = stream.next()
        assert name == "google"
        assert "There before" in text
        assert re.findall(r'class="meeting fresh">\s*<a[^>]*>.*?title">([^<]+)', text) == [
            "Just came"
        ]
        name, text = stream.next()
        assert (name, text.split()) == ("news", ["Google", "now", "shows", "“Just", "came”"])
        visitor.delete("google", "Just came")
        assert "Just came" not in stream.next()[1]
        assert " ".join(stream.next()[1].split()) == "Google no longer shows “Just came”"


def test_a_browser_that_comes_back_is_told_only_what_it_missed(visitor: Visitor):
    with page_open(visitor) as stream:
        visitor.create("google", "Seen")
        stream.next()
        seen = stream.last_id
    visitor.create("exchange", "Missed")
    with page_open(visitor, **{"last-event-id": seen}) as stream:
        name, text = stream.next()
    assert (name, "Missed" in text) == ("exchange", True)


def test_a_trouble_is_armed_met_told_and_taken_back(visitor: Visitor):
    with page_open(visitor) as stream:
        visitor.send("/faults", vendor="google", trouble="down", times="2").raise_for_status()
        assert "Google is unavailable (503), 2 more times" in stream.next()[1]
        assert visitor.vendor("google").get("/events").status_code == 503
        assert "1 more time<" in stream.next()[1]
        visitor.send("/faults/disarm", id="all").raise_for_status()
        assert "All vendors behave" in stream.next()[1]
    assert visitor.vendor("google").get("/events").status_code == 200


def test_each_trouble_can_be_armed_and_disarmed_by_itself(visitor: Visitor):
    page = visitor.web.get("/").text
    troubles = re.findall(r'<option value="(\w+)">', page)[4:]
    for trouble in troubles:
        visitor.send("/faults", vendor="exchange", trouble=trouble, times="3").raise_for_status()
    armed = visitor.web.get("/_control/faults").json()["items"]
    assert len(armed) == len(troubles) == 9
    assert {(one["provider"], one["left"]) for one in armed} == {("exchange", 3)}
    shown = re.findall(r"<span>(Exchange [^<]+), 3 more", visitor.web.get("/").text)
    assert len(set(shown)) == 9
    visitor.send("/faults/disarm", id=str(armed[0]["id"])).raise_for_status()
    assert visitor.web.get("/_control/faults").json()["items"] == armed[1:]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"day": "soon"}, "day"),
        ({"day": "0001-01-01"}, "day"),
        ({"minutes": "-1"}, "minutes"),
        ({"minutes": "1e9"}, "minutes"),
        ({"time": "25:00"}, "time"),
        ({"day": ""}, "date"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_with_what_is_wrong(
    visitor: Visitor, fields: dict[str, str], told: str
):
    asked = {"title": "Visit", "day": str(coming()), "time": "10:00", "minutes": "30"} | fields
    path = "/sides/google/meetings"
    refused = visitor.web.post(path, data=asked)
    assert refused.status_code == 422
    assert told in refused.text
    fragment = visitor.web.post(path, data=asked, headers=FRAGMENT)
    assert (fragment.status_code, fragment.headers["hx-reswap"]) == (422, "none")
    assert told in fragment.text
    assert visitor.lines("google") == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_changes_nothing(visitor: Visitor, site: str):
    asked = {"title": "Planted", "day": str(coming()), "time": "10:00"}
    headers = {"sec-fetch-site": site}
    assert visitor.web.post("/sides/google/meetings", data=asked, headers=headers).is_error
    assert visitor.web.post("/faults/disarm", data={"id": "all"}, headers=headers).is_error
    assert visitor.lines("google") == []


@pytest.mark.parametrize(
    "path",
    [
        "/?pipedrive=nobody@north.example",
        "/?google=nobody@north.example",
        "/?from=soon",
        "/?from=9999-12-31",
        "/live?exchange=nobody@onprem.example",
        "/sides/caldav/meetings/edit?key=1",
        "/sides/google/meetings/edit?key=gone",
        "/sides/pipedrive/meetings/edit?key=99",
        "/assets/other.js",
    ],
)
def test_what_is_not_there_is_said_to_be_so(visitor: Visitor, path: str):
    assert visitor.web.get(path).status_code == 404


def test_activities_of_others_are_not_changed_from_ones_page(visitor: Visitor):
    visitor.create("pipedrive", "Mine")
    key = visitor.form("pipedrive", "Mine")["key"]
    other = "/sides/pipedrive/meetings/delete?pipedrive=sales2@north.example"
    assert visitor.send(other, key=key).status_code == 404
    assert visitor.lines("pipedrive") == ["10:00-10:30 Mine"]


def test_pages_let_in_nothing_but_their_own_files(visitor: Visitor):
    visitor.create("google", "Visit")
    pages = [
        visitor.web.get("/"),
        visitor.web.get("/?google=nobody"),
        visitor.web.get("/sides/google/meetings/edit", params=visitor.form("google", "Visit")),
    ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]* src=)|\sstyle=|\son\w+=|https?://", page.text)
        for address in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text):
            answer = visitor.web.get(address)
            assert answer.is_success
            assert "immutable" in answer.headers["cache-control"]


def test_another_page_of_days_and_other_accounts_stay_chosen(visitor: Visitor):
    visitor.create("google", "Later", day=coming(9))
    assert visitor.lines("google") == []
    page = visitor.web.get("/", params={"exchange": "sales2@onprem.example"}).text
    later = re.search(r'href="(/\?[^"]*)">7 days later', page)
    assert later is not None
    shown = visitor.web.get(later[1].replace("&amp;", "&")).text
    assert "Later" in shown
    assert "<option selected>sales2@onprem.example" in shown
    assert f"<option selected>{USER}" in shown


def test_open_pages_do_not_hold_up_a_sandbox_that_stops(visitor: Visitor, monkeypatch):
    with page_open(visitor) as stream:
        monkeypatch.setattr(visitor.world, "is_stopping", lambda: True)
        with pytest.raises(AssertionError, match="ended"):
            stream.next()
