"""What the providers are asked for each change, each backfilled item and each idle day.

Counted by the sandbox, which notes every call that it answers; what an account's own person does
is taken off. The tokens of Pipedrive are those of its price list.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from bench.hands import ExchangeHands, GoogleHands, Hands, MicrosoftHands
from bench.stacks import measured_stack
from tests.e2e.company import Company
from tests.e2e.office import Office
from tests.e2e.outlook import Outlook
from tests.e2e.person import Person, in_days
from tests.e2e.waiting import eventually

from tandem_embedded.stack import Stack

CHANGES: Final = 3
BACKFILLED: Final = 1000
HOURS: Final = 24
CHANGES_A_DAY: Final = 40
"""Changes of one user and working day that the capacities are reckoned with, half on each side."""
CHANNEL_DAYS: Final = {"google": 7 * 0.9, "microsoft": 7 * 0.9, "exchange": 1 * 0.9}
"""Days after which a channel is replaced: its life but for the last tenth."""
TOKENS: Final = {
    "activities.list": 10,
    "activities.get": 1,
    "activities.create": 5,
    "activities.update": 5,
    "activities.delete": 3,
    "activityTypes.list": 20,
    "users.me": 2,
    "persons.search": 20,
    "webhooks.list": 10,
    "webhooks.create": 10,
}
GOOGLE_A_DAY: Final = 1_000_000
GOOGLE_A_MINUTE: Final = 10_000
GRAPH_IN_TEN_SECONDS: Final = 130_000
"""Of one app, whoever's mailboxes it asks."""
WORKDAY_S: Final = 8 * 60 * 60
PIPEDRIVE_A_DAY: Final = 30_000
"""Tokens for each seat of the cheapest plan."""

REQUESTS: Final = "HTTP requests"
"""Counted beside the calls: a batch is one request, and its calls are none."""
NO_CALLS: Final = frozenset({REQUESTS, "batch"})

Calls = Counter[tuple[str, str]]


@dataclass
class Desk:
    """A person whose calendar is at one provider."""

    stack: Stack
    company: Company
    person: Person
    provider: str
    account: str
    _before: Calls = field(default_factory=Counter)

    def calls(self) -> Calls:
        """All calls so far of his accounts, by provider and operation."""
        answer = self.company.control.get("/counters")
        mine = {"pipedrive": self.person.email, self.provider: self.account}
        counted: Calls = Counter()
        for row in answer.json()["calls"]:
            provider = row["provider"]
            if mine.get(provider) == row["account"]:
                counted[provider, REQUESTS] += row["calls"] - row["batched"]
                counted[provider, row["operation"]] += row["calls"]
        return counted

    def run(self, statement: str) -> None:
        """Change what the services believe of the time."""
        asyncio.run(self._execute(statement))

    def await_calls(self, provider: str, operation: str, count: int = 1) -> None:
        """Return once an operation was called so often within `counted`."""
        wanted = self._before[provider, operation] + count
        eventually(lambda: self.calls()[provider, operation] >= wanted, what=operation, seconds=300)

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.stack.database_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    @contextmanager
    def counted(self, own: Mapping[tuple[str, str], int]) -> Iterator[Calls]:
        """What is called within, without what its person does himself."""
        self.company.settled()
        self._before = self.calls()
        found: Calls = Counter()
        yield found
        self.company.settled()
        found.update(self.calls())
        found.subtract(self._before)
        for (provider, operation), count in own.items():
            found.subtract({(provider, operation): count, (provider, REQUESTS): count})


def measure_calls() -> list[str]:
    """Run the stack and return the lines to print."""
    with measured_stack(partitions=4) as stack:
        stack.start()
        return [*_of_google(stack), *_of_microsoft(stack), *_of_exchange(stack)]


def _of_google(stack: Stack) -> list[str]:
    with Company.found(stack, people=1) as company:
        person = company.first
        desk = Desk(stack, company, person, "google", person.email)
        return _measured(desk, GoogleHands(person), person.connect)


def _of_microsoft(stack: Stack) -> list[str]:
    with Company.found(stack, people=1) as company, Outlook.opened(stack, company) as outlook:
        person = company.first
        desk = Desk(stack, company, person, "microsoft", outlook.email)
        person.sign_in()
        return _measured(desk, MicrosoftHands(outlook), lambda: outlook.connect(person))


def _of_exchange(stack: Stack) -> list[str]:
    with Company.found(stack, people=1) as company, Office.opened(stack, company) as office:
        person = company.first
        desk = Desk(stack, company, person, "exchange", office.email)
        person.sign_in()
        return _measured(desk, ExchangeHands(office), lambda: office.connect(person))


def _measured(desk: Desk, hands: Hands, connect: Callable[[], Any]) -> list[str]:
    for number in range(BACKFILLED):
        desk.person.create_activity(f"Before {number}", in_days(2 + number % 20))
    table: dict[str, tuple[Calls, int]] = {}
    with desk.counted({}) as found:
        connect()
        desk.await_calls(desk.provider, hands.kinds["create"], BACKFILLED)
    table[f"backfill of {BACKFILLED} activities, each"] = (found, BACKFILLED)
    # Notices of so large a backfill are read together for a while, which is over now.
    desk.run("UPDATE calendar.connections SET bulk_at = NULL")
    # The person's own client asks who is who with its first call.
    hands.create("First")
    table |= _outbound(desk, hands)
    table |= _inbound(desk, hands)
    with desk.counted({}) as swept:
        desk.run(
            "UPDATE calendar.reads SET visited_at = now() - interval '1 day';"
            " UPDATE crm.sync_users SET due_at = now()"
        )
        desk.await_calls(desk.provider, hands.listing)
    table["sweep of an idle connection"] = (swept, 1)
    with desk.counted({}) as renewed:
        desk.run("UPDATE calendar.channels SET renew_at = now() WHERE state = 'live'")
        desk.await_calls(desk.provider, hands.watching)
    table["renewal of its channel"] = (renewed, 1)
    return _lines(desk, table)


