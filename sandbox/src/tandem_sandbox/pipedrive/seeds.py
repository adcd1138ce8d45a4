"""What a new company already has: activity types, stages, people, organisations, deals."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tandem_sandbox.pipedrive.model import (
    ActivityType,
    Address,
    Contact,
    Deal,
    Organization,
    Person,
    Stage,
)

if TYPE_CHECKING:
    from tandem_sandbox.pipedrive.state import Company

TYPES = (
    ("Call", "call", "call", False),
    ("Meeting", "meeting", "meeting", False),
    ("Task", "task", "task", False),
    ("Deadline", "deadline", "deadline", False),
    ("Email", "email", "email", False),
    ("Lunch", "lunch", "lunch", False),
    ("Video call", "video_call", "camera", True),
)
STAGES = ("Qualified", "Contact made", "Demo scheduled", "Proposal made", "Negotiations started")
PEOPLE = ("Buyer One", "Buyer Two", "Buyer Three", "Buyer Four")
ORGANIZATIONS = ("Harbour Works", "Mill Street Studio")
DEALS = (("New harbour crane", 12_000.0), ("Studio refit", 4_500.0), ("Quiet deal", 900.0))


def furnish(company: Company, now: datetime) -> None:
    """Give a new company its first records.

    The last deal belongs to the second user and is visible to nobody else.
    """
    owners = sorted(company.users)
    for order, (name, key, icon, custom) in enumerate(TYPES, start=1):
        number = company.next_id("activity_type")
        company.activity_types[number] = ActivityType(
            id=number,
            name=name,
            key_string=key,
            icon_key=icon,
            order_nr=order,
            is_custom_flag=custom,
            add_time=now,
        )
    for order, name in enumerate(STAGES, start=1):
        number = company.next_id("stage")
        company.stages[number] = Stage(id=number, name=name, order_nr=order)
    for name in ORGANIZATIONS:
        number = company.next_id("organization")
        company.organizations[number] = Organization(
            id=number,
            owner_id=owners[0],
            name=name,
            address=Address(value=f"{number} Market Square"),
            add_time=now,
            update_time=now,
        )
    for index, name in enumerate(PEOPLE):
        number = company.next_id("person")
        company.persons[number] = _person(
            number, name, domain=company.domain, owner_id=owners[index % len(owners)], now=now
        )
    for index, (title, value) in enumerate(DEALS):
        number = company.next_id("deal")
        private = index == len(DEALS) - 1
        company.deals[number] = Deal(
            id=number,
            owner_id=owners[1 % len(owners)] if private else owners[0],
            visible_to=1 if private else 3,
            title=title,
            value=value,
            stage_id=index + 1,
            person_id=index + 1,
            org_id=index % len(ORGANIZATIONS) + 1,
            add_time=now,
            update_time=now,
        )


def _person(number: int, name: str, *, domain: str, owner_id: int, now: datetime) -> Person:
    first, _, last = name.partition(" ")
    address = f"{name.lower().replace(' ', '.')}@{domain}-customer.example"
    return Person(
        id=number,
        owner_id=owner_id,
        name=name,
        first_name=first,
        last_name=last,
        org_id=(number - 1) % len(ORGANIZATIONS) + 1,
        emails=[Contact(value=address, primary=True, label="work")],
        phones=[Contact(value=f"+46 8 555 01 {number:02d}", primary=True, label="work")],
        add_time=now,
        update_time=now,
    )
