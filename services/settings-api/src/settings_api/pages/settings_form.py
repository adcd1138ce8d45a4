"""One setting as a form sends it, made into the change that the REST API knows."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from starlette.datastructures import FormData

from settings_api.api.changes import SettingsChange
from settings_api.neighbours import ActivityType
from settings_api.problem import field_problem

CHOICES: Final = frozenset({"direction", "save_events_as", "private_events", "conflict_winner"})
SWITCHES: Final = frozenset({"include_deal_contact_info", "invite_guests"})
NUMBERS: Final = frozenset({"default_duration_minutes", "horizon_days"})


def change_of(form: FormData, types: list[ActivityType]) -> SettingsChange:
    """The change of the setting that the form names; ProblemError 422 for a wrong value.

    All active types ticked means all types, also those that are made later.
    """
    name = str(form.get("setting") or "")
    if name == "synced_types":
        ticked = {str(one) for one in form.getlist("type")}
        every = ticked >= {one.key for one in types}
        return _checked(name, {name: None if every else sorted(ticked)})
    value = str(form.get(name) or "")
    if name in SWITCHES:
        return _checked(name, {name: bool(value)})
    if name in NUMBERS:
        return _checked(name, {name: int(value) if value.isascii() and value.isdigit() else value})
    if name == "calendar_id":
        events = {"events": form.get("events")} if "events" in form else {}
        return _checked(name, {name: value, **events})
    if name in CHOICES:
        return _checked(name, {name: value})
    raise field_problem("setting", "there is no such setting")


def _checked(name: str, given: Mapping[str, Any]) -> SettingsChange:
    try:
        return SettingsChange.model_validate(given)
    except ValidationError as error:
        raise field_problem(name, str(error.errors()[0]["msg"])) from None
