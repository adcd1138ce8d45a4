"""How long something that failed waits for its next try."""

import random
from typing import Final

from tandem.runtime.failures import Retryable

RETRY_FIRST_S: Final = 1.0
RETRY_LONGEST_S: Final = 300.0
_DOUBLINGS_MAX: Final = 20


def retry_wait_s(attempts: int, error: Exception, *, longest_s: float = RETRY_LONGEST_S) -> float:
    """Seconds until the next try, after `attempts` failed ones before this."""
    told = error.retry_after_s if isinstance(error, Retryable) else None
    wait = min(RETRY_FIRST_S * 2.0 ** min(attempts, _DOUBLINGS_MAX), longest_s)
    # Many that failed together are not to come back together, nor any before it was told to.
    spread = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return max(wait * spread, (told or 0.0) * max(spread, 1.0))
