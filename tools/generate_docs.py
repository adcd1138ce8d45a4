"""Writes the documents that are made from code: settings, REST API, messages, tests of rules.

`python -m tools.generate_docs` writes them; with `--check` it fails where one is out of date.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from tools.rule_tests import with_tests
from tools.scale_model import Inputs
from tools.scale_page import with_figures

import calendar_ingest.settings
import crm_ingest.settings
import reconciler.settings
import settings_api.settings
from settings_api.app import create_app
from tandem.contracts import topics
from tandem.contracts.activities import ACTIVITY_MESSAGES, ActivityHinted
from tandem.contracts.commands import ACTIVITY_COMMANDS, EVENT_COMMANDS
from tandem.contracts.connections import CONNECTION_MESSAGES, ConnectionHealthReported
from tandem.contracts.events import EVENT_MESSAGES, CalendarHinted
from tandem.contracts.outcomes import OUTCOME_MESSAGES
from tandem.contracts.requests import REQUEST_MESSAGES
from tandem.runtime.settings import EnvironmentSettings
from tandem.runtime.topics import TopicSettings
from tandem_embedded.addresses import Ports
from tandem_embedded.environment import service_environment

DOCS = Path(__file__).parent.parent / "docs"
SERVICES = {
    "crm-ingest": crm_ingest.settings.Settings,
    "calendar-ingest": calendar_ingest.settings.Settings,
    "reconciler": reconciler.settings.Settings,
    "settings-api": settings_api.settings.Settings,
    "python -m tandem.runtime.topics": TopicSettings,
}
MESSAGES: dict[str, TypeAdapter[Any]] = {
    topics.CRM_HINTS.name: TypeAdapter(ActivityHinted),
    topics.CALENDAR_HINTS.name: TypeAdapter(CalendarHinted),
    topics.CRM_ACTIVITIES.name: ACTIVITY_MESSAGES,
    topics.CALENDAR_EVENTS.name: EVENT_MESSAGES,
    topics.SETTINGS_CONNECTIONS.name: CONNECTION_MESSAGES,
    topics.SYNC_REQUESTS.name: REQUEST_MESSAGES,
    topics.CRM_COMMANDS.name: ACTIVITY_COMMANDS,
    topics.CALENDAR_COMMANDS.name: EVENT_COMMANDS,
    topics.SYNC_OUTCOMES.name: OUTCOME_MESSAGES,
    topics.SYNC_HEALTH.name: TypeAdapter(ConnectionHealthReported),
}


def settings_page() -> str:
    """Every environment variable of every service."""
    lines = [
        "# Settings",
        "",
        "Environment variables, made from the settings classes. One without a default must be set;",
        "a wrong or missing one ends the start with status 78 and one line that names it.",
    ]
    for service, settings in SERVICES.items():
        lines += ["", f"## {service}", "", "| variable | default | meaning |", "|---|---|---|"]
        lines += _setting_rows(settings)
    return "\n".join(lines) + "\n"


def _setting_rows(settings: type[EnvironmentSettings]) -> Iterator[str]:
    for name, field in sorted(settings.model_fields.items()):
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        yield f"| `{name.upper()}` | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "empty"
    value = field.default
    if value is PydanticUndefined:
        return ""
    if isinstance(value, frozenset):
        value = ",".join(sorted(value))
    return "none" if value is None else f"`{value}`" if str(value) else "empty"


def openapi() -> str:
    """The REST API of settings-api."""
    environment = service_environment(
        "settings_api",
        ports=Ports(),
        kafka="localhost:9092",
        database_url="postgresql://localhost/tandem",
        kept={"CREDENTIALS_KEYS": Fernet.generate_key().decode(), "INTERNAL_TOKEN": "unused"},
        overrides={},
    )
    os.environ.update(environment)
    app = create_app(settings_api.settings.Settings())
    return json.dumps(app.openapi(), indent=2, sort_keys=True) + "\n"


def asyncapi() -> str:
    """The topics and their messages as AsyncAPI 3."""
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {"title": "Tandem", "version": "1"},
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
    }
    for topic in topics.TOPICS:
        messages = MESSAGES.get(topic.name)
        retention = "compacted" if topic.compacted else f"{topic.retention_ms // topics.DAY_MS} d"
        document["channels"][topic.name] = {
            "address": topic.name,
            "description": f"{topic.partitions} partitions, kept: {retention}",
            "messages": {
                "body": {"payload": messages.json_schema() if messages else {"type": "string"}}
            },
        }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def rules_page() -> str:
    """The page of the rules, with the tests of each rule."""
    return with_tests((DOCS / "rules.md").read_text("utf-8"))


def main() -> int:
    """Write the documents, or tell which are out of date."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    try:
        rules = rules_page()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    stale = []
    for name, text in {
        "settings.md": settings_page(),
        "openapi.json": openapi(),
        "asyncapi.json": asyncapi(),
        "rules.md": rules,
        "scale.md": with_figures((DOCS / "scale.md").read_text("utf-8"), Inputs.read()),
    }.items():
        file = DOCS / name
        if check and (not file.exists() or file.read_text("utf-8") != text):
            stale.append(name)
        elif not check:
            file.write_text(text, "utf-8")
    if stale:
        print(f"out of date: {', '.join(stale)}; run: make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
