"""What the reconciler needs to be told by its environment."""

from typing import Annotated

from pydantic import Field

from tandem.runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    """All settings of the service."""

    resend_after_s: Annotated[float, Field(ge=1, le=86_400)] = 60
    """Seconds after which a command without an outcome is sent again."""
