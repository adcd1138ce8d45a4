"""Holds answers against the vendor's description, where it lies beside the project.

The description declares nothing nullable, requires nothing, and knows only the good answer: nulls
are allowed here, and the fields that must be there are listed.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs"
ACTIVITY = frozenset(
    [
        "id",
        "subject",
        "type",
        "owner_id",
        "creator_user_id",
        "is_deleted",
        "add_time",
        "update_time",
        "deal_id",
        "lead_id",
        "person_id",
        "org_id",
        "project_id",
        "due_date",
        "due_time",
        "duration",
        "busy",
        "done",
        "marked_as_done_time",
        "location",
        "participants",
        "conference_meeting_client",
        "conference_meeting_url",
        "conference_meeting_id",
        "public_description",
        "priority",
        "note",
    ]
)
SHARED = frozenset(["id", "owner_id", "is_deleted", "visible_to", "add_time", "update_time"])
USER = frozenset(
    [
        "id",
        "name",
        "email",
        "locale",
        "timezone_name",
        "timezone_offset",
        "active_flag",
        "is_deleted",
    ]
)
TYPE = frozenset(
    ["id", "name", "key_string", "icon_key", "active_flag", "color", "order_nr", "is_custom_flag"]
)
WEBHOOK = frozenset(
    [
        "id",
        "company_id",
        "owner_id",
        "user_id",
        "event_action",
        "event_object",
        "subscription_url",
        "version",
        "is_active",
        "add_time",
        "remove_time",
        "type",
        "last_delivery_time",
        "last_http_status",
        "remove_reason",
        "name",
    ]
)
DELETED = frozenset({"id"})
REQUIRED: dict[tuple[str, str], frozenset[str]] = {
    ("get", "/api/v2/activities"): ACTIVITY,
    ("post", "/api/v2/activities"): ACTIVITY,
    ("get", "/api/v2/activities/{id}"): ACTIVITY,
    ("patch", "/api/v2/activities/{id}"): ACTIVITY,
    ("delete", "/api/v2/activities/{id}"): DELETED,
    ("get", "/api/v2/persons/search"): frozenset({"items"}),
    ("get", "/api/v1/users"): USER,
    ("get", "/api/v1/users/me"): USER | {"company_id", "company_domain", "company_name"},
    ("get", "/api/v1/users/{id}"): USER,
    ("get", "/api/v1/users/find"): USER,
    ("get", "/api/v1/activityTypes"): TYPE,
    ("post", "/api/v1/activityTypes"): TYPE,
    ("put", "/api/v1/activityTypes/{id}"): TYPE,
    ("delete", "/api/v1/activityTypes/{id}"): TYPE,
    ("get", "/api/v1/webhooks"): WEBHOOK,
    ("post", "/api/v1/webhooks"): WEBHOOK,
    ("delete", "/api/v1/webhooks/{id}"): frozenset(),
}
for _kind, _fields in (
    ("deals", SHARED | {"title", "value", "currency", "stage_id", "status", "person_id", "org_id"}),
    ("persons", SHARED | {"name", "emails", "phones", "org_id"}),
    ("organizations", SHARED | {"name", "address"}),
):
    REQUIRED |= {
        ("get", f"/api/v2/{_kind}"): _fields,
        ("post", f"/api/v2/{_kind}"): _fields,
        ("get", f"/api/v2/{_kind}/{{id}}"): _fields,
        ("patch", f"/api/v2/{_kind}/{{id}}"): _fields,
        ("delete", f"/api/v2/{_kind}/{{id}}"): DELETED,
    }


def check_answer(method: str, path: str, status: int, body: dict[str, Any]) -> None:
    """Validate a good answer; skips the test where the description is not there."""
    assert body["success"] is True
    data = body["data"]
    for one in data if isinstance(data, list) else [data] if data is not None else []:
        missing = REQUIRED[method, path] - set(one)
        assert not missing, f"{method} {path} lacks {sorted(missing)}"
    errors = [
        f"{'/'.join(str(part) for part in error.absolute_path)}: {error.message}"
        for error in _validator(method, path, str(status)).iter_errors(body)
    ]
    assert not errors, f"{method} {path}: {errors[:5]}"


@cache
def _validator(method: str, path: str, status: str) -> Draft202012Validator:
    version, _, rest = path.removeprefix("/api/").partition("/")
    described = _description(version)["paths"]["/" + rest][method]["responses"]
    schema = described[status]["content"]["application/json"]["schema"]
    return Draft202012Validator(_nullable(schema))


@cache
def _description(version: str) -> Any:
    file = SPECS / f"pipedrive-{version}.yaml"
    if not file.exists():
        pytest.skip(f"{file.name}, the vendor's description, is not beside the project")
    return yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)


def _nullable(schema: Any) -> Any:
    """The same schema with null allowed wherever a type is named."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    eased = {name: _nullable(value) for name, value in schema.items()}
    if isinstance(schema.get("type"), str):
        eased["type"] = [schema["type"], "null"]
        if isinstance(schema.get("enum"), list):
            eased["enum"] = [*schema["enum"], None]
    return eased
