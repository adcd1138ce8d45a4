"""What happens while Prometheus watches: work on both sides, and each trouble once."""

import asyncio
import base64
from typing import Final

import httpx
from tests.chaos.workload import Workload
from tests.e2e.company import Company
from tests.e2e.office import Office
from tests.e2e.person import in_days
from tests.e2e.waiting import eventually

from tandem.contracts.topics import CRM_ACTIVITIES
from tandem.runtime.publisher import Outgoing, Publisher
from tandem_embedded.demo_user import connect_calendar
from tandem_embedded.stack import Stack

CHANGES: Final = 60
PATIENCE_S: Final = 90
"""Four errors in a row are waited out, longer each time."""
TROUBLES: Final = ("DeadLetters", "GrantsLost", "WritesRefused", "WebhooksRefused")
"""Alerts whose cause comes about here, once: too seldom for most of them to fire."""


def happen(stack: Stack, company: Company) -> None:
    """Have everything happen that an installation at work shows in its metrics."""
    worker, unlucky, elsewhere = company.people
    worker.connect()
    work = Workload(worker, changes=CHANGES)
    work.prepare()
    work.start()
    outlook = company.new_mailbox("microsoft", host="outlook.com")
    with Office.opened(stack, company) as office:
        elsewhere.sign_in()
        office.connect(elsewhere)
        connect_calendar(elsewhere.tandem, email=outlook.email)
        elsewhere.create_activity("Everywhere", in_days(2))
        eventually(
            lambda: "Everywhere" in {one.subject for one in office.events()},
            seconds=PATIENCE_S,
            what="an event at the Exchange server",
        )
        unlucky.connect()
        _bad_weather(company, outlook.email)
        _refuse_a_write(company)
        _lose_a_grant(company)
        _refuse_a_delivery(stack)
        asyncio.run(_publish_what_nobody_can_read(stack))
        work.finish()
        work.check(company)


def _bad_weather(company: Company, outlook: str) -> None:
    """Providers answer our calls, and only ours, with an error or a plea for patience."""
    unlucky = company.people[1]
    ours = {
        "pipedrive": ("activities.get", unlucky.email),
        "google": ("events.insert", unlucky.email),
        "microsoft": ("*", outlook),
    }
    for provider, (operation, account) in ours.items():
        for status in (429, 503):
            company.arm(
                provider=provider,
                operation=operation,
                account=account,
                kind="status",
                status=status,
                times=2,
            )
    unlucky.create_activity("In bad weather", in_days(3))
    eventually(
        lambda: "In bad weather" in {one["summary"] for one in unlucky.events()},
        seconds=PATIENCE_S,
        what="an event in spite of four errors",
    )


def _refuse_a_write(company: Company) -> None:
    unlucky = company.people[1]
    company.arm(
        provider="google",
        operation="events.insert",
        account=unlucky.email,
        kind="status",
        status=400,
        reason="required",
    )
    refused = unlucky.create_activity("Refused", in_days(2))
    eventually(
        lambda: "provider_refused" in unlucky.reasons(refused["id"]),
        seconds=PATIENCE_S,
        what="the refusal",
    )


def _lose_a_grant(company: Company) -> None:
    unlucky = company.people[1]
    account = {"provider": "google", "email": unlucky.email}
    company.control.post("/grants/revoke", json=account).raise_for_status()
    eventually(lambda: unlucky.connection()["status"] == "reconnect_needed", seconds=PATIENCE_S)


def _refuse_a_delivery(stack: Stack) -> None:
    wrong = base64.b64encode(b"tandem:wrong").decode()
    answer = httpx.post(
        stack.urls["crm_ingest"] + "/webhooks/pipedrive",
        headers={"authorization": f"Basic {wrong}"},
        json={},
    )
    assert answer.status_code == 401


async def _publish_what_nobody_can_read(stack: Stack) -> None:
    publisher = Publisher(stack.kafka_address, client_id="stranger")
    await publisher.start()
    try:
        await publisher.publish([Outgoing(CRM_ACTIVITIES.name, "1:1", b"not ours")])
    finally:
        await publisher.stop()
