"""Rate limits: each user's own, over all copies of the service, for no longer than needed."""

import asyncio
from datetime import timedelta

import httpx
from tests.integration.settings_api.browser import CSRF, Browser, refused
from tests.integration.settings_api.house import ADA, BOB, House

FEW = {"reads_per_minute": 6, "writes_per_minute": 3, "sign_ins_per_minute": 8}


async def _statuses(browser: Browser, count: int, path: str = "/api/v1/me") -> list[int]:
    answers = await asyncio.gather(*(browser.get(path) for _ in range(count)))
    return sorted(one.status_code for one in answers)


async def test_a_user_who_asks_too_often_waits_as_long_as_told(lone_house: House):
    async with lone_house.service(**FEW):
        ada, bob = lone_house.browser(), lone_house.browser()
        await ada.sign_in(ADA)
        await bob.sign_in(BOB)
        assert await _statuses(ada, 10) == [200] * 5 + [429] * 5
        answer = await ada.get("/api/v1/me")
        document = refused(answer, 429, "at most 6 a minute")
        wait = int(answer.headers["retry-after"])
        assert 1 <= wait <= 10
        assert f"again in {wait} s" in document["title"]
        assert (await bob.get("/api/v1/me")).status_code == 200
        lone_house.clock.ahead += timedelta(seconds=wait)
        assert (await ada.get("/api/v1/me")).status_code == 200
        assert (await ada.get("/api/v1/me")).status_code == 429
        lone_house.clock.ahead += timedelta(hours=1)
        assert await _statuses(ada, 8) == [200] * 6 + [429] * 2


async def test_reads_and_writes_of_pages_api_and_tokens_count_together(lone_house: House):
    async with lone_house.service(**FEW):
        ada, program = lone_house.browser(), lone_house.browser()
        await ada.sign_in(ADA)
        program.headers["authorization"] = f"Bearer {await ada.api_token(scope='admin')}"
        form = {"csrf_token": ada.headers[CSRF], "name": "page"}
        assert (await ada.post("/tokens", data=form)).status_code == 200
        assert (await program.post("/api/v1/tokens", json={"name": "x"})).status_code == 201
        page = await ada.post("/tokens", data=form, headers={"accept": "text/html"})
        assert (page.status_code, page.headers["content-type"][:9]) == (429, "text/html")
        assert int(page.headers["retry-after"]) <= 20
        refused(await program.post("/api/v1/tokens", json={"name": "x"}), 429, "3 a minute")
        assert (await program.get("/api/v1/me")).status_code == 200
        statuses = await _statuses(ada, 3, "/tokens") + await _statuses(program, 2)
        assert statuses == [200, 200, 200, 200, 429]


async def test_copies_of_the_service_count_together(lone_house: House):
    async with lone_house.service(**FEW):
        ada = lone_house.browser()
        await ada.sign_in(ADA)
        async with lone_house.service(**FEW):
            elsewhere = lone_house.browser()
            elsewhere.cookies = ada.cookies
            here, there = await asyncio.gather(_statuses(ada, 5), _statuses(elsewhere, 5))
    assert sorted(here + there) == [200] * 5 + [429] * 5


async def test_sign_ins_of_one_address_are_limited_and_others_go_on(lone_house: House):
    async with lone_house.service(**FEW):
        stranger = lone_house.browser()
        start = "/oauth/pipedrive/start"
        answers = [await stranger.get(start) for _ in range(9)]
        assert [one.status_code for one in answers] == [302] * 8 + [429]
        assert int(answers[-1].headers["retry-after"]) <= 8
        refused(await stranger.get("/oauth/pipedrive/callback?state=a&code=b"), 429, "sign-ins")
        addresses = ["10.0.0.1", "2001:db8::1", "2001:db8:0:1::1"]
        for address in addresses:
            assert await _started_from(lone_house, address) == 302
        await asyncio.gather(*(_started_from(lone_house, "2001:db8::2") for _ in range(7)))
        assert await _started_from(lone_house, "2001:db8::3") == 429
        assert await _started_from(lone_house, "2001:db8:0:1::1") == 302
        kept = str(await lone_house.query("SELECT * FROM settings.rates"))
        assert not any(address in kept for address in (*addresses, "127.0.0.1"))


async def test_a_clock_that_was_wrong_locks_nobody_out(lone_house: House):
    async with lone_house.service(**FEW):
        ada = lone_house.browser()
        await ada.sign_in(ADA)
        lone_house.clock.ahead = timedelta(hours=5)
        assert await _statuses(ada, 7) == [200] * 6 + [429]
        lone_house.clock.ahead = timedelta()
        assert await _statuses(ada, 7) == [200] * 6 + [429]


async def _started_from(house: House, address: str) -> int:
    assert house.app is not None
    transport = httpx.ASGITransport(app=house.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://tandem.example") as browser:
        return (await browser.get("/oauth/pipedrive/start")).status_code
