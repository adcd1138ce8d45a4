"""What people paste is understood: ids, and links into Pipedrive, Google Calendar and Outlook."""

import base64

import pytest

from settings_api.pages.records import activity_of, event_of


@pytest.mark.parametrize(
    ("item", "activity_id"),
    [
        ("42", 42),
        ("https://north.pipedrive.com/activities/42", 42),
        ("https://north.pipedrive.com/activity/42?x=1", 42),
        ("https://north.pipedrive.com/activities/list?activity=42", 42),
        ("abc", None),
        ("0", None),
        ("9" * 30, None),
    ],
)
def test_an_activity_is_recognised(item, activity_id):
    assert activity_of(item) == activity_id


def test_an_event_is_recognised():
    coded = base64.urlsafe_b64encode(b"event1 anna@gmail.com").decode().rstrip("=")
    assert event_of(f"https://www.google.com/calendar/event?eid={coded}") == "event1"
    assert event_of("https://outlook.office365.com/owa/?itemid=AAMk%3D&exvsurl=1") == "AAMk="
    assert event_of("event1") == "event1"
    assert event_of("https://www.google.com/calendar/event?eid=%FF") != ""
