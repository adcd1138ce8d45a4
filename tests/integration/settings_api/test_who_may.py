"""Who may call what: every route of the application, asked by everybody who could ask.

The routes are the application's own: one that is added without a line here fails.
"""

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from starlette.routing import Route
from tests.integration.settings_api.browser import CSRF, Browser
from tests.integration.settings_api.house import House

WHO: Final = (
    "nobody",
    "other company",
    "other user",
    "admin of the company",
    "owner",
    "owner without CSRF token",
    "token to read",
    "token to write",
    "token to admin",
)
Row = tuple[int, int, int, int, int, int, int, int, int]

READ: Final[Row] = (401, 200, 200, 200, 200, 200, 200, 200, 200)
"""What everybody has of his own."""
OWN: Final[Row] = (401, 404, 404, 404, 200, 200, 200, 200, 200)
"""What belongs to the owner alone, for reading."""
FOR_ADMINS: Final[Row] = (401, 200, 403, 200, 403, 403, 403, 403, 403)
PAGE: Final[Row] = (303, 200, 200, 200, 200, 200, 303, 303, 303)
OWN_PAGE: Final[Row] = (303, 404, 404, 404, 200, 200, 303, 303, 303)
FREE: Final[Row] = (200, 200, 200, 200, 200, 200, 200, 200, 200)


def changing(done: int) -> Row:
    """A write of the owner's own."""
    return (401, 404, 404, 404, done, 403, 403, done, done)


def form(done: int, *, foreign: int = 404) -> Row:
    """A form of a page; programs have no session and are sent to the sign-in."""
    return (303, foreign, foreign, foreign, done, 403, 303, 303, 303)


