"""How records look outside: API v2's activity, and the other shape that webhooks give it."""

from datetime import datetime
from typing import Any

from tandem_sandbox.pipedrive.model import Activity, Shared


def moment(value: datetime) -> str:
    """RFC 3339, whole seconds, UTC."""
    return value.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def v1_moment(value: datetime) -> str:
    """The older form of API v1."""
    return value.replace(tzinfo=None).isoformat(" ", "seconds")


def shown_activity(activity: Activity, *, attendees: bool) -> dict[str, Any]:
    """An activity as API v2 answers it; attendees come only when asked for."""
    shown = activity.model_dump()
    for name in ("add_time", "update_time", "marked_as_done_time"):
        shown[name] = moment(shown[name]) if shown[name] is not None else None
    if not attendees:
        del shown["attendees"]
    return shown


def hooked_activity(activity: Activity) -> dict[str, Any]:
    """An activity as a webhook tells of it: other names, no note, attendees or participants."""
    return {
        "active_flag": not activity.is_deleted,
        "add_time": moment(activity.add_time),
        "busy_flag": activity.busy,
        "custom_fields": {},
        "deal_id": activity.deal_id,
        "done": activity.done,
        "due_date": activity.due_date,
        "due_time": _hooked_time(activity.due_time),
        "duration": _hooked_time(activity.duration),
        "id": activity.id,
        "lead_id": activity.lead_id,
        "location": activity.location.model_dump() if activity.location else None,
        "org_id": activity.org_id,
        "owner_id": activity.owner_id,
        "person_id": activity.person_id,
        "public_description": activity.public_description or "",
        "subject": activity.subject,
        "type": activity.type,
        "update_time": moment(activity.update_time),
        "update_user_id": None,
    }


def shown_shared(record: Shared) -> dict[str, Any]:
    """A deal, a person or an organisation as API v2 answers it."""
    shown = record.model_dump()
    return {
        name: moment(value) if isinstance(value, datetime) else value
        for name, value in shown.items()
    }


def _hooked_time(value: str | None) -> dict[str, Any] | None:
    return None if value is None else {"timezone_id": None, "value": value}
