"""Takes over what the other services notice about connections."""

from collections.abc import Sequence
from dataclasses import replace

from settings_api.connection import RECONCILER, TROUBLES, Connection
from settings_api.connections import Connections, UnknownConnectionError
from tandem.contracts.connections import ConnectionHealthReported, HealthSignal, Provider
from tandem.runtime import metrics
from tandem.runtime.subscriptions import Delivery


class Reports:
    """Handles `sync.health-reports.v1`; a report of an unknown connection says nothing."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        for account in ("pipedrive", *Provider):
            metrics.GRANTS_LOST.labels(account)  # the first one counts too

    async def on_reports(self, deliveries: Sequence[Delivery[ConnectionHealthReported]]) -> None:
        """Take over a batch, one connection after another."""
        for delivery in deliveries:
            await self._take_over(delivery.body)

    async def _take_over(self, report: ConnectionHealthReported) -> None:
        lost: list[str] = []

        def change(known: Connection) -> Connection:
            heard = after_report(known, report)
            lost.extend(set(heard.lost_accounts) - set(known.lost_accounts))
            return heard

        try:
            await self._connections.change(report.connection_id, change)
        except UnknownConnectionError:
            return
        for account in lost:
            metrics.GRANTS_LOST.labels(account).inc()


def after_report(connection: Connection, report: ConnectionHealthReported) -> Connection:
    """A connection after a report.

    The reconciler rests from the trouble that it reports until it is told of the connection again:
    where the trouble was mended meanwhile, it is told at once.
    """
    if report.signal is HealthSignal.RELEASED:
        gone = connection.removed_at is not None
        return replace(connection, released=True) if gone else connection
    heard = connection.heard(report)
    late = report.service == RECONCILER and report.signal in TROUBLES and heard is connection
    if late and connection.removed_at is None:
        return replace(connection, revision=connection.revision + 1)
    return heard
