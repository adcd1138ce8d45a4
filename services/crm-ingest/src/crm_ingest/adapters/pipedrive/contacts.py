"""Deal, person and organisation of activities, as far as one account may see them.

A few things are looked up by single reads, many by lists of ids, each of which costs as much as
ten single reads whatever its length.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crm_ingest.adapters.pipedrive.client import Json, MissingError, PipedriveClient
from crm_ingest.crm import Account, ForbiddenError, Reading
from tandem.contracts.activities import DealContact
from tandem.runtime.clock import Clock

IDS_MAX: Final = 100
SINGLE_MAX: Final = 5
STAGES_KEPT: Final = timedelta(minutes=10)
STAGES_MAX: Final = 1_000


@dataclass(frozen=True)
class _Related:
    """What several activities are about, by id."""

    deals: dict[int, Json]
    persons: dict[int, Json]
    organizations: dict[int, Json]
    stages: dict[int, str]


class PipedriveContacts:
    """Looks up who activities are about."""

    def __init__(self, client: PipedriveClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._stages: dict[int, tuple[dict[int, str], datetime]] = {}

    async def of_activities(
        self, account: Account, readings: Sequence[Reading]
    ) -> tuple[DealContact, ...]:
        """See `Contacts`."""
        deals, persons, organizations = await asyncio.gather(
            self._items(account, "deals", {one.deal_id for one in readings if one.deal_id}),
            self._items(account, "persons", {one.person_id for one in readings if one.person_id}),
            self._items(
                account,
                "organizations",
                {one.organization_id for one in readings if one.organization_id},
            ),
        )
        stages = await self._stage_names(account) if deals else {}
        related = _Related(deals, persons, organizations, stages)
        return tuple(_contact(account, reading, related) for reading in readings)

    async def _items(self, account: Account, kind: str, ids: Collection[int]) -> dict[int, Json]:
        wanted = sorted(ids)
        if len(wanted) <= SINGLE_MAX:
            singles = await asyncio.gather(*(self._one(account, kind, item) for item in wanted))
            found = [item for item in singles if item is not None]
        else:
            slices = [wanted[at : at + IDS_MAX] for at in range(0, len(wanted), IDS_MAX)]
            lists = await asyncio.gather(*(self._many(account, kind, part) for part in slices))
            found = [item for part in lists for item in part]
        return {item["id"]: item for item in found if not item.get("is_deleted")}

    async def _one(self, account: Account, kind: str, item_id: int) -> Json | None:
        try:
            answer = await self._client.read(account, f"{kind}.get", f"/api/v2/{kind}/{item_id}")
        except (MissingError, ForbiddenError):
            return None
        data = answer.get("data")
        return data if isinstance(data, dict) else None

    async def _many(self, account: Account, kind: str, ids: Sequence[int]) -> list[Json]:
        params: dict[str, str | int | bool] = {
            "ids": ",".join(str(item_id) for item_id in ids),
            "limit": IDS_MAX,
        }
        try:
            answer = await self._client.read(account, f"{kind}.list", f"/api/v2/{kind}", params)
        except (MissingError, ForbiddenError):
            return []
        return list(answer.get("data") or ())

    async def _stage_names(self, account: Account) -> dict[int, str]:
        company_id, now = account.user.company_id, self._clock.now()
        names, until = self._stages.get(company_id, ({}, now))
        if until > now:
            return names
        try:
            answer = await self._client.read(
                account, "stages.list", "/api/v2/stages", {"limit": 500}
            )
            names = {stage["id"]: str(stage["name"]) for stage in answer.get("data") or ()}
        except (MissingError, ForbiddenError):
            names = {}
        if len(self._stages) >= STAGES_MAX:
            self._stages.clear()
        self._stages[company_id] = (names, now + STAGES_KEPT)
        return names


def _contact(account: Account, reading: Reading, related: _Related) -> DealContact:
    deal = related.deals.get(reading.deal_id or 0, {})
    person = related.persons.get(reading.person_id or 0, {})
    organization = related.organizations.get(reading.organization_id or 0, {})
    address = organization.get("address")
    web = account.api_url.rstrip("/")
    return DealContact(
        activity_url=f"{web}/activities/list#dialog/activity/edit/{reading.activity.activity_id}",
        deal_title=deal.get("title") or "",
        deal_value=_value(deal),
        deal_stage=related.stages.get(deal.get("stage_id") or 0, ""),
        deal_url=f"{web}/deal/{deal['id']}" if deal else "",
        person_name=person.get("name") or "",
        person_phones=_values(person.get("phones")),
        person_emails=_values(person.get("emails")),
        organization_name=organization.get("name") or "",
        organization_address=str(address.get("value") or "") if isinstance(address, dict) else "",
    )


def _value(deal: Json) -> str:
    """Such as `12,000 EUR`; nothing for a deal without a value."""
    amount = deal.get("value")
    if not amount:
        return ""
    return f"{amount:,.2f}".removesuffix(".00") + f" {deal.get('currency') or ''}".rstrip()


def _values(entries: Any) -> tuple[str, ...]:
    """Phone numbers or addresses, the primary one first."""
    told = [entry for entry in entries or () if isinstance(entry, dict) and entry.get("value")]
    told.sort(key=lambda entry: not entry.get("primary"))
    return tuple(str(entry["value"]) for entry in told)
