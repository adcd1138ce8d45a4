"""A connection as settings-api owns it, and the status that follows from what is known of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionHealthReported,
    ConnectionRemoved,
    ConnectionSettings,
    ConnectionStatus,
    HealthSignal,
    Provider,
)
from tandem.contracts.meetings import Side
from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import as_uuid

CRM_SERVICE: Final = "crm-ingest"
CALENDAR_SERVICE: Final = "calendar-ingest"
RECONCILER: Final = "reconciler"
READ: Final = frozenset(
    {ConnectionStatus.ACTIVE, ConnectionStatus.PAUSED, ConnectionStatus.NEEDS_CONFIRMATION}
)
"""States in which both sides are read and watched."""
WRITTEN: Final = READ - {ConnectionStatus.PAUSED}
"""States in which something may be written."""
TROUBLES: Final = frozenset({HealthSignal.GRANT_LOST, HealthSignal.CALENDAR_GONE})
_TOPICS: Final = {
    HealthSignal.GRANT_LOST: "grant",
    HealthSignal.GRANT_RESTORED: "grant",
    HealthSignal.CALENDAR_GONE: "calendar",
    HealthSignal.PUSH_UP: "push",
    HealthSignal.PUSH_DOWN: "push",
    HealthSignal.SYNCED: "synced",
    HealthSignal.RELEASED: "released",
    HealthSignal.DELETIONS_HELD: "deletions",
    HealthSignal.DELETIONS_SETTLED: "deletions",
}


@dataclass(frozen=True)
class Report:
    """The last word of a service on one topic."""

    signal: HealthSignal
    at: datetime
    detail: str = ""


@dataclass(frozen=True)
class Connection:
    """`reports` are the last words by `service.topic`, the newest by the service's clock.

    `remove_events`: whether the events that we made go, at the end of the connection, or in the
    calendar that was left when the present one was chosen.
    """

    connection_id: UUID
    user: SyncUser
    provider: Provider
    email: str
    owner_email: str
    owner_time_zone: str
    crm_credential_id: UUID
    crm_api_url: str
    calendar_credential_id: UUID
    settings: ConnectionSettings
    started: bool = False
    revision: int = 1
    reports: dict[str, Report] = field(default_factory=dict)
    removed_at: datetime | None = None
    remove_events: bool = False
    released: bool = False

    @classmethod
    def of(cls, row: Any) -> Self:
        """The connection of a row of `settings.connections` with its user."""
        return cls(
            connection_id=as_uuid(row["connection_id"]),
            user=SyncUser(company_id=row["company_id"], user_id=row["user_id"]),
            provider=Provider(row["provider"]),
            email=row["email"],
            owner_email=row["owner_email"],
            owner_time_zone=row["time_zone"],
            crm_credential_id=as_uuid(row["crm_credential_id"]),
            crm_api_url=row["crm_api_url"],
            calendar_credential_id=as_uuid(row["calendar_credential_id"]),
            settings=ConnectionSettings.model_validate(row["settings"]),
            started=row["started"],
            revision=row["revision"],
            reports={
                name: Report(
                    HealthSignal(kept["signal"]),
                    datetime.fromisoformat(kept["at"]),
                    kept["detail"],
                )
                for name, kept in row["reports"].items()
            },
            removed_at=row["removed_at"],
            remove_events=row["remove_events"],
            released=row["released"],
        )

    @property
    def status(self) -> ConnectionStatus:
        """What holds for the connection as a whole, the gravest first."""
        if not self.started:
            return ConnectionStatus.SETTING_UP
        if self.lost_accounts:
            return ConnectionStatus.RECONNECT_NEEDED
        if self._says(f"{CALENDAR_SERVICE}.calendar", HealthSignal.CALENDAR_GONE):
            return ConnectionStatus.CALENDAR_GONE
        if self.settings.paused:
            return ConnectionStatus.PAUSED
        held = self._says(f"{RECONCILER}.deletions", HealthSignal.DELETIONS_HELD)
        return ConnectionStatus.NEEDS_CONFIRMATION if held else ConnectionStatus.ACTIVE

    @property
    def lost_accounts(self) -> list[str]:
        """Accounts that must be connected again: `pipedrive`, the calendar's provider, or both."""
        accounts = {CRM_SERVICE: "pipedrive", CALENDAR_SERVICE: self.provider.value}
        return [
            account
            for service, account in accounts.items()
            if self._says(f"{service}.grant", HealthSignal.GRANT_LOST)
        ]

    @property
    def last_synced(self) -> datetime | None:
        """When both sides had last been read to their ends; None before that."""
        moments = [
            self.reports[f"{service}.synced"].at
            for service in (CRM_SERVICE, CALENDAR_SERVICE)
            if f"{service}.synced" in self.reports
        ]
        return min(moments) if len(moments) == 2 else None  # noqa: PLR2004 - both sides

    def push_of(self, service: str) -> Report | None:
        """What a service last said about its provider's push; None: nothing yet."""
        return self.reports.get(f"{service}.push")

    def heard(self, report: ConnectionHealthReported) -> Self:
        """The connection after a report; an older one than the last of its topic says nothing."""
        topic = f"{_service_of(report)}.{_TOPICS[report.signal]}"
        known = self.reports.get(topic)
        if known is not None and known.at >= report.observed_at:
            return self
        return self._noting(topic, Report(report.signal, report.observed_at, report.detail))

    def reconnected(self, service: str, at: datetime) -> Self:
        """The connection after its account was connected again: what it lacked is there again."""
        mended = self._noting(f"{service}.grant", Report(HealthSignal.GRANT_RESTORED, at))
        return mended if service == CRM_SERVICE else mended.with_calendar_found(at)

    def disconnected(self, service: str, at: datetime, detail: str) -> Self:
        """The connection after its account's grant was taken back."""
        return self._noting(f"{service}.grant", Report(HealthSignal.GRANT_LOST, at, detail))

    def with_calendar_found(self, at: datetime) -> Self:
        """The connection after its calendar was seen; earlier reports of its loss are void."""
        return self._noting(f"{CALENDAR_SERVICE}.calendar", Report(HealthSignal.SYNCED, at))

    def as_message(
        self, *, message_id: UUID, at: datetime
    ) -> ConnectionChanged | ConnectionRemoved:
        """What the other services are to know."""
        if self.removed_at is not None:
            return ConnectionRemoved(
                message_id=message_id,
                occurred_at=at,
                connection_id=self.connection_id,
                revision=self.revision,
                user=self.user,
                remove_events=self.remove_events,
            )
        return ConnectionChanged(
            message_id=message_id,
            occurred_at=at,
            connection_id=self.connection_id,
            revision=self.revision,
            user=self.user,
            crm_credential_id=self.crm_credential_id,
            crm_api_url=self.crm_api_url,
            calendar_credential_id=self.calendar_credential_id,
            provider=self.provider,
            email=self.email,
            owner_email=self.owner_email,
            owner_time_zone=self.owner_time_zone,
            status=self.status,
            settings=self.settings,
            remove_events=self.remove_events,
        )

    def _noting(self, topic: str, report: Report) -> Self:
        return replace(self, reports={**self.reports, topic: report})

    def _says(self, topic: str, signal: HealthSignal) -> bool:
        known = self.reports.get(topic)
        return known is not None and known.signal is signal


def _service_of(report: ConnectionHealthReported) -> str:
    """Whose account a report is about; the reconciler tells its side as the detail."""
    if report.service == RECONCILER and report.signal in TROUBLES:
        return CRM_SERVICE if report.detail == Side.CRM else CALENDAR_SERVICE
    return report.service
