"""Tells of every connection again where the broker forgot what it had."""

from settings_api.connections import Connections
from tandem.runtime.app import Runtime
from tandem.runtime.continuity import Continuity
from tandem.runtime.logs import LOG


class Republishing:
    """Notices a loss by offsets that went back, of ours or of the producer's."""

    def __init__(self, runtime: Runtime, continuity: Continuity, connections: Connections) -> None:
        self._runtime = runtime
        self._continuity = continuity
        self._connections = connections
        self._messages_lost = False
        runtime.publisher.on_loss.append(self._note_loss)

    async def check_broker(self) -> None:
        """One round; a loss that could not be made good yet is kept in mind."""
        if await self._continuity.lost(self._runtime.pool):
            self._runtime.rewind()
            self._messages_lost = True
        if self._messages_lost:
            LOG.warning("publishing_every_connection_again")
            await self._connections.publish_all()
            self._messages_lost = False

    def _note_loss(self) -> None:
        self._messages_lost = True
