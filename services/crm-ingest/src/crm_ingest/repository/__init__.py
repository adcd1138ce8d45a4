"""What this service keeps in its schema `crm`: a class for each noun, a query a method.

Connections are a projection of `settings.connections.v1`. Work is shared between processes by
leases: a claim runs out by itself.
"""

from dataclasses import dataclass

from crm_ingest.repository.activities import KnownActivities
from crm_ingest.repository.commands import Commands
from crm_ingest.repository.connections import Connections
from crm_ingest.repository.hints import HeldHints
from crm_ingest.repository.intents import CreateIntents
from crm_ingest.repository.queries import Database
from crm_ingest.repository.reads import Reads
from crm_ingest.repository.sweeps import Sweeps
from crm_ingest.repository.webhooks import Webhooks


@dataclass(frozen=True)
class Repository:
    """Everything that is kept."""

    connections: Connections
    known: KnownActivities
    held: HeldHints
    sweeps: Sweeps
    reads: Reads
    commands: Commands
    intents: CreateIntents
    webhooks: Webhooks

    @classmethod
    def of(cls, database: Database, *, sweep_interval_s: float) -> "Repository":
        """All tables of a database."""
        return cls(
            connections=Connections(database, sweep_interval_s=sweep_interval_s),
            known=KnownActivities(database),
            held=HeldHints(database),
            sweeps=Sweeps(database),
            reads=Reads(database),
            commands=Commands(database),
            intents=CreateIntents(database),
            webhooks=Webhooks(database),
        )
