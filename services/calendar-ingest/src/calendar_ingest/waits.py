"""How long work waits that could not be done."""

import random
from typing import Final

from tandem.runtime.failures import Retryable

RETRY_FIRST_S: Final = 1.0
RETRY_LONGEST_S: Final = 300.0
DOUBLINGS_MAX: Final = 20


def retry_wait_s(attempts: int, error: Exception) -> float:
    """Seconds until the next try, after `attempts` failed ones before this."""
    told = error.retry_after_s if isinstance(error, Retryable) else None
    wait = min(RETRY_FIRST_S * 2.0 ** min(attempts, DOUBLINGS_MAX), RETRY_LONGEST_S)
    # What failed together is not to come back together.
    return max(wait * random.uniform(0.8, 1.2), told or 0.0)  # noqa: S311 - no secret
