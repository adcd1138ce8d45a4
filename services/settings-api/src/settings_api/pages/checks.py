"""What a connection needs in order to sync, each tried now, with what to do where it fails."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from settings_api.api import connections as calls
from settings_api.api.caller import Caller
from settings_api.api.shown import ShownConnection, ShownPush
from settings_api.pages.language import marked
from settings_api.parts import Parts
from settings_api.problem import ProblemError

SWEPT_WITHIN: Final = timedelta(minutes=10)
_RECONNECT: Final = marked("Reconnect the account.")


@dataclass(frozen=True)
class Check:
    """One thing that was tried; `sentence` and `remedy` are English and translated when shown."""

    name: str
    state: Literal["ok", "wait", "bad"]
    sentence: str
    remedy: str = ""


async def checks_of(connection: ShownConnection, caller: Caller, parts: Parts) -> list[Check]:
    """All checks, in the order in which trouble is best looked for."""
    return [
        await _account(marked("Access to Pipedrive"), parts.neighbours.activity_types(caller.user)),
        await _account(
            marked("Access to the calendar"), calls.calendars(connection.id, caller, parts)
        ),
        _push(marked("Webhook of Pipedrive"), connection.push["pipedrive"]),
        _push(marked("Notifications of the calendar"), connection.push["calendar"]),
        _sweep(connection, parts),
        _settings(connection),
    ]


async def _account(name: str, call: Awaitable[Any]) -> Check:
    try:
        await call
    except ProblemError as problem:
        if problem.status == 409:  # noqa: PLR2004 - the grant is lost
            return Check(name, "bad", marked("The account's permission has ended."), _RECONNECT)
        return Check(
            name,
            "wait",
            marked("The provider does not answer, or its quota is used up."),
            marked("Nothing is lost; it is tried again by itself."),
        )
    return Check(name, "ok", marked("The account answers."))


def _push(name: str, push: ShownPush) -> Check:
    if push.state == "up":
        return Check(name, "ok", marked("Changes arrive at once"))
    if push.state == "unknown":
        return Check(
            name,
            "wait",
            marked("Push has not been tried yet"),
            marked("Wait a minute."),
        )
    return Check(
        name,
        "wait",
        marked("Push is down: checking every 5 minutes"),
        marked("Ask whoever runs Tandem whether its address can be reached from outside."),
    )


def _sweep(connection: ShownConnection, parts: Parts) -> Check:
    name = marked("Last full look at both sides")
    if connection.last_synced is None:
        return Check(
            name, "wait", marked("Both sides have not been read yet."), marked("Wait a minute.")
        )
    age = parts.clock.now() - connection.last_synced
    if age < -SWEPT_WITHIN:
        return Check(
            name,
            "bad",
            marked("The clocks of Tandem's machines differ."),
            marked("Ask whoever runs Tandem to set them by time servers."),
        )
    if age > SWEPT_WITHIN:
        return Check(
            name, "bad", marked("It is long ago."), marked("Press “Read both sides again”.")
        )
    return Check(name, "ok", marked("It was a moment ago."))


def _settings(connection: ShownConnection) -> Check:
    name = marked("State of the connection")
    match connection.status:
        case "active":
            return Check(name, "ok", marked("Syncing"))
        case "setting_up":
            return Check(name, "wait", marked("Not started"), marked("Start the connection."))
        case "paused":
            return Check(name, "wait", marked("Paused"), marked("Resume the connection."))
        case "needs_confirmation":
            return Check(
                name,
                "bad",
                marked("Your word is needed"),
                marked("Confirm or reject the held deletions."),
            )
        case "calendar_gone":
            return Check(
                name, "bad", marked("Calendar is gone"), marked("Choose another calendar.")
            )
        case _:
            return Check(name, "bad", marked("Reconnect needed"), _RECONNECT)
