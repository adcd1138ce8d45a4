"""What the reconciler needs to be told by its environment."""

from typing import Annotated

from pydantic import Field

from tandem.runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    """All settings of the service."""

    resend_after_s: Annotated[float, Field(ge=1, le=86_400)] = 60
    """Seconds after which a command without an outcome is sent again."""

    deletions_max: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Deletions of a connection within ten minutes above which they are held."""

    deletions_share_max: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of a connection's links above which so many deletions are held."""

    history_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Days after which rows of the history are deleted, and can not be undone; 0: never."""

    link_writes_max: Annotated[int, Field(ge=1, le=1_000)] = 6
    """Writes to one link within ten minutes above which it rests."""
