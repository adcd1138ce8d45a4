"""Takes over what the other services notice about connections."""

from collections.abc import Sequence
from dataclasses import replace

from settings_api.connection import Connection
from settings_api.connections import Connections, UnknownConnectionError
from tandem.contracts.connections import ConnectionHealthReported, HealthSignal
from tandem.runtime.subscriptions import Delivery


class Reports:
    """Handles `sync.health-reports.v1`; a report of an unknown connection says nothing."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def on_reports(self, deliveries: Sequence[Delivery[ConnectionHealthReported]]) -> None:
        """Take over a batch, one connection after another."""
        for delivery in deliveries:
            report = delivery.body

            def heard(
                connection: Connection, report: ConnectionHealthReported = report
            ) -> Connection:
                if report.signal is HealthSignal.RELEASED:
                    gone = connection.removed_at is not None
                    return replace(connection, released=True) if gone else connection
                return connection.heard(report)

            try:
                await self._connections.change(report.connection_id, heard)
            except UnknownConnectionError:
                continue
