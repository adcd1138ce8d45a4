"""The command line against the real service, over HTTP, as an operator runs it."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime

from tests.integration.settings_api.browser import Browser
from tests.integration.settings_api.history import ROW, SYNCED
from tests.integration.settings_api.house import House


async def _run(address: str, token: str, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tandemctl", *arguments),
        env={**os.environ, "TANDEM_URL": address, "TANDEM_TOKEN": token},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert token not in out.decode() + err.decode()
    return process.returncode or 0, out.decode(), err.decode()


async def test_an_operator_works_with_a_connection(house: House, anna: Browser, connection: str):
    await anna.post(f"{connection}/start")
    connection_id = connection.rpartition("/")[2]
    house.town.explanations = {connection_id: SYNCED}
    house.town.history = {
        "items": [{**ROW, "at": datetime(2026, 1, 2, tzinfo=UTC).isoformat()}],
        "next_cursor": None,
    }
    writing, reading = await anna.api_token(), await anna.api_token(scope="read")
    async with house.served() as address:
        runs = await asyncio.gather(
            _run(address, reading, "--json", "connections", "list"),
            _run(address, reading, "connections", "history", "anna@gmail.com"),
            _run(address, reading, "--json", "explain", "--activity", "5"),
            _run(address, reading, "connections", "pause", connection_id),
            _run(address, writing, "connections", "list", "--company"),
            _run(address, "tnd_wrong", "connections", "list"),
        )
        listed, history, explained, refused, company, unknown = runs
        assert [one["id"] for one in json.loads(listed[1])] == [connection_id]
        assert [json.loads(line)["row"] for line in history[1].splitlines()] == [9]
        assert json.loads(explained[1])["synced"] is True
        assert (refused[0], "may only read" in refused[2]) == (1, True)
        assert (company[0], "needs admin" in company[2]) == (1, True)
        assert (unknown[0], "API token is not known" in unknown[2]) == (1, True)
        assert (await anna.get(connection)).json()["status"] == "active"
        for verb, status in (("pause", "paused"), ("resume", "active"), ("resync", "active")):
            code, out, err = await _run(address, writing, "connections", verb, "anna@gmail.com")
            assert (code, f"status: {status}" in out) == (0, True), err
    assert (await house.requests())[-2:] == ["resync_requested", "resync_requested"]
