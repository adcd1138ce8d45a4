"""Activities by API v2. A deleted one is still shown for 30 days, marked `is_deleted`."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from crm_ingest.adapters.pipedrive.bodies import changed_activity, new_activity
from crm_ingest.adapters.pipedrive.client import MissingError, PipedriveClient
from crm_ingest.adapters.pipedrive.persons import Person, Persons
from crm_ingest.adapters.pipedrive.readings import guests_of, reading_of, readings_of
from crm_ingest.crm import Account, Invitee, Page, Reading
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent, Retryable

PATH: Final = "/api/v2/activities"
PAGE_MAX: Final = 500
WITH_ATTENDEES: Final = {"include_fields": "attendees"}


class PipedriveActivities:
    """Reads and writes activities."""

    def __init__(self, client: PipedriveClient, persons: Persons) -> None:
        self._client = client
        self._persons = persons

    async def get(self, account: Account, activity_id: int) -> Reading | None:
        """See `Activities`."""
        try:
            answer = await self._client.read(
                account, "activities.get", f"{PATH}/{activity_id}", WITH_ATTENDEES
            )
        except MissingError:
            return None
        return reading_of(answer["data"])

    async def of_owner(
        self, account: Account, *, updated_since: datetime | None = None, cursor: str | None = None
    ) -> Page:
        """See `Activities`."""
        return await self._list(
            account, updated_since, cursor, owner={"owner_id": account.user.user_id}
        )

    async def of_company(
        self, account: Account, *, updated_since: datetime, cursor: str | None = None
    ) -> Page:
        """See `Activities`; a list that names no owner is of everybody."""
        return await self._list(account, updated_since, cursor, owner={})

    async def _list(
        self,
        account: Account,
        updated_since: datetime | None,
        cursor: str | None,
        *,
        owner: dict[str, int],
    ) -> Page:
        """A page; the moment is sent without a fraction, which Pipedrive refuses."""
        params: dict[str, str | int | bool] = {**WITH_ATTENDEES, **owner, "limit": PAGE_MAX}
        if updated_since is not None:
            params["updated_since"] = updated_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if cursor is not None:
            params["cursor"] = cursor
        answer = await self._client.read(account, "activities.list", PATH, params)
        following = (answer.get("additional_data") or {}).get("next_cursor")
        return Page(readings_of(answer.get("data") or ()), following or None)

    async def by_ids(self, account: Account, activity_ids: Sequence[int]) -> tuple[Reading, ...]:
        """See `Activities`."""
        params: dict[str, str | int | bool] = {
            **WITH_ATTENDEES,
            "ids": ",".join(str(activity_id) for activity_id in activity_ids),
            "limit": PAGE_MAX,
        }
        answer = await self._client.read(account, "activities.list", PATH, params)
        return readings_of(answer.get("data") or ())

    async def create(self, account: Account, *, kind: str, draft: ActivityDraft) -> Reading:
        """See `Activities`."""
        persons = await self._persons.by_emails(account, draft.guests)
        body = new_activity(account, kind, draft, persons)
        answer = await self._client.write(account, "activities.create", "POST", PATH, body)
        written = reading_of(answer["data"])
        return await self._with_invitees(account, written, sent=_sent(body.get("attendees", ())))

    async def change(
        self,
        account: Account,
        present: Reading,
        *,
        fields: Collection[MeetingField],
        draft: ActivityDraft,
    ) -> Reading | None:
        """See `Activities`."""
        persons: dict[str, Person] = {}
        if MeetingField.GUESTS in fields:
            there = {invitee.email for invitee in present.invitees or ()}
            persons = await self._persons.by_emails(account, draft.guests - there)
        body = changed_activity(account, present, fields=fields, draft=draft, persons=persons)
        path = f"{PATH}/{present.activity.activity_id}"
        try:
            answer = await self._client.write(account, "activities.update", "PATCH", path, body)
        except MissingError:
            return None
        sent = _sent(body["attendees"]) if "attendees" in body else present.invitees or ()
        return await self._with_invitees(account, reading_of(answer["data"]), sent=sent)

    async def delete(self, account: Account, activity_id: int) -> None:
        """See `Activities`."""
        try:
            await self._client.write(
                account, "activities.delete", "DELETE", f"{PATH}/{activity_id}"
            )
        except MissingError:
            return

    async def _with_invitees(
        self, account: Account, written: Reading, *, sent: tuple[Invitee, ...]
    ) -> Reading:
        """The answer to a write, completed by the guest list that such an answer may lack.

        It is read again, unless the activity has changed meanwhile or can not be read just now:
        the write is done, and what was sent is then as good as known.
        """
        if written.invitees is not None:
            return written
        invitees = sent
        try:
            again = await self.get(account, written.activity.activity_id)
        except (Retryable, Permanent, GrantLostError):
            again = None
        if (
            again is not None
            and again.invitees is not None
            and again.activity.updated_at == written.activity.updated_at
        ):
            invitees = again.invitees
        guests = guests_of(invitees, written.activity.owner_id)
        return replace(
            written,
            invitees=invitees,
            activity=written.activity.model_copy(update={"guests": guests}),
        )


def _sent(attendees: Sequence[dict[str, Any]]) -> tuple[Invitee, ...]:
    return tuple(Invitee(**attendee) for attendee in attendees)
