"""Items, as exchangelib creates, reads, finds, changes and deletes them."""

from datetime import timedelta

import pytest
from exchangelib import (
    Account,
    CalendarItem,
    EWSDate,
    EWSDateTime,
    EWSTimeZone,
    ExtendedProperty,
    FolderCollection,
    Q,
)
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorCalendarEndDateIsEarlierThanStartDate,
    ErrorIrresolvableConflict,
    ErrorItemNotFound,
)
from exchangelib.items import NEVER_OVERWRITE, SEND_TO_ALL_AND_SAVE_COPY, SEND_TO_NONE
from tests.contract.exchange.conftest import ANNA

from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

BERLIN = EWSTimeZone("Europe/Berlin")
START = EWSDateTime(2031, 3, 4, 10, tzinfo=BERLIN)


class Ticket(ExtendedProperty):  # type: ignore[misc]
    property_set_id = "0d3f3a86-5d0e-4a3e-8f0e-1c9f2b7a4e55"
    property_name = "Ticket"
    property_type = "String"


CalendarItem.register("ticket", Ticket)


def made(account: Account, subject: str = "Lunch", **fields) -> CalendarItem:
    fields = {"start": START, "end": START + timedelta(hours=1)} | fields
    send = fields.pop("send", SEND_TO_NONE)
    item = CalendarItem(account=account, folder=account.calendar, subject=subject, **fields)
    return item.save(send_meeting_invitations=send)


def read(account: Account, item: CalendarItem) -> CalendarItem:
    [found] = account.fetch([(item.id, None)])
    return found


def test_the_calendars_of_an_account_are_found_with_their_rights(anna: Account):
    found = FolderCollection(account=anna, folders=[anna.msg_folder_root]).find_folders(
        q=Q(folder_class="IPF.Appointment"), depth="Deep"
    )
    rights = {folder.name: folder.effective_rights.create_contents for folder in found}
    assert rights == {"Calendar": True, "Projects": True, "Public holidays": False}


def test_what_is_written_is_read_back_with_what_the_server_adds(anna: Account):
    text = "Long ☃ " * 3000
    item = read(anna, made(anna, "Emoji 😀", body=text, location="Room 1"))
    assert (item.subject, item.location, str(item.body)) == ("Emoji 😀", "Room 1", text)
    assert (item.start, item.end) == (START, START + timedelta(hours=1))
    assert (item.my_response_type, item.type, item.is_cancelled) == ("Organizer", "Single", False)
    assert item.organizer.email_address == ANNA


def test_whole_days_stay_whole_days(anna: Account):
    first, last = EWSDate(2031, 6, 3), EWSDate(2031, 6, 5)
    item = made(
        anna,
        start=first,
        end=last,
        is_all_day=True,
        _start_timezone=BERLIN,
        _end_timezone=BERLIN,
    )
    again = read(anna, item)
    assert (again.is_all_day, again.start, again.end) == (True, first, last)


def test_an_extended_property_finds_its_item_only(anna: Account):
    wanted = made(anna, ticket="4711")
    made(anna, ticket="4712")
    made(anna)
    found = list(anna.calendar.filter(ticket="4711").only("subject", "ticket"))
    assert [(one.id, one.ticket) for one in found] == [(wanted.id, "4711")]


def test_a_view_shows_what_overlaps_it(anna: Account):
    made(anna, "In")
    made(anna, "Out", start=START + timedelta(days=9), end=START + timedelta(days=9, hours=1))
    view = anna.calendar.view(start=START + timedelta(minutes=30), end=START + timedelta(days=1))
    assert [one.subject for one in view] == ["In"]


def test_pages_of_a_search_lead_to_everything(anna: Account):
    for number in range(7):
        made(anna, f"Event {number}")
    query = anna.calendar.all().only("subject")
    query.page_size = 3
    assert {one.subject for one in query} == {f"Event {n}" for n in range(7)}


def test_a_stale_change_key_is_refused_and_changes_nothing(anna: Account):
    item = made(anna)
    newer = read(anna, item)
    newer.subject = "Newer"
    newer.save(update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)
    item.subject = "Stale"
    with pytest.raises(ErrorIrresolvableConflict):
        item.save(
            update_fields=["subject"],
            send_meeting_invitations=SEND_TO_NONE,
            conflict_resolution=NEVER_OVERWRITE,
        )
    assert read(anna, item).subject == "Newer"


def test_a_deleted_item_lies_among_the_deleted_ones_under_another_id(anna: Account):
    item = made(anna, ticket="4711")
    old_id = item.id
    item.move_to_trash(send_meeting_cancellations=SEND_TO_NONE)
    [gone] = anna.fetch([(old_id, None)])
    assert isinstance(gone, ErrorItemNotFound)
    [kept] = anna.trash.filter(ticket="4711").only("ticket")
    assert kept.id != old_id


@pytest.mark.rule("7.5")
def test_nobody_is_mailed_unless_asked(anna: Account, world: World):
    guests = [f"guest{number}@example.com" for number in range(200)]
    quiet = made(anna, required_attendees=guests)
    quiet.delete(send_meeting_cancellations=SEND_TO_NONE)
    assert world.mails.total == 0
    loud = made(anna, required_attendees=guests, send=SEND_TO_ALL_AND_SAVE_COPY)
    assert world.mails.total == 200
    assert len(read(anna, loud).required_attendees) == 200


def test_what_makes_no_sense_or_is_not_allowed_changes_nothing(anna: Account):
    item = made(anna)
    item.end = START - timedelta(hours=1)
    with pytest.raises((ErrorCalendarEndDateIsEarlierThanStartDate, ValueError)):
        item.save(update_fields=["end"], send_meeting_invitations=SEND_TO_NONE)
    assert read(anna, item).end == START + timedelta(hours=1)
    holidays = next(
        folder
        for folder in FolderCollection(account=anna, folders=[anna.msg_folder_root]).find_folders(
            depth="Deep"
        )
        if folder.name == "Public holidays"
    )
    item = CalendarItem(
        account=anna, folder=holidays, subject="No", start=START, end=START + timedelta(hours=1)
    )
    with pytest.raises(ErrorAccessDenied):
        item.save(send_meeting_invitations=SEND_TO_NONE)


def test_a_restart_keeps_everything(anna: Account, world: World):
    item = made(anna, ticket="4711")
    kept = World(SandboxSettings())
    kept.load(world.dump())
    mailbox = kept.exchange.mailboxes[ANNA]
    assert mailbox.items[item.id].change_key == item.changekey
    assert kept.exchange.last_change == world.exchange.last_change
