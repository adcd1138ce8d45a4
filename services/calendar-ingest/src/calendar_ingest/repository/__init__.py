"""What this service keeps in its schema `calendar`: a class for each noun, a query a method.

Connections are a projection of `settings.connections.v1`; leases keep two processes from reading
or writing one mailbox at the same time.
"""

from calendar_ingest.repository.channels import Channels, ClosingChannel, WatchClaim
from calendar_ingest.repository.commands import Commands, QueuedCommand, WriteClaim
from calendar_ingest.repository.connections import Connections
from calendar_ingest.repository.reads import ReadClaim, Reads, Seen

__all__ = [
    "Channels",
    "ClosingChannel",
    "Commands",
    "Connections",
    "QueuedCommand",
    "ReadClaim",
    "Reads",
    "Seen",
    "WatchClaim",
    "WriteClaim",
]
