"""The vendor's OpenAPI files, and whether an answer is one that they allow.

They declare nothing nullable and nothing required: nulls are let through, what must not be missing
is listed here. Where the files are absent, answers are not checked, and one test says so.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

SPECS = Path(__file__).parents[3].parent / "shared" / "specs"
UNDESCRIBED = re.compile(r"/api/v2/stages")
"""Addresses that the vendor has and the kept part of its files lacks."""

ACTIVITY = {
    "id", "subject", "type", "owner_id", "creator_user_id", "is_deleted", "add_time", "update_time",
    "deal_id", "lead_id", "person_id", "org_id", "project_id", "due_date", "due_time", "duration",
    "busy", "done", "marked_as_done_time", "location", "participants", "public_description",
    "priority", "note", "conference_meeting_client", "conference_meeting_url",
    "conference_meeting_id",
}  # fmt: skip
SHARED = {"id", "owner_id", "is_deleted", "visible_to", "add_time", "update_time", "custom_fields"}
REQUIRED = {
    "/activities": ACTIVITY,
    "/deals": SHARED | {"title", "value", "currency", "person_id", "org_id", "stage_id", "status"},
    "/persons": SHARED | {"name", "first_name", "last_name", "emails", "phones", "org_id"},
    "/organizations": SHARED | {"name", "address"},
    "/users/me": {"id", "email", "timezone_name", "company_id", "company_domain", "is_deleted"},
    "/users": {"id", "email", "name", "timezone_name", "active_flag", "is_deleted", "is_you"},
    "/activityTypes": {
        "id", "order_nr", "name", "key_string", "icon_key", "active_flag", "is_custom_flag",
    },
    "/webhooks": {
        "id", "owner_id", "user_id", "event_action", "event_object", "subscription_url", "version",
        "is_active", "last_delivery_time", "last_http_status", "http_auth_user", "name",
    },
}  # fmt: skip


def are_here() -> bool:
    """Whether answers can be checked."""
    return all((SPECS / f"pipedrive-{version}.yaml").exists() for version in ("v1", "v2"))


def check_answer(method: str, path: str, status: int, body: Any) -> None:
    """Hold an answer against the vendor's description of it."""
    if UNDESCRIBED.match(path) or not are_here():
        return
    template, operation = _operation(method, path)
    answer = operation["responses"].get(str(status))
    if answer is None:
        assert body["success"] is False
        return
    schema = answer["content"]["application/json"]["schema"]
    Draft202012Validator(_nullable(schema)).validate(body)
    if status < 300:
        _check_fields(method, template, schema, body)


def _check_fields(method: str, template: str, schema: Any, body: Any) -> None:
    assert body["success"] is True
    required = REQUIRED.get(template.removesuffix("/{id}"), {"id"} if "me" in template else set())
    data = _properties(schema).get("data", {})
    known = set(_properties(data.get("items", data)))
    items = body["data"] if isinstance(body["data"], list) else [body["data"]]
    for item in items:
        if method != "DELETE" and item is not None:
            assert required <= item.keys(), f"missing: {required - item.keys()}"
            assert item.keys() <= known, f"unknown: {item.keys() - known}"


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]]:
    _, _, version, rest = path.split("/", 3)
    paths = _description(version)["paths"]
    for template, methods in sorted(paths.items(), key=lambda one: "{" in one[0]):
        if re.fullmatch(re.sub(r"{\w+}", r"\\d+", template), f"/{rest}"):
            return template, methods[method.lower()]
    raise AssertionError(f"{method} {path} is not described")


@cache
def _description(version: str) -> Any:
    return yaml.load((SPECS / f"pipedrive-{version}.yaml").read_text(), Loader=yaml.CSafeLoader)


def _properties(schema: Any) -> Any:
    """The properties of a schema and of all that it is made of."""
    found: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        found |= _properties(part)
    return found | schema.get("properties", {})


def _nullable(schema: Any) -> Any:
    """The schema in the words of JSON Schema, with null wherever the vendor sends it unsaid."""
    if isinstance(schema, list):
        return [_nullable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    given = {name: _nullable(part) for name, part in schema.items() if name != "example"}
    if isinstance(schema.get("type"), str):
        given["type"] = [schema["type"], "null"]
    if isinstance(schema.get("enum"), list):
        given["enum"] = [*schema["enum"], None]
    return given
