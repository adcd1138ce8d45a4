"""What the codes of the API are called on a page; translated where they are shown."""

from collections.abc import Mapping
from typing import Final

from settings_api.pages.language import marked

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "provider": {
        "google": marked("Google Calendar"),
        "microsoft": marked("Outlook"),
        "exchange": marked("Exchange"),
    },
    "status": {
        "setting_up": marked("Not started"),
        "active": marked("Syncing"),
        "paused": marked("Paused"),
        "reconnect_needed": marked("Reconnect needed"),
        "needs_confirmation": marked("Your word is needed"),
        "calendar_gone": marked("Calendar is gone"),
    },
    "push": {
        "up": marked("Changes arrive at once"),
        "down": marked("Push is down: checking every 5 minutes"),
        "unknown": marked("Push has not been tried yet"),
    },
    "direction": {
        "two_way": marked("Two-way: Pipedrive and the calendar"),
        "one_way": marked("One-way: from Pipedrive to the calendar"),
    },
    "private_events": {
        "redact": marked("Show as “Private”, without details"),
        "skip": marked("Do not sync"),
        "full": marked("Sync as they are"),
    },
    "conflict_winner": {
        "latest": marked("The later change"),
        "crm": marked("Pipedrive"),
        "calendar": marked("The calendar"),
    },
    "side": {"crm": marked("Pipedrive"), "calendar": marked("Calendar")},
    "action": {
        "created": marked("Created"),
        "updated": marked("Updated"),
        "deleted": marked("Deleted"),
        "skipped": marked("Skipped"),
        "held": marked("Held"),
        "conflict": marked("Conflict"),
        "reverted": marked("Undone"),
        "linked": marked("Linked"),
        "dissolved": marked("Unlinked"),
        "refused": marked("Refused"),
    },
    "scope": {
        "read": marked("Look"),
        "write": marked("Look, and change what is yours"),
        "admin": marked("Everything: API tokens and the company too"),
    },
    "verb": {
        "create": marked("Create"),
        "update": marked("Update"),
        "delete": marked("Delete"),
    },
    "count": {
        "create_event": marked("Events to create"),
        "update_event": marked("Events to update"),
        "delete_event": marked("Events to delete"),
        "create_activity": marked("Activities to create"),
        "update_activity": marked("Activities to update"),
        "delete_activity": marked("Activities to delete"),
    },
    "field": {
        "title": marked("Title"),
        "schedule": marked("Time"),
        "description": marked("Description"),
        "location": marked("Location"),
        "busy": marked("Shown as busy"),
        "guests": marked("Guests"),
    },
    "reason": {
        "created": marked("Created"),
        "updated": marked("Updated"),
        "deleted": marked("Deleted"),
        "matched": marked("Found on both sides"),
        "conflict": marked("Conflict"),
        "held_mass_delete": marked("Held deletion"),
        "not_owner": marked("Another user's"),
        "type_not_synced": marked("Type is not synced"),
        "past": marked("In the past"),
        "done": marked("Done"),
        "one_way": marked("One-way"),
        "private": marked("Private"),
        "declined": marked("Declined"),
        "not_organizer": marked("Another organiser"),
        "recurring_read_only": marked("Recurring series"),
        "loop_suspected": marked("Loop suspected"),
        "provider_refused": marked("Refused by the provider"),
    },
    "check": {"ok": marked("Works"), "wait": marked("Not yet"), "bad": marked("Needs you")},
}
