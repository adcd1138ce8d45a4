"""A company of the sandbox with its people, and what the sandbox saw of us."""

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, Self
from uuid import uuid4

import httpx
from tests.e2e.person import Person
from tests.e2e.quiet import wait_until_quiet

from tandem_embedded.stack import Stack
from tandem_sandbox.accounts import (
    CompanySeed,
    MailboxSeed,
    Seed,
    UserSeed,
    mailbox,
    static_token,
)

_NUMBERS = itertools.count(500_001)
WRITES = {
    "pipedrive": ("activities.create", "activities.update", "activities.delete"),
    "google": ("events.insert", "events.update", "events.patch", "events.delete"),
    "microsoft": ("events.create", "events.update", "events.delete"),
}
BATCH = "batch"


@dataclass
class Company:
    """Two people of a company; `first` and `second`."""

    stack: Stack
    company_id: int
    people: tuple[Person, ...]
    control: httpx.Client

    @classmethod
    def found(cls, stack: Stack, *, people: int = 2) -> Self:
        """Seed a new company into the sandbox."""
        company_id = next(_NUMBERS)
        emails = [f"p{number}.{uuid4().hex[:10]}@north.example" for number in range(people)]
        users = tuple(
            UserSeed(
                id=company_id * 100 + number,
                email=email,
                name=f"Person {number}",
                is_admin=number == 0,
                token=static_token("pipedrive", email),
            )
            for number, email in enumerate(emails)
        )
        seed = Seed(
            companies=(
                CompanySeed(
                    id=company_id, name=f"C{company_id}", domain=f"c{company_id}", users=users
                ),
            ),
            mailboxes=tuple(
                mailbox(email, name="Person", timezone="Europe/Stockholm", locale="en_US")
                for email in emails
            ),
        )
        control = httpx.Client(base_url=stack.urls["sandbox"] + "/_control", timeout=60)
        control.post("/seed", json={"seed": seed.model_dump(mode="json")}).raise_for_status()
        return cls(
            stack,
            company_id,
            tuple(
                Person(
                    stack,
                    user_id=user.id,
                    email=user.email,
                    crm_token=user.token,
                    token=static_token("google", user.email),
                )
                for user in users
            ),
            control,
        )

    def __enter__(self) -> Self:
        """Nothing more is needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections; nobody of this company is synced any more."""
        for person in self.people:
            person.disconnect_all()
            person.close()
        self.control.close()

    @property
    def first(self) -> Person:
        """The company's admin."""
        return self.people[0]

    @property
    def second(self) -> Person:
        """Another user."""
        return self.people[1]

    def new_mailbox(self, provider: Literal["microsoft", "exchange"], *, host: str) -> MailboxSeed:
        """Seed one more mailbox, of somebody who may be of this company."""
        seed = mailbox(
            f"p.{uuid4().hex[:10]}@{host}",
            name="Person",
            timezone="Europe/Stockholm",
            locale="en_US",
            provider=provider,
        )
        order = {"seed": Seed(mailboxes=(seed,)).model_dump(mode="json")}
        self.control.post("/seed", json=order).raise_for_status()
        return seed

    def settled(self) -> None:
        """Return once nothing moves any more."""
        wait_until_quiet(self.stack)

    def writes(self) -> Counter[str]:
        """How often each write operation was called for this company's accounts so far."""
        emails = {person.email for person in self.people}
        answer = self.control.get("/counters")
        answer.raise_for_status()
        counted: Counter[str] = Counter()
        for row in answer.json()["calls"]:
            if row["account"] in emails and row["operation"] in WRITES.get(row["provider"], ()):
                counted[row["operation"]] += row["calls"]
        return counted

    def writing_requests(self, provider: str, account: str) -> int:
        """HTTP requests so far that wrote to an account's calendar; a batch is one."""
        answer = self.control.get("/counters")
        answer.raise_for_status()
        return sum(
            row["calls"] - row["batched"]
            for row in answer.json()["calls"]
            if (row["provider"], row["account"]) == (provider, account)
            and row["operation"] in {*WRITES[provider], BATCH}
        )

    def arm(self, **fault: Any) -> None:
        """Arm a fault of the sandbox."""
        self.control.post("/faults", json=fault).raise_for_status()
