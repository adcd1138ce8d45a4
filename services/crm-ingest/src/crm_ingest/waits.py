"""How long something that failed waits for its next try."""

import random
from typing import Final

from tandem.runtime.failures import Retryable

FIRST_S: Final = 1.0
LONGEST_S: Final = 300.0


def retry_wait_s(attempts: int, error: Exception, *, longest_s: float = LONGEST_S) -> float:
    """Seconds until the next try, after `attempts` failed ones before this."""
    told = error.retry_after_s if isinstance(error, Retryable) else None
    wait = min(FIRST_S * 2.0 ** min(attempts, 20), longest_s)
    # Many that failed together are not to come back together.
    spread = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return max(wait * spread, (told or 0.0) * max(spread, 1.0))
