"""Which calendar a mailbox means, and whether it may do with it what it wants to."""

from tandem_sandbox.google import errors
from tandem_sandbox.google.model import Calendar, Mailbox, Role
from tandem_sandbox.google.state import GoogleState

PRIMARY = "primary"


def reach(
    state: GoogleState, mailbox: Mailbox, calendar_id: str, need: Role
) -> tuple[Calendar, Role]:
    """The calendar and the role that the mailbox has for it.

    Raises:
        GoogleError: the mailbox does not know the calendar, or its role does not suffice.
    """
    if calendar_id == PRIMARY:
        primaries = [one.calendar_id for one in mailbox.entries.values() if one.primary]
        calendar_id = primaries[0] if primaries else mailbox.email
    entry = mailbox.entries.get(calendar_id)
    calendar = state.calendars.get(calendar_id)
    if entry is None or entry.deleted or calendar is None or calendar.deleted:
        raise errors.not_found()
    if not entry.role.covers(need):
        if need is Role.OWNER:
            raise errors.GoogleError(403, "forbidden", "Forbidden")
        raise errors.writer_access_required()
    return calendar, entry.role
