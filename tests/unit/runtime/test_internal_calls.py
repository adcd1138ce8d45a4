"""Calls between services: only with the secret, errors as problem documents."""

import json

import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse

from tandem.runtime.internal import bearer, internal, problem

TOKEN = SecretStr("hunter2")


@internal(TOKEN)
async def endpoint(_request):
    return JSONResponse({"items": []})


def request(*headers):
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


async def test_a_call_with_the_secret_is_answered():
    (header,) = bearer(TOKEN).items()
    assert (await endpoint(request(header))).status_code == 200


@pytest.mark.parametrize(
    "value",
    [None, "", "Bearer", "Bearer ", "Bearer hunter", "hunter2", "Basic hunter2", "Bearer é"],
)
async def test_any_other_call_is_refused_and_told_nothing(value):
    headers = [] if value is None else [("authorization", value)]
    response = await endpoint(request(*headers))
    assert response.status_code == 401
    assert response.media_type == "application/problem+json"
    body = json.loads(bytes(response.body))
    assert body["status"] == 401
    assert "hunter2" not in bytes(response.body).decode()


def test_a_problem_says_what_is_wrong():
    response = problem(409, "the grant is lost", reason="auth_lost")
    assert response.status_code == 409
    assert json.loads(bytes(response.body)) == {
        "type": "about:blank",
        "title": "the grant is lost",
        "status": 409,
        "reason": "auth_lost",
    }
