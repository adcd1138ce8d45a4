"""A visitor's address is his own, or what a proxy of ours says; never what he says himself."""

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Router

from tandem.runtime import app
from tandem.runtime.settings import RuntimeSettings

SETTINGS = {
    "kafka_bootstrap_servers": "127.0.0.1:9092",
    "database_url": "postgresql://127.0.0.1/tandem",
    "http_port": 8080,
    "internal_token": "token",
    "forwarded_allow_ips": "10.0.0.0/8, 192.168.0.0/16",
}


async def _address(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.client.host if request.client else "")


@pytest.mark.parametrize(
    ("peer", "address"),
    [("10.1.2.3", "198.51.100.7"), ("203.0.113.9", "203.0.113.9"), ("127.0.0.1", "127.0.0.1")],
)
async def test_only_our_proxies_are_believed(peer, address, monkeypatch):
    told = {}
    monkeypatch.setattr(app, "configure_logs", lambda **_: None)
    monkeypatch.setattr(uvicorn, "run", lambda _, **options: told.update(options))
    app.serve(None, RuntimeSettings.model_validate(SETTINGS), service="settings-api")
    served = Router()
    served.add_route("/", _address)
    configuration = uvicorn.Config(served, **told)
    configuration.load()
    transport = httpx.ASGITransport(configuration.loaded_app, client=(peer, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://tandem") as visitor:
        answer = await visitor.get("/", headers={"x-forwarded-for": "6.6.6.6, 198.51.100.7"})
    assert answer.text == address
