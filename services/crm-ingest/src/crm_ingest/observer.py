"""Publishes what was read of activities to those whom it concerns, and keeps what was published.

An activity concerns its owner; when it has a new one, also everybody who was told of it before;
when it is deleted, everybody who was ever told. Users without a connection are told nothing.
What was published is kept only after Kafka has it, so a crash in between publishes again. Who is
about to be told for the first time is kept before: should the activity be deleted before the
crash is over, he must be told of that.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crm_ingest.crm import Account, Contacts, Reading, RefusedError
from crm_ingest.observations import Observations, contact_fingerprint_of, fingerprint_of
from crm_ingest.repository.activities import Known, KnownActivities, Place, Published
from crm_ingest.repository.connections import People
from tandem.contracts.activities import DealContact
from tandem.contracts.message import SyncUser
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.publisher import Outgoing, Publisher


@dataclass(frozen=True)
class Seen:
    """An activity as it was read at a moment; `reading` None: it is gone."""

    place: Place
    reading: Reading | None
    moment: datetime
    trace: str | None = None

    @property
    def gone(self) -> bool:
        """Whether it was deleted."""
        return self.reading is None or self.reading.deleted


@dataclass
class Told:
    """What came of observations: which somebody was told of, and which must wait."""

    news: list[Seen] = field(default_factory=list)
    waiting: list[tuple[Seen, Exception]] = field(default_factory=list)
    lost: set[SyncUser] = field(default_factory=set)


class Observer:
    """Tells users what was seen."""

    def __init__(
        self,
        *,
        publisher: Publisher,
        known: KnownActivities,
        contacts: Contacts,
        observations: Observations,
    ) -> None:
        self._publisher = publisher
        self._known = known
        self._contacts = contacts
        self._observations = observations

    async def observe(
        self,
        seen: Sequence[Seen],
        people: People,
        *,
        only_news: bool = False,
        contacts_are_news: bool = False,
    ) -> Told:
        """Publish what was seen; with `only_news`, not what was published like that before.

        With `contacts_are_news`, deals and contacts are looked up of all that was seen, and a
        change of one is news as well. Where the deal or contact can not be read just now, the
        observation is not published without it: it is among `waiting`, or its user among `lost`.
        """
        seen = _latest(seen)
        known = await self._known.by_place([one.place for one in seen])
        told = Told()
        if only_news and not contacts_are_news:
            seen = [one for one in seen if _is_news(one, known.get(one.place), people)]
        contacts = await self._contacts_of(seen, people, told)
        outgoing: list[Outgoing] = []
        published: list[Published] = []
        gone: list[tuple[Place, datetime]] = []
        for one in seen:
            before = known.get(one.place)
            old = only_news and not _is_news(one, before, people)
            if one.gone:
                if old:
                    continue
                outgoing += self._tell_gone(one, before, people, told)
                gone.append((one.place, one.moment))
            elif one.reading is not None and one.place in contacts:
                contact = contacts[one.place]
                if not (old and _same_contact(before, contact)):
                    outgoing += self._tell(one, contact, before, people, told)
                published.append(_published(one, one.reading, contact, people))
        await self._known.store(
            [_about_to_be(one) for one in published if _is_first(one, known.get(one.place))]
        )
        await self._publisher.publish(outgoing)
        await self._known.store([one for one in published if one.owner_told or one.place in known])
        await self._known.store_gone(gone)
        return told

    def _tell(
        self,
        one: Seen,
        contact: DealContact | None,
        before: Known | None,
        people: People,
        told: Told,
    ) -> list[Outgoing]:
        company_id, _ = one.place
        reading = one.reading
        if reading is None:
            return []
        owner = SyncUser(company_id=company_id, user_id=reading.activity.owner_id)
        users = [owner]
        if before is not None and before.owner_id != owner.user_id:
            users += [
                SyncUser(company_id=company_id, user_id=user_id)
                for user_id in before.told
                if user_id != owner.user_id
            ]
        records = [
            self._observations.observed(
                user,
                reading,
                one.moment,
                contact=contact if user == owner else None,
                trace=one.trace,
            )
            for user in users
            if user in people.told
        ]
        if records:
            told.news.append(one)
        return records

    def _tell_gone(
        self, one: Seen, before: Known | None, people: People, told: Told
    ) -> list[Outgoing]:
        company_id, activity_id = one.place
        user_ids = dict.fromkeys(before.told if before else ())
        if one.reading is not None:
            user_ids[one.reading.activity.owner_id] = None
        users = [SyncUser(company_id=company_id, user_id=user_id) for user_id in user_ids]
        users = [user for user in users if user in people.told]
        if users:
            told.news.append(one)
        return [
            self._observations.gone(user, activity_id, one.moment, trace=one.trace)
            for user in users
        ]

    async def _contacts_of(
        self, seen: Sequence[Seen], people: People, told: Told
    ) -> dict[Place, DealContact | None]:
        """Contacts of all activities that can be published; None where none is wanted."""
        contacts: dict[Place, DealContact | None] = {}
        wanted: dict[SyncUser, list[tuple[Seen, Reading]]] = defaultdict(list)
        for one in seen:
            if one.gone or one.reading is None:
                continue
            owner = SyncUser(company_id=one.place[0], user_id=one.reading.activity.owner_id)
            account = people.accounts.get(owner)
            if account is not None and account.include_contact:
                wanted[owner].append((one, one.reading))
            else:
                contacts[one.place] = None
        groups = await asyncio.gather(
            *(self._contacts_for(people.accounts[owner], ones) for owner, ones in wanted.items())
        )
        for (owner, ones), found in zip(wanted.items(), groups, strict=True):
            if isinstance(found, GrantLostError):
                told.lost.add(owner)
            elif isinstance(found, Exception):
                told.waiting += [(one, found) for one, _ in ones]
            else:
                contacts |= {
                    one.place: contact for (one, _), contact in zip(ones, found, strict=True)
                }
        return contacts

    async def _contacts_for(
        self, account: Account, ones: Sequence[tuple[Seen, Reading]]
    ) -> tuple[DealContact | None, ...] | Exception:
        """Contacts; none where Pipedrive refuses to tell; the error where it may tell later."""
        try:
            return await self._contacts.of_activities(account, [reading for _, reading in ones])
        except GrantLostError as error:
            return error
        except RefusedError as error:
            LOG.warning("contacts_refused", user=account.user.key, detail=str(error))
            return (None,) * len(ones)
        except Exception as error:
            if not is_retryable(error):
                raise
            return error


def _latest(seen: Sequence[Seen]) -> list[Seen]:
    """Each activity once, as it was read last."""
    latest: dict[Place, Seen] = {}
    for one in seen:
        held = latest.get(one.place)
        if held is None or held.moment <= one.moment:
            latest[one.place] = one
    return list(latest.values())


def _is_news(one: Seen, before: Known | None, people: People) -> bool:
    if one.gone:
        return before is not None and not before.gone
    if one.reading is None:
        return False
    owner_id = one.reading.activity.owner_id
    is_told = SyncUser(company_id=one.place[0], user_id=owner_id) in people.told
    return (
        before is None
        or before.gone
        or before.fingerprint != fingerprint_of(one.reading)
        or (is_told and owner_id not in before.told)
    )


def _same_contact(before: Known | None, contact: DealContact | None) -> bool:
    return before is not None and before.contact_fingerprint == contact_fingerprint_of(contact)


def _published(
    one: Seen,
    reading: Reading,
    contact: DealContact | None,
    people: People,
) -> Published:
    company_id, _ = one.place
    owner = SyncUser(company_id=company_id, user_id=reading.activity.owner_id)
    return replace(
        Published.known(
            company_id, reading.activity, owner_told=owner in people.told, moment=one.moment
        ),
        fingerprint=fingerprint_of(reading),
        contact_fingerprint=contact_fingerprint_of(contact),
    )


def _is_first(one: Published, before: Known | None) -> bool:
    return one.owner_told and (before is None or before.gone or one.owner_id not in before.told)


def _about_to_be(one: Published) -> Published:
    """Known, but not as anything that was published."""
    return replace(one, fingerprint="", contact_fingerprint="")
