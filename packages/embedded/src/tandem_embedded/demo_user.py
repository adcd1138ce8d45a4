"""Connects a demo user the way a person would: by the REST API and the providers' OAuth pages."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

WAIT_S: Final = 60.0
_POLL_S: Final = 0.2
_TOKEN: Final = {"name": "demo", "scope": "admin"}


class DemoFailedError(RuntimeError):
    """A step did not work; the message says which."""


@dataclass(frozen=True)
class ConnectedUser:
    """A signed-in user with an API token, and his connections as the REST API shows them."""

    token: str
    connections: tuple[dict[str, Any], ...]


def connect_user(
    settings_api: str,
    *,
    email: str,
    others: Sequence[str] = (),
    passwords: Mapping[str, str] | None = None,
) -> ConnectedUser:
    """Sign a user in with Pipedrive, connect the calendar of the same address, and start it.

    So are accounts of `others`, and the Exchange accounts whose `passwords` are given by their
    addresses.

    The sandbox's OAuth pages are answered as their forms ask for it.
    """
    with httpx.Client(base_url=settings_api, follow_redirects=False, timeout=30) as browser:
        consent(browser, _sign_in_page(browser), email=email)
        me = _checked(browser.get("/api/v1/me"), "sign-in")
        browser.headers["x-csrf-token"] = me["csrf_token"]
        token = _checked(browser.post("/api/v1/tokens", json=_TOKEN), "API token")
        for account in (email, *others):
            connect_calendar(browser, email=account)
        for account, password in (passwords or {}).items():
            connect_exchange(browser, email=account, password=password)
        return ConnectedUser(token["token"], _connections(browser))


def _sign_in_page(browser: httpx.Client) -> str:
    """Where to sign in; a machine that is still busy starting everything is asked again."""
    deadline = time.monotonic() + WAIT_S
    answer = browser.get("/oauth/pipedrive/start")
    while answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        answer = browser.get("/oauth/pipedrive/start")
    if not answer.is_redirect:
        raise DemoFailedError(f"sign-in: {answer.status_code} {answer.text[:300]}")
    return answer.headers["location"]


def connect_calendar(
    browser: httpx.Client, *, email: str, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Connect a calendar account of a signed-in user, start it, and wait until it has synced."""
    answer = _checked(browser.post("/api/v1/connections", json={"email": email}), "connect")
    consent(browser, answer["authorize_url"], email=email)
    connection = next(one for one in _connections(browser) if one["email"] == email)
    return _started(browser, connection, settings)


def connect_exchange(
    browser: httpx.Client,
    *,
    email: str,
    password: str,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Connect an Exchange account with its password, start it, and wait until it has synced."""
    order = {"email": email, "password": password}
    connection = _checked(browser.post("/api/v1/connections", json=order), "connect")
    return _started(browser, connection, settings)


def _started(
    browser: httpx.Client, connection: dict[str, Any], settings: Mapping[str, Any] | None
) -> dict[str, Any]:
    path = f"/api/v1/connections/{connection['id']}"
    if settings:
        _checked(browser.patch(path, json=dict(settings)), "settings")
    _checked(browser.post(f"{path}/start"), "start")
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        shown = _checked(browser.get(path), "connection")
        if shown["status"] == "active" and shown["last_synced"]:
            return shown
        time.sleep(_POLL_S)
    raise DemoFailedError(
        f"the connection of {connection['email']} did not sync within {WAIT_S:.0f} s"
    )


def consent(browser: httpx.Client, authorize_url: str, *, email: str) -> None:
    """Press "allow" on an OAuth page and follow it back to us."""
    answer = browser.post(authorize_url, data={"account": email, "decision": "allow"})
    if not answer.is_redirect:
        raise DemoFailedError(f"the OAuth page answered {answer.status_code}")
    back = browser.get(answer.headers["location"])
    if back.is_error:
        raise DemoFailedError(f"the OAuth callback answered {back.status_code}: {back.text[:300]}")


def _connections(browser: httpx.Client) -> tuple[dict[str, Any], ...]:
    listed: dict[str, Any] = _checked(browser.get("/api/v1/connections"), "connections")
    return tuple(listed["items"])


def _checked(answer: httpx.Response, step: str) -> dict[str, Any]:
    if answer.is_error:
        raise DemoFailedError(f"{step}: {answer.status_code} {answer.text[:300]}")
    body: dict[str, Any] = answer.json()
    return body
