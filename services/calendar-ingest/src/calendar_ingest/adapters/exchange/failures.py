"""What Exchange's refusals mean to us; nothing of exchangelib's own passes this module."""

from collections.abc import Iterator
from contextlib import contextmanager

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
    ews.TransportError,
    RequestException,
    OSError,
)


class ConflictError(Permanent):
    """The item has another change key than the write named."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise in our own words what exchangelib raises within."""
    try:
        yield
    except GRANT as error:
        raise GrantLostError("the server does not accept the account's password") from error
    except (ews.ErrorServerBusy, ews.RateLimitError) as error:
        raise Retryable("exchange: the server is busy", retry_after_s=_back_off(error)) from error
    except ews.ErrorInvalidSyncStateData as error:
        raise CursorExpiredError("exchange: the sync state is too old") from error
    except FOLDER as error:
        raise CalendarGoneError("the calendar was deleted or is not shared") from error
    except MISSING as error:
        raise MissingError("the event was deleted") from error
    except CONFLICT as error:
        raise ConflictError("the event has changed meanwhile") from error
    except NOT_ORGANIZER as error:
        raise NotOrganizerError(_code(error)) from error
    except WEATHER as error:
        raise Retryable(f"exchange: {_code(error)}") from error
    except ews.EWSError as error:
        raise RefusedError(f"exchange: {_code(error)}") from error


def _back_off(error: Exception) -> float | None:
    told = getattr(error, "back_off", None) or getattr(error, "wait", None)
    return min(float(told), BUSY_WAIT_S_MAX) if told else None


def _code(error: Exception) -> str:
    """Exchange's own code; its text may hold names of people."""
    return type(error).__name__
