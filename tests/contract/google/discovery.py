"""Holds answers against Google's own description of its API; an unknown property is a failure."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

FORMATS = {
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)$",
    "date": r"^\d{4}-\d\d-\d\d$",
    "int64": r"^-?\d+$",
}
ALWAYS = {
    "Event": ["kind", "etag", "id", "status"],
    "Events": ["kind", "etag", "summary", "updated", "timeZone", "accessRole", "items"],
    "CalendarListEntry": ["kind", "etag", "id"],
    "CalendarList": ["kind", "etag", "items"],
    "Calendar": ["kind", "etag", "id", "summary", "timeZone"],
    "Channel": ["kind", "id", "resourceId", "resourceUri", "expiration"],
    "Setting": ["kind", "etag", "id", "value"],
    "FreeBusyResponse": ["kind", "timeMin", "timeMax", "calendars"],
}
"""The description calls hardly anything required; these are never missing."""


@cache
def document() -> dict[str, Any]:
    """The discovery document that comes with Google's client."""
    path = files("googleapiclient") / "discovery_cache" / "documents" / "calendar.v3.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def check_answer(method_id: str, answer: object) -> None:
    """Raise unless ``answer`` is one that ``method_id`` may give."""
    method = _methods()[method_id]
    if "response" not in method:
        assert answer in ("", b"", None)
        return
    _validator(method["response"]["$ref"]).validate(answer)


@cache
def _methods() -> dict[str, dict[str, Any]]:
    return {
        method["id"]: method
        for resource in document()["resources"].values()
        for method in resource["methods"].values()
    }


@cache
def _validator(name: str) -> Any:
    definitions = {
        one: {**_converted(schema), "required": ALWAYS.get(one, [])}
        for one, schema in document()["schemas"].items()
    }
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


def _converted(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    if schema["type"] == "any":
        return {}
    result: dict[str, Any] = {"type": schema["type"]}
    if schema["type"] == "object":
        result["properties"] = {
            name: _converted(one) for name, one in schema.get("properties", {}).items()
        }
        rest = schema.get("additionalProperties")
        result["additionalProperties"] = _converted(rest) if rest else False
    if schema["type"] == "array":
        result["items"] = _converted(schema["items"])
    if schema.get("format") in FORMATS:
        result["pattern"] = FORMATS[schema["format"]]
    return result
