"""Graph's errors: a status, a code that clients go by, and the JSON that carries them."""

from datetime import datetime
from typing import Any
from uuid import uuid4

THROTTLED = 429
CODES_BY_STATUS = {
    400: ("ErrorInvalidRequest", "The request is invalid."),
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("ErrorAccessDenied", "Access is denied. Check credentials and try again."),
    404: ("ErrorItemNotFound", "The specified object was not found in the store."),
    409: ("ErrorIrresolvableConflict", "The send or update operation could not be performed."),
    410: ("syncStateNotFound", "The sync state generation is not found."),
    412: ("ErrorIrresolvableConflict", "The change key passed in the request does not match."),
    429: ("ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    500: ("ErrorInternalServerError", "An internal server error occurred."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
}


class GraphError(Exception):
    """A request is answered with an error."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self, now: datetime) -> dict[str, Any]:
        """The error as JSON."""
        request_id = str(uuid4())
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "innerError": {
                    "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
                    "request-id": request_id,
                    "client-request-id": request_id,
                },
            }
        }


def of_status(status: int, code: str | None = None, retry_after: int | None = None) -> GraphError:
    """The usual error of a status."""
    usual, message = CODES_BY_STATUS.get(status, ("UnknownError", "Unknown error"))
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return GraphError(status, code or usual, message, headers=headers)


def invalid(message: str, code: str = "ErrorInvalidRequest") -> GraphError:
    """A request that makes no sense."""
    return GraphError(400, code, message)


def not_found(code: str = "ErrorItemNotFound") -> GraphError:
    """There is no such thing, or it is not the account's."""
    return GraphError(404, code, "The specified object was not found in the store.")


def access_denied(
    message: str = "Access is denied. Check credentials and try again.",
) -> GraphError:
    """The account may not do this."""
    return GraphError(403, "ErrorAccessDenied", message)


def stale() -> GraphError:
    """The item has another change key."""
    return of_status(412)


def transaction_used() -> GraphError:
    """The transaction's name belongs to another event, or to one that is gone."""
    return GraphError(
        409,
        "ErrorDuplicateTransactionId",
        "Your request can't be completed. The TransactionId specified in the request has already "
        "been used to create a different event.",
    )


def throttled(seconds: int) -> GraphError:
    """Too much at a time."""
    return of_status(429, None, seconds)


def sync_state_not_found(location: str) -> GraphError:
    """The delta token is expired; `location` leads to a new round."""
    return GraphError(
        410,
        "syncStateNotFound",
        "The sync state generation is not found; continuing sync is not possible.",
        headers={"Location": location},
    )
