"""What people and providers ask for passes the gateway, and nothing else does."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette
from tests.unit.deploy.test_compose import KINDS, environment

import calendar_ingest.app
import crm_ingest.app
import settings_api.app
from tandem.runtime.settings import from_environment

GATEWAY = Path(__file__).parents[3] / "deploy/kustomize/components/gateway/public.yaml"
APPS: dict[str, Any] = {
    "crm-ingest": crm_ingest.app.create_app,
    "calendar-ingest": calendar_ingest.app.create_app,
    "settings-api": settings_api.app.create_app,
}
INSIDE = ("/internal/", "/livez", "/readyz", "/metrics")


def matches() -> list[tuple[str, dict[str, Any]]]:
    """Every match of the gateway's routes, with the service that it leads to."""
    routes = list(yaml.safe_load_all(GATEWAY.read_text("utf-8")))
    return [
        (rule["backendRefs"][0]["name"], match)
        for route in routes
        if route["kind"] == "HTTPRoute"
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
    ]


def passes(service: str, path: str, method: str) -> bool:
    """Whether the gateway lets a call through to a service."""
    for led_to, match in matches():
        kind, value = match["path"]["type"], match["path"]["value"]
        hit = path == value or (kind == "PathPrefix" and path.startswith(value.rstrip("/") + "/"))
        if led_to == service and hit and match.get("method", method) == method:
            return True
    return False


def routes_of(routes: Iterable[Any]) -> Iterator[Any]:
    """Every route, those of included routers too (none of which has a prefix added)."""
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from [route] if included is None else routes_of(included.routes)


@pytest.fixture
def served(request, monkeypatch) -> tuple[str, set[tuple[str, str]]]:
    """A service and all that it serves, as path and method."""
    for name, value in environment(request.param, "providers.env").items():
        monkeypatch.setenv(name, value)
    app: Starlette = APPS[request.param](from_environment(KINDS[request.param]))
    calls = {
        (re.sub(r"\{\w+\}", "1", route.path), method)
        for route in routes_of(app.routes)
        for method in route.methods - {"HEAD", "OPTIONS"}
    }
    return request.param, calls


@pytest.mark.parametrize("served", APPS, indirect=True)
def test_all_that_is_public_passes_and_nothing_else(served):
    service, calls = served
    assert len(calls) > 3
    wrong = {
        (path, method)
        for path, method in calls
        if passes(service, path, method) == path.startswith(INSIDE)
    }
    assert wrong == set()


@pytest.mark.parametrize("service", APPS)
@pytest.mark.parametrize("path", ["/metrics", "/livez", "/internal/calendars", "/docs"])
def test_what_is_inside_is_not_reached(service, path):
    assert not passes(service, path, "GET")


def test_every_match_leads_somewhere():
    assert {service for service, _ in matches()} == APPS.keys()