ROWS: Final[dict[str, Row]] = {
    "GET /api/v1/me": READ,
    "GET /api/v1/activity-types": READ,
    "GET /api/v1/tokens": READ,
    "GET /api/v1/connections": READ,
    "GET /api/v1/connections/{connection_id}": OWN,
    "GET /api/v1/connections/{connection_id}/calendars": OWN,
    "GET /api/v1/connections/{connection_id}/history": OWN,
    "GET /api/v1/connections/{connection_id}/held": OWN,
    "GET /api/v1/explain": OWN,
    "GET /api/v1/admin/connections": FOR_ADMINS,
    "POST /api/v1/tokens": (401, 201, 201, 201, 201, 403, 403, 403, 201),
    "DELETE /api/v1/tokens/{token_id}": (401, 404, 404, 404, 204, 403, 403, 403, 204),
    "POST /api/v1/connections": (401, 202, 202, 202, 202, 403, 403, 202, 202),
    "PATCH /api/v1/connections/{connection_id}": changing(200),
    "DELETE /api/v1/connections/{connection_id}": changing(202),
    "POST /api/v1/connections/{connection_id}/start": changing(200),
    "POST /api/v1/connections/{connection_id}/pause": changing(200),
    "POST /api/v1/connections/{connection_id}/resume": changing(200),
    "POST /api/v1/connections/{connection_id}/resync": changing(202),
    "POST /api/v1/connections/{connection_id}/preview": changing(200),
    "POST /api/v1/connections/{connection_id}/history/{row}/undo": changing(202),
    "POST /api/v1/connections/{connection_id}/held/confirm": changing(202),
    "POST /api/v1/connections/{connection_id}/held/reject": changing(202),
    "GET /api/v1/connections/{connection_id}/unticked": OWN,
    "POST /api/v1/connections/{connection_id}/unticked/remove": changing(202),
    "GET /": FREE,
    "GET /tokens": PAGE,
    "GET /explain": PAGE,
    "GET /live": PAGE,
    "GET /admin": (303, 200, 403, 200, 403, 403, 303, 303, 303),
    "GET /connections/{connection_id}": OWN_PAGE,
    "GET /connections/{connection_id}/status": OWN_PAGE,
    "GET /connections/{connection_id}/settings": OWN_PAGE,
    "GET /connections/{connection_id}/preview": OWN_PAGE,
    "GET /connections/{connection_id}/history": OWN_PAGE,
    "GET /connections/{connection_id}/held": OWN_PAGE,
    "GET /connections/{connection_id}/unticked": OWN_PAGE,
    "GET /connections/{connection_id}/troubleshooting": OWN_PAGE,
    "GET /connections/{connection_id}/disconnect": OWN_PAGE,
    "POST /connections": form(200, foreign=200),
    "POST /tokens": form(200, foreign=200),
    "POST /tokens/{token_id}/delete": form(303),
    "POST /connections/{connection_id}/start": form(303),
    "POST /connections/{connection_id}/do": form(303),
    "POST /connections/{connection_id}/settings": form(303),
    "POST /connections/{connection_id}/disconnect": form(303),
    "POST /connections/{connection_id}/history/{row}/undo": form(303),
    "POST /connections/{connection_id}/held": form(303),
    "POST /connections/{connection_id}/unticked": form(303),
    "POST /sign-out": form(303, foreign=303),
    "GET /language/{code}": (303,) * 9,
    "GET /assets/{name}": (404,) * 9,
    "GET /oauth/pipedrive/start": (302,) * 9,
    "GET /oauth/pipedrive/callback": (400,) * 9,
    "DELETE /oauth/pipedrive/callback": (401,) * 9,
    "GET /oauth/google/callback": (400,) * 9,
    "GET /oauth/microsoft/callback": (400,) * 9,
    "GET /api/openapi.json": FREE,
    "GET /livez": FREE,
    "GET /readyz": FREE,
    "GET /metrics": FREE,
}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "POST /api/v1/tokens": {"name": "x"},
    "POST /api/v1/connections": {"email": "more@gmail.com"},
    "PATCH /api/v1/connections/{connection_id}": {"horizon_days": 20},
    "POST /api/v1/connections/{connection_id}/preview": {},
    "DELETE /oauth/pipedrive/callback": {"company_id": 1, "user_id": 42},
}
FORMS: Final[dict[str, dict[str, str]]] = {
    "POST /connections": {"email": "more@gmail.com"},
    "POST /tokens": {"name": "x"},
    "POST /connections/{connection_id}/do": {"action": "pause"},
    "POST /connections/{connection_id}/settings": {"setting": "horizon_days", "horizon_days": "9"},
}
EXPLAINED: Final = {
    "synced": True,
    "reason": "no_change",
    "sentence": "It is synced.",
    "remedy": "",
    "activity_id": 5,
    "event_id": "e",
}
ENDINGS: Final = (
    "DELETE /api/v1/connections/{connection_id}",
    "POST /connections/{connection_id}/disconnect",
    "DELETE /api/v1/tokens/{token_id}",
    "POST /tokens/{token_id}/delete",
    "POST /sign-out",
)
"""Asked after all else, each of a connection and a token of its own."""
STATE: Final = """
SELECT concat(
    (SELECT json_agg(c ORDER BY c.connection_id) FROM settings.connections c),
    (SELECT json_agg(t.token_id ORDER BY t.token_id) FROM settings.api_tokens t),
    (SELECT json_agg(s.token_hash ORDER BY s.token_hash) FROM settings.sessions s),
    (SELECT count(*) FROM settings.oauth_states), (SELECT count(*) FROM public.published)
) AS state
"""


def routes_of(house: House) -> Iterator[str]:
    """Method and path of every route that there is, however it was added."""
    assert house.app is not None
    pending = list(house.app.routes)
    while pending:
        route = pending.pop()
        included = getattr(route, "original_router", None)
        if included is not None:
            pending += included.routes
            continue
        assert isinstance(route, Route), "a route of a kind that this test does not look into"
        yield from (f"{one} {route.path}" for one in (route.methods or ()) if one != "HEAD")


async def test_every_route_says_who_may_call_it(house: House):
    assert set(routes_of(house)) == set(ROWS)


