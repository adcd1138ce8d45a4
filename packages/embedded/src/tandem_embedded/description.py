"""`.run/demo.json`: what a foreign client needs to drive a running demo."""

import json
from pathlib import Path
from typing import Any, Final

import httpx

from tandem_embedded.demo_user import ConnectedUser, connect_user
from tandem_embedded.stack import Stack

DEMO_EMAIL: Final = "sales1@north.example"
MICROSOFT_EMAIL: Final = "sales1.north@outlook.com"
EXCHANGE_EMAIL: Final = "sales1@onprem.example"
NEWCOMER_EMAILS: Final = (
    "sales2@north.example",
    "sales2@north.onmicrosoft.com",
    "sales2@onprem.example",
)
"""Who has connected nothing yet, by his address at Pipedrive and Google; his other mailboxes."""


def describe(stack: Stack, file: Path) -> dict[str, Any]:
    """Connect the demo user where he is not connected yet, and write the file."""
    accounts = httpx.get(stack.urls["sandbox"] + "/_control/accounts", timeout=30).json()
    passwords = {
        mailbox["email"]: mailbox["password"]
        for mailbox in accounts["mailboxes"]
        if mailbox["provider"] == "exchange"
    }
    known = _still_connected(stack, file) or connect_user(
        stack.urls["settings_api"],
        email=DEMO_EMAIL,
        others=[MICROSOFT_EMAIL],
        passwords={EXCHANGE_EMAIL: passwords[EXCHANGE_EMAIL]},
    )
    company, user = next(
        (company, user)
        for company in accounts["companies"]
        for user in company["users"]
        if user["email"] == DEMO_EMAIL
    )
    tokens = {
        (mailbox["provider"], mailbox["email"]): mailbox["token"]
        for mailbox in accounts["mailboxes"]
    }
    description = {
        "urls": stack.urls,
        "settings_api_token": known.token,
        "pipedrive": {
            "company_id": company["id"],
            "user_id": user["id"],
            "token": user["token"],
        },
        "connections": [
            {
                "id": connection["id"],
                "provider": connection["provider"],
                "email": connection["email"],
                "calendar_id": connection["settings"]["calendar_id"],
                **(
                    {"password": passwords[connection["email"]]}
                    if connection["provider"] == "exchange"
                    else {"token": tokens[connection["provider"], connection["email"]]}
                ),
            }
            for connection in known.connections
        ],
        "newcomer": {
            "emails": NEWCOMER_EMAILS,
            "password": passwords[NEWCOMER_EMAILS[-1]],
        },
    }
    file.touch(mode=0o600)
    file.write_text(json.dumps(description, indent=2) + "\n", "utf-8")
    return description


def read_description(file: Path) -> dict[str, Any]:
    """What a running demo wrote; a clear error where none runs."""
    if not file.exists():
        raise RuntimeError(f"{file}: not there; start `make demo` first")
    known: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return known


def _still_connected(stack: Stack, file: Path) -> ConnectedUser | None:
    if not file.exists():
        return None
    token = json.loads(file.read_text("utf-8"))["settings_api_token"]
    answer = httpx.get(
        stack.urls["settings_api"] + "/api/v1/connections",
        headers={"authorization": f"Bearer {token}"},
        timeout=30,
    )
    if answer.is_error or not answer.json()["items"]:
        return None
    return ConnectedUser(token, tuple(answer.json()["items"]))
