"""`make bench-pages`: how long each page takes where there is as much as after years.

The real settings-api and reconciler on real servers; the two ingest services, which would ask the
vendors, are played by answers that are always the same.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import uvicorn
from bench.figures import percentile
from bench.filled import ADMIN, CALENDAR, NOT_STARTED, TYPICAL, Size, connection_of, fill, secret_of
from bench.stacks import measured_stack
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tandem_embedded.addresses import HOST
from tandem_embedded.stack import Stack

SIZE: Final = Size(connections=1_000, items=100, history=1_000_000, companies=200, colleagues=500)
ROUNDS: Final = 100
WARM_UPS: Final = 10
AIM_MS: Final = 100
_UNLIMITED: Final = {"READS_PER_MINUTE": "1000000"}
_PARTS: Final = ("reconciler", "settings_api")


def measure_pages() -> list[str]:
    """Fill the database, ask for every page, and return the lines to print."""
    with measured_stack(durable=False, overrides=_UNLIMITED) as stack:
        stack.start_servers()
        return asyncio.run(_measure(stack))


async def _measure(stack: Stack) -> list[str]:
    ports = stack.ports
    async with _answering(ports.crm_ingest), _answering(ports.calendar_ingest):
        for part in _PARTS:
            stack.children[part].start()
        for part in _PARTS:
            await asyncio.to_thread(stack.wait_ready, part)
        await fill(stack.database_url, SIZE)
        lines = [
            f"{SIZE.connections} connections, half of them of one company, {SIZE.items} items each",
            f"{SIZE.history} rows of history; each page {ROUNDS} times, one after another",
        ]
        for who, number in (("admin", ADMIN), ("user", TYPICAL), ("newcomer", NOT_STARTED)):
            async with httpx.AsyncClient(
                base_url=stack.urls["settings_api"],
                cookies={"tandem_session": secret_of(number)},
                headers={"accept": "text/html"},
                timeout=60,
            ) as browser:
                for name, path in (await _pages(browser, who, number)).items():
                    times = await _times_ms(browser, path)
                    lines.append(_line(f"{who}: {name}", times))
    return lines


async def _pages(browser: httpx.AsyncClient, who: str, number: int) -> Mapping[str, str]:
    """Name and address of every page that a person sees."""
    one = f"/connections/{connection_of(number)}"
    if who == "newcomer":
        return {"preview": f"{one}/preview"}
    history = f"{one}/history"
    first = (await browser.get("/api/v1" + history, params={"limit": 50})).json()
    item = first["items"][0]["activity_id"]
    company = {"company": "/admin"} if who == "admin" else {}
    return {
        "calendar sync": "/",
        "connection": one,
        "status": f"{one}/status",
        "settings": f"{one}/settings",
        "history": history,
        "history, next page": f"{history}?cursor={first['next_cursor']}",
        "history, a reason": f"{history}?reason=deleted",
        "history, a rare reason": f"{history}?reason=provider_refused",
        "history, a title": f"{history}?q=Meeting+{item}",
        "history, an id": f"{history}?q={item}",
        "history, nothing found": f"{history}?q=nowhere",
        "explain an activity": f"/explain?item={item}",
        "explain an event": f"/explain?item=e{item}",
        "held deletions": f"{one}/held",
        "preview": f"{one}/preview",
        "troubleshooting": f"{one}/troubleshooting",
        "disconnect": f"{one}/disconnect",
        "tokens": "/tokens",
        **company,
    }


async def _times_ms(browser: httpx.AsyncClient, path: str) -> list[float]:
    times = []
    for _ in range(WARM_UPS + ROUNDS):
        begun = time.perf_counter()
        answer = await browser.get(path)
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:500]}")
    return times[WARM_UPS:]


def _line(name: str, times_ms: Sequence[float]) -> str:
    p95 = percentile(times_ms, 0.95)
    missed = "" if p95 < AIM_MS else f"   over {AIM_MS} ms"
    return f"{name:<34} p50 {percentile(times_ms, 0.5):6.1f} ms   p95 {p95:6.1f} ms{missed}"


@asynccontextmanager
async def _answering(port: int) -> AsyncIterator[None]:
    """Both ingest services' answers to settings-api, at one of their addresses."""
    app = Starlette(
        routes=[
            Route("/internal/activity-types", _answers(key="meeting", icon="meeting", color=None)),
            Route("/internal/calendars", _answers(id=CALENDAR, primary=True, writable=True)),
        ]
    )
    server = uvicorn.Server(
        uvicorn.Config(app, host=HOST, port=port, lifespan="off", log_config=None)
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _answers(**item: Any) -> Any:
    async def answer(_request: Request) -> Response:
        return JSONResponse({"items": [{"name": "One", **item}]})

    return answer


if __name__ == "__main__":
    print(*measure_pages(), sep="\n  ", flush=True)