@pytest.fixture(scope="module")
def _nothing_waits() -> Iterator[None]:
    """The stream of changes ends after its first look."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("settings_api.pages.live.LOOKS", 1)
        patched.setattr("settings_api.pages.live.LOOK_EVERY_S", 0.0)
        yield


@pytest.mark.usefixtures("_nothing_waits")
@pytest.mark.parametrize("who", WHO)
async def test_who_may_call_what(house: House, who: str):
    owner = await house.signed_in()
    caller, csrf = await _calling(house, owner, who)
    path = await owner.started("anna@gmail.com")
    token_id, answers = "", dict[str, tuple[int, int]]()
    for number, route in enumerate([*sorted(ROWS.keys() - set(ENDINGS)), *ENDINGS]):
        if route in ENDINGS:
            path = await owner.started(f"anna{number}@gmail.com")
            token_id = (await owner.post("/api/v1/tokens", json={"name": "x"})).json()["id"]
        connection_id = path.rpartition("/")[2]
        house.town.explanations = {connection_id: EXPLAINED}
        expected = ROWS[route][WHO.index(who)]
        before = await house.query(STATE)
        answer = await _asked(caller, route, csrf, connection_id, token_id)
        answers[route] = (answer.status_code, expected)
        if expected >= 400:
            assert answer.headers["content-type"] == "application/problem+json", route
            assert await house.query(STATE) == before, route
            assert connection_id not in answer.text, route
    assert {route: found for route, found in answers.items() if found[0] != found[1]} == {}


async def test_the_description_says_who_may_call(house: House):
    assert house.app is not None
    described = {
        f"{method.upper()} {path}": operation["security"]
        for path, operations in house.app.openapi()["paths"].items()
        for method, operation in operations.items()
    }
    expected = {}
    for route, row in ROWS.items():
        if " /api/v1/" in route:
            token = dict(zip(("read", "write", "admin"), row[-3:], strict=True))
            scope = next((one for one, status in token.items() if status != 403), "admin")
            browser = ["session"] if route.startswith("GET") else ["session", "csrf"]
            expected[route] = [{one: [] for one in browser}, {"api_token": [scope]}]
    assert described == expected


async def test_the_company_is_seen_by_admins_whose_token_says_so(house: House, anna: Browser):
    for scope, expected in (("read", 403), ("write", 403), ("admin", 200)):
        program = house.browser()
        program.headers["authorization"] = f"Bearer {await anna.api_token(scope=scope)}"
        assert (await program.get("/api/v1/admin/connections")).status_code == expected


async def _calling(house: House, owner: Browser, who: str) -> tuple[Browser, str]:
    """A browser or a program of somebody, and the CSRF token that its forms carry."""
    match who:
        case "nobody":
            return house.browser(), ""
        case "other company":
            browser = await house.signed_in(42, company=house.company + 1, admin=True)
        case "other user":
            browser = await house.signed_in(43)
        case "admin of the company":
            browser = await house.signed_in(44, admin=True)
        case "owner":
            browser = owner
        case "owner without CSRF token":
            stripped = house.browser()
            stripped.cookies = owner.cookies
            return stripped, ""
        case _:
            program = house.browser()
            token = await owner.api_token(scope=who.removeprefix("token to "))
            program.headers["authorization"] = f"Bearer {token}"
            return program, ""
    return browser, browser.headers[CSRF]


async def _asked(
    caller: Browser, route: str, csrf: str, connection_id: str, token_id: str
) -> httpx.Response:
    method, path = route.split()
    address = path.format(
        connection_id=connection_id, token_id=token_id, row=1, code="sv", name="nothing"
    )
    query = {"activity_id": "5"} if path == "/api/v1/explain" else None
    if method == "POST" and not path.startswith("/api/"):
        sent = {"csrf_token": csrf, **FORMS.get(route, {})}
        return await caller.post(address, data=sent, params=query)
    return await caller.request(method, address, json=BODIES.get(route), params=query)
