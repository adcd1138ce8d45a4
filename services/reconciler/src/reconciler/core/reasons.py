"""Why something was or was not synced: a code, a sentence for the user, and what to do about it."""

from enum import StrEnum
from typing import Final, NamedTuple


class Reason(StrEnum):
    """Reason codes; extended here and nowhere else."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    MATCHED = "matched"
    NO_CHANGE = "no_change"
    AWAITING = "awaiting"
    NOT_OWNER = "not_owner"
    OWNER_CHANGED = "owner_changed"
    TYPE_NOT_SYNCED = "type_not_synced"
    NO_DUE_DATE = "no_due_date"
    PAST = "past"
    DONE = "done"
    DONE_KEPT = "done_kept"
    ONE_WAY = "one_way"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    PRIVATE = "private"
    EVENT_KIND = "event_kind"
    NOT_ORGANIZER = "not_organizer"
    RECURRING_READ_ONLY = "recurring_read_only"
    RECURRING_LIMIT = "recurring_limit"
    BEYOND_HORIZON = "beyond_horizon"
    CONFLICT = "conflict"
    HELD_MASS_DELETE = "held_mass_delete"
    LOOP_SUSPECTED = "loop_suspected"
    PAUSED = "paused"
    PROVIDER_REFUSED = "provider_refused"
    AUTH_LOST = "auth_lost"
    CALENDAR_GONE = "calendar_gone"
    CALENDAR_CHANGED = "calendar_changed"
    DISCONNECTED = "disconnected"
    SUPPRESSED = "suppressed"
    UNDONE = "undone"


REFUSALS: Final = frozenset({Reason.PROVIDER_REFUSED, Reason.NOT_ORGANIZER})
"""Why a link rests of which a provider has refused a write for good."""


class Explanation(NamedTuple):
    """One sentence, and one thing to do about it (empty: nothing needs doing)."""

    sentence: str
    remedy: str = ""


EXPLANATIONS: Final[dict[Reason, Explanation]] = {
    Reason.CREATED: Explanation("It was created on the other side."),
    Reason.UPDATED: Explanation("The change was carried to the other side."),
    Reason.DELETED: Explanation("It was deleted on one side, and so on the other."),
    Reason.MATCHED: Explanation("The same meeting was on both sides already; they are now linked."),
    Reason.NO_CHANGE: Explanation("Both sides agree."),
    Reason.AWAITING: Explanation("A write is under way; wait a moment."),
    Reason.NOT_OWNER: Explanation(
        "The activity belongs to another user.",
        "Assign it to yourself to have it in your calendar.",
    ),
    Reason.OWNER_CHANGED: Explanation(
        "The activity was given to another user.", "Ask for it back to have it in your calendar."
    ),
    Reason.TYPE_NOT_SYNCED: Explanation(
        "Activities of this type are not synced.", "Tick the type in the connection's settings."
    ),
    Reason.NO_DUE_DATE: Explanation(
        "The activity has no due date.", "Give it a due date in Pipedrive."
    ),
    Reason.PAST: Explanation(
        "It lies in the past.", "Move it to the future if it is to be synced."
    ),
    Reason.DONE: Explanation(
        "The activity is marked done.", "Mark it as to do if it is to be synced."
    ),
    Reason.DONE_KEPT: Explanation("Its event was deleted; the done activity was kept."),
    Reason.ONE_WAY: Explanation(
        "The connection syncs from Pipedrive to the calendar only.",
        "Switch the connection to two-way sync.",
    ),
    Reason.DECLINED: Explanation("You declined the event.", "Accept it to have it in Pipedrive."),
    Reason.CANCELLED: Explanation("The event was cancelled."),
    Reason.PRIVATE: Explanation(
        "The event is private.", "Change how private events are treated, or the event itself."
    ),
    Reason.EVENT_KIND: Explanation(
        "Birthdays, working locations, focus times and absences are not synced."
    ),
    Reason.NOT_ORGANIZER: Explanation(
        "Somebody else organises this event, so it can not be changed from Pipedrive.",
        "Ask the organiser to change it.",
    ),
    Reason.RECURRING_READ_ONLY: Explanation(
        "It belongs to a series, which can be edited in the calendar only.",
        "Edit it in the calendar.",
    ),
    Reason.RECURRING_LIMIT: Explanation(
        "Only the next 100 occurrences of a series are synced.", "Wait until its turn comes."
    ),
    Reason.BEYOND_HORIZON: Explanation(
        "This occurrence lies further ahead than the connection looks.",
        "Raise the connection's horizon, or wait.",
    ),
    Reason.CONFLICT: Explanation(
        "Both sides were changed; one won, the other's value is kept here.",
        "Undo this row if the other should have won.",
    ),
    Reason.HELD_MASS_DELETE: Explanation(
        "Many items were deleted at once, so the deletion waits for your word.",
        "Confirm or reject the held deletions.",
    ),
    Reason.LOOP_SUSPECTED: Explanation(
        "It was rewritten again and again, so it rests.", "Resume it when the cause is mended."
    ),
    Reason.PAUSED: Explanation("The connection is paused.", "Resume the connection."),
    Reason.PROVIDER_REFUSED: Explanation(
        "The provider refused the write.", "See the provider's reason, then change the item."
    ),
    Reason.AUTH_LOST: Explanation("The account's permission has ended.", "Reconnect the account."),
    Reason.CALENDAR_GONE: Explanation(
        "The calendar does not exist any more.", "Choose another calendar."
    ),
    Reason.CALENDAR_CHANGED: Explanation("Another calendar was chosen for the connection."),
    Reason.DISCONNECTED: Explanation("The account was disconnected."),
    Reason.SUPPRESSED: Explanation(
        "It was taken out of the sync earlier and does not come back by itself.",
        "Make a new item if it is to be synced.",
    ),
    Reason.UNDONE: Explanation("It was taken back by hand.", "Undo this row to have it again."),
}