def _outbound(desk: Desk, hands: Hands) -> dict[str, tuple[Calls, int]]:
    """One after the other, so that no two changes share a call."""
    sums: dict[str, Calls] = {kind: Counter() for kind in ("created", "changed", "deleted")}
    for number in range(CHANGES):
        with desk.counted({("pipedrive", "activities.create"): 1}) as found:
            made = desk.person.create_activity(f"Out {number}", in_days(6))
            desk.await_calls(desk.provider, hands.kinds["create"])
        sums["created"].update(found)
        with desk.counted({("pipedrive", "activities.update"): 1}) as found:
            desk.person.change_activity(made["id"], subject=f"Out {number}, changed")
            desk.await_calls(desk.provider, hands.kinds["change"])
        sums["changed"].update(found)
        with desk.counted({("pipedrive", "activities.delete"): 1}) as found:
            desk.person.delete_activity(made["id"])
            desk.await_calls(desk.provider, hands.kinds["delete"])
        sums["deleted"].update(found)
    return {f"activity {kind}": (calls, CHANGES) for kind, calls in sums.items()}


def _inbound(desk: Desk, hands: Hands) -> dict[str, tuple[Calls, int]]:
    sums: dict[str, Calls] = {kind: Counter() for kind in ("created", "changed", "deleted")}
    for number in range(CHANGES):
        with desk.counted({(desk.provider, hands.kinds["create"]): 1}) as found:
            event = hands.create(f"In {number}")
            desk.await_calls("pipedrive", "activities.create")
        sums["created"].update(found)
        with desk.counted({(desk.provider, hands.kinds["change"]): 1}) as found:
            hands.change(event, f"In {number}, changed")
            desk.await_calls("pipedrive", "activities.update")
        sums["changed"].update(found)
        with desk.counted({(desk.provider, hands.kinds["delete"]): 1}) as found:
            hands.delete(event)
            desk.await_calls("pipedrive", "activities.delete")
        sums["deleted"].update(found)
    return {f"event {kind}": (calls, CHANGES) for kind, calls in sums.items()}


def _lines(desk: Desk, table: Mapping[str, tuple[Calls, int]]) -> list[str]:
    lines = [f"| {desk.provider} | calls | HTTP requests | tokens of Pipedrive | which |"]
    lines.append("|---|---|---|---|---|")
    for name, (calls, items) in table.items():
        seen = {key: count / items for key, count in calls.items() if count > 0}
        requests = seen.get((desk.provider, REQUESTS), 0.0)
        which = ", ".join(
            f"{count:.2g} {what}" for (_, what), count in sorted(seen.items()) if what != REQUESTS
        )
        lines.append(
            f"| {name} | {_theirs(desk, seen):.2f} | {requests:.3f} | {_tokens(seen):.1f}"
            f" | {which} |"
        )
    return [*lines, "", *_capacity(desk, table), ""]


def _theirs(desk: Desk, calls: Mapping[tuple[str, str], float]) -> float:
    """Calls to the calendar, each of a batch by itself."""
    return sum(
        count
        for (provider, what), count in calls.items()
        if provider == desk.provider and what not in NO_CALLS
    )


def _tokens(calls: Mapping[tuple[str, str], float]) -> float:
    return sum(
        count * TOKENS.get(operation, 1)
        for (provider, operation), count in calls.items()
        if provider == "pipedrive" and operation != REQUESTS
    )


def _capacity(desk: Desk, table: Mapping[str, tuple[Calls, int]]) -> list[str]:
    """What a day of one user costs, and how many users that allows."""

    def of(name: str, share: Callable[[Mapping[tuple[str, str], float]], float]) -> float:
        calls, items = table[name]
        return share({key: count / items for key, count in calls.items() if count > 0})

    def theirs(calls: Mapping[tuple[str, str], float]) -> float:
        return _theirs(desk, calls)

    idle = HOURS * of("sweep of an idle connection", theirs)
    idle += of("renewal of its channel", theirs) / CHANNEL_DAYS[desk.provider]
    change = (of("activity changed", theirs) + of("event changed", theirs)) / 2
    day = idle + CHANGES_A_DAY * change
    tokens = HOURS * of("sweep of an idle connection", _tokens)
    tokens_day = tokens + CHANGES_A_DAY * (
        (of("activity changed", _tokens) + of("event changed", _tokens)) / 2
    )
    lines = [
        f"Idle connection and day: {idle:.1f} calls to the calendar, {tokens:.0f} tokens",
    ]
    lines.append(
        f"With {CHANGES_A_DAY} changes: {day:.0f} calls to the calendar, {tokens_day:.0f} tokens"
        f" ({tokens_day / PIPEDRIVE_A_DAY:.1%} of a seat's {PIPEDRIVE_A_DAY:,})"
    )
    if desk.provider == "microsoft":
        workday = GRAPH_IN_TEN_SECONDS * WORKDAY_S / 10
        lines.append(f"One app: {workday / day:,.0f} such users over 8 hours")
    if desk.provider == "google":
        minute = GOOGLE_A_MINUTE * WORKDAY_S / 60
        lines.append(
            f"One project: {GOOGLE_A_DAY / day:,.0f} such users a day before it is billed;"
            f" a minute's {GOOGLE_A_MINUTE:,} would carry {minute / day:,.0f} over 8 hours"
        )
    return lines


if __name__ == "__main__":
    print(*measure_calls(), sep="\n", flush=True)
