"""The user at the settings page: starts the connection, pauses and resumes it, reconnects.

It stands in for settings-api: it tells what that service tells, and acts on what it is told.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from tests.simulation.broker import Consumer, Kafka
from tests.simulation.people import CALENDAR, ME
from tests.simulation.process import Process

from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionHealthReported,
    ConnectionSettings,
    ConnectionStatus,
    HealthSignal,
    Provider,
)
from tandem.contracts.message import SyncUser
from tandem.contracts.requests import BackfillRequested, ResyncRequested
from tandem.contracts.topics import SETTINGS_CONNECTIONS, SYNC_HEALTH, SYNC_REQUESTS
from tandem.runtime.publisher import outgoing

COMPANY: Final = 7
USER: Final = SyncUser(company_id=COMPANY, user_id=ME)
CONNECTION_ID: Final = UUID(int=0xC0)
_REPORTS: Final = TypeAdapter(ConnectionHealthReported)


class Desk:
    """One connection as its user has it."""

    def __init__(
        self,
        kafka: Kafka,
        *,
        process: Process,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        settings: dict[str, Any],
    ) -> None:
        self._kafka = kafka
        self._now = now
        self._new_id = new_id
        self._settings = ConnectionSettings(calendar_id=CALENDAR, **settings)
        self._first = self._settings
        self._status = ConnectionStatus.ACTIVE
        self._revision = 0
        self._lost: set[str] = set()
        self.reports = Consumer(
            kafka,
            process,
            name="settings-api.health",
            topic=SYNC_HEALTH.name,
            most=100,
            handle=self._on_reports,
        )

    def start(self) -> None:
        """The connection begins."""
        self._tell(ConnectionStatus.ACTIVE)
        message = BackfillRequested(**self._envelope(), user=USER, connection_id=CONNECTION_ID)
        self._kafka.append(outgoing(SYNC_REQUESTS, message))

    def pause(self) -> None:
        """The user pauses the connection."""
        self._settings = self._settings.model_copy(update={"paused": True})
        self._tell(ConnectionStatus.PAUSED)

    def resume(self) -> None:
        """The user resumes the connection, or mends its grant."""
        self._settings = self._settings.model_copy(update={"paused": False})
        self._lost.clear()
        self._go_on()

    def change(self, name: str, value: Any) -> None:
        """The user chooses another value of a setting, which is saved by itself."""
        changed = self._settings.model_dump() | {name: value}
        self._settings = ConnectionSettings.model_validate(changed)
        self._tell(self._status)

    def change_back(self) -> None:
        """The user chooses again what was there first."""
        paused = self._settings.paused
        self._settings = self._first.model_copy(update={"paused": paused})
        self._tell(self._status)

    @property
    def lost(self) -> bool:
        """Whether the page says that the account must be connected again."""
        return bool(self._lost)

    async def _on_reports(self, records: Sequence[Any]) -> None:
        for record in records:
            report = _REPORTS.validate_json(record.value)
            if report.signal is HealthSignal.GRANT_LOST and not self._lost:
                self._tell(ConnectionStatus.RECONNECT_NEEDED)
            if report.signal is HealthSignal.GRANT_LOST:
                self._lost.add(report.service)
            if report.signal is HealthSignal.GRANT_RESTORED and report.service in self._lost:
                self._lost.remove(report.service)
                if not self._lost:
                    self._go_on()

    def _go_on(self) -> None:
        """What was missing is there again, or was never."""
        paused = self._settings.paused
        self._tell(ConnectionStatus.PAUSED if paused else ConnectionStatus.ACTIVE)
        message = ResyncRequested(**self._envelope(), user=USER, connection_id=CONNECTION_ID)
        self._kafka.append(outgoing(SYNC_REQUESTS, message))

    def _tell(self, status: ConnectionStatus) -> None:
        self._revision += 1
        self._status = status
        message = ConnectionChanged(
            **self._envelope(),
            connection_id=CONNECTION_ID,
            revision=self._revision,
            user=USER,
            crm_credential_id=UUID(int=1),
            crm_api_url="https://pipedrive.example",
            calendar_credential_id=UUID(int=2),
            provider=Provider.GOOGLE,
            email="me@example.com",
            owner_email="me@example.com",
            owner_time_zone="Europe/Berlin",
            status=status,
            settings=self._settings,
        )
        self._kafka.append(outgoing(SETTINGS_CONNECTIONS, message))

    def _envelope(self) -> dict[str, Any]:
        return {"message_id": self._new_id(), "occurred_at": self._now()}
