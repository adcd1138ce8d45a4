"""What Exchange's refusals mean to us; nothing of exchangelib's own passes this module."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from exchangelib import errors as ews
from requests.exceptions import RequestException

from calendar_ingest.calendars import (
    CalendarGoneError,
    CursorExpiredError,
    MissingError,
    NotOrganizerError,
    RefusedError,
)
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent, Retryable

BUSY_WAIT_S_MAX = 900.0

GRANT = (
    ews.UnauthorizedError,
    ews.ErrorAccountDisabled,
    ews.ErrorPasswordExpired,
    ews.ErrorPasswordChangeRequired,
)
MISSING = (ews.ErrorItemNotFound, ews.DoesNotExist, ews.ErrorInvalidIdMalformed)
CONFLICT = (ews.ErrorIrresolvableConflict, ews.ErrorStaleObject, ews.ErrorInvalidChangeKey)
NOT_ORGANIZER = (
    ews.ErrorCalendarIsNotOrganizer,
    ews.ErrorCalendarIsDelegatedForAccept,
    ews.ErrorCalendarMeetingRequestIsOutOfDate,
)
FOLDER = (ews.ErrorFolderNotFound, ews.ErrorInvalidFolderId, ews.ErrorCannotUseFolderIdForItemId)
WEATHER = (
    ews.ErrorInternalServerTransientError,
    ews.ErrorInternalServerError,
    ews.ErrorMailboxStoreUnavailable,
    ews.ErrorMailboxMoveInProgress,
    ews.ErrorConnectionFailed,
    ews.ErrorTimeoutExpired,
    ews.ErrorExceededConnectionCount,
    ews.ErrorBatchProcessingStopped,
    ews.ErrorTooManyObjectsOpened,
    ews.ErrorServiceDiscoveryFailed,
    ews.ErrorADOperation,
    ews.ErrorADUnavailable,
    ews.ErrorInsufficientResources,
    ews.ErrorNotEnoughMemory,
    ews.ErrorMailboxFailover,
    ews.ErrorMailboxLogonFailed,
    ews.ErrorNoRespondingCASInDestinationSite,
    ews.ErrorProxyCallFailed,
    ews.ErrorProxyRequestProcessingFailed,
    ews.ErrorProxyServiceDiscoveryFailed,
    ews.ErrorRequestAborted,
)
LINE = (ews.TransportError, RequestException, OSError)
"""What happened on the way; exchangelib has made the server's own refusals a kind of these."""


class ConflictError(Permanent):
    """The item has another change key than the write named."""


_MEANINGS: Final[tuple[tuple[tuple[type[Exception], ...], type[Exception], str], ...]] = (
    (GRANT, GrantLostError, "the server does not accept the account's password"),
    (
        (ews.ErrorInvalidSyncStateData,),
        CursorExpiredError,
        "exchange: the sync state is too old",
    ),
    (FOLDER, CalendarGoneError, "the calendar was deleted or is not shared"),
    (MISSING, MissingError, "the event was deleted"),
    (CONFLICT, ConflictError, "the event has changed meanwhile"),
    (NOT_ORGANIZER, NotOrganizerError, "only the organiser may do this"),
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise in our own words what exchangelib raises within."""
    try:
        yield
    except (ews.EWSError, ews.DoesNotExist, RequestException, OSError) as error:
        raise _meaning(error) from error


def _meaning(error: Exception) -> Exception:
    if isinstance(error, ews.ErrorServerBusy | ews.RateLimitError):
        return Retryable("exchange: the server is busy", retry_after_s=_back_off(error))
    for kinds, meaning, message in _MEANINGS:
        if isinstance(error, kinds):
            return meaning(message)
    told = f"exchange: {_code(error)}"
    refused = isinstance(error, ews.ResponseMessageError) and not isinstance(error, WEATHER)
    if refused or not isinstance(error, (*WEATHER, *LINE)):
        return RefusedError(told)
    return Retryable(told)


def _back_off(error: Exception) -> float | None:
    told = getattr(error, "back_off", None) or getattr(error, "wait", None)
    return min(float(told), BUSY_WAIT_S_MAX) if told else None


def _code(error: Exception) -> str:
    """Exchange's own code; its text may hold names of people."""
    return type(error).__name__
