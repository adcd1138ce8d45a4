"""Change → written on the other side, through all processes, at a fixed rate.

Times are the sandbox's own: from the moment it had carried out a person's change to the moment it
had carried out our write of the same item. Each item is changed again only after a pause, so that
every write answers exactly one change.
"""

import itertools
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bench.figures import latency_line
from bench.stacks import measured_stack
from tests.e2e.company import Company
from tests.e2e.person import Person, in_days
from tests.e2e.waiting import eventually

RATE_PER_S: Final = 20
SECONDS: Final = 30
ITEMS: Final = 200
PEOPLE: Final = 4


@dataclass(frozen=True)
class Item:
    """A linked meeting."""

    person: Person
    activity_id: int
    event_id: str


def measure_latency() -> list[str]:
    """Run the stack and return the lines to print."""
    # What is measured is Tandem, not the quota that Google grants a user.
    plenty = {"GOOGLE_USER_REQUESTS_PER_MINUTE": "60000"}
    with measured_stack(partitions=4, overrides=plenty) as stack:
        stack.start()
        with Company.found(stack, people=PEOPLE) as company:
            return _measure(company)


def _measure(company: Company) -> list[str]:
    items = list(linked_items(company))
    company.settled()
    started = _last_call(company)
    change_at_a_steady_rate(items)
    company.settled()
    calls = _calls_after(company, started)
    to_calendar = _waits_ms(
        calls,
        cause="activities.update",
        effect="events.patch",
        pairs=[(f"/{item.activity_id}", f"/{item.event_id}") for item in items[::2]],
    )
    to_crm = _waits_ms(
        calls,
        cause="events.patch",
        effect="activities.update",
        pairs=[(f"/{item.event_id}", f"/{item.activity_id}") for item in items[1::2]],
    )
    return [
        f"{RATE_PER_S} changes/s for {SECONDS} s, {ITEMS} linked items of {PEOPLE} users",
        latency_line("Pipedrive → Google", to_calendar),
        latency_line("Google → Pipedrive", to_crm),
    ]


def linked_items(company: Company) -> list[Item]:
    """Connect everybody and make meetings, which are then on both sides."""
    for person in company.people:
        person.connect()
    made = [
        (person, person.create_activity(f"Item {number}", in_days(2 + number % 50))["id"])
        for number, person in zip(range(ITEMS), itertools.cycle(company.people), strict=False)
    ]
    for person in company.people:
        own = sum(1 for other, _ in made if other is person)
        eventually(lambda who=person, n=own: len(who.events()) == n, seconds=120)  # type: ignore[misc]
    company.settled()
    by_title = {
        (id(person), event["summary"]): event["id"]
        for person in company.people
        for event in person.events()
    }
    return [
        Item(person, activity_id, by_title[id(person), f"Item {number}"])
        for number, (person, activity_id) in enumerate(made)
    ]


def change_at_a_steady_rate(
    items: list[Item], *, rate_per_s: int = RATE_PER_S, seconds: int = SECONDS
) -> None:
    """Even items are renamed in Pipedrive, odd ones in the calendar, one after the other."""
    begun = time.monotonic()
    for number, item in zip(range(rate_per_s * seconds), itertools.cycle(items), strict=False):
        title = f"Change {number}"
        if number % 2 == 0:
            item.person.change_activity(item.activity_id, subject=title)
        else:
            item.person.change_event(item.event_id, summary=title)
        due = begun + (number + 1) / rate_per_s
        time.sleep(max(due - time.monotonic(), 0))


def _last_call(company: Company) -> int:
    return max((call["number"] for call in _calls_after(company, 0)), default=0)


def _calls_after(company: Company, number: int) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    while True:
        answer = company.control.get("/calls", params={"after": number, "limit": 5000})
        answer.raise_for_status()
        page: list[dict[str, Any]] = answer.json()["items"]
        calls += page
        if not page:
            return calls
        number = page[-1]["number"]


def _waits_ms(
    calls: list[dict[str, Any]], *, cause: str, effect: str, pairs: list[tuple[str, str]]
) -> list[float]:
    """The n-th write of an item answers its n-th change; a missing one is an error."""
    moments: dict[str, list[datetime]] = {}
    for call in calls:
        if call["operation"] in {cause, effect}:
            item = "/" + call["path"].rpartition("/")[2]
            moments.setdefault(item, []).append(datetime.fromisoformat(call["at"]))
    waits = []
    for caused, effected in pairs:
        changes, writes = moments.get(caused, []), moments.get(effected, [])
        if len(changes) != len(writes):
            raise RuntimeError(f"{len(changes)} changes led to {len(writes)} writes")
        waits += [
            (write - change).total_seconds() * 1000
            for change, write in zip(changes, writes, strict=True)
        ]
    return waits
