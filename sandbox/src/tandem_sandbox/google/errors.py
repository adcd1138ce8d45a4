"""Google's errors: a status, a reason that clients go by, and the JSON that carries them."""

from typing import Any

UNAUTHORIZED = 401
USAGE_LIMITS = {
    "rateLimitExceeded": "Rate Limit Exceeded",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
    "quotaExceeded": "Calendar usage limits exceeded.",
    "dailyLimitExceeded": "Daily Limit Exceeded",
}
REASONS_BY_STATUS = {
    400: ("badRequest", "Bad Request"),
    401: ("authError", "Invalid Credentials"),
    403: ("rateLimitExceeded", "Rate Limit Exceeded"),
    404: ("notFound", "Not Found"),
    409: ("conflict", "Conflict"),
    410: ("deleted", "Resource has been deleted"),
    412: ("conditionNotMet", "Precondition Failed"),
    429: ("rateLimitExceeded", "Rate Limit Exceeded"),
}


class GoogleError(Exception):
    """A request is answered with an error."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str | None = None,
        location_type: str = "parameter",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.location = location
        self.location_type = location_type

    def body(self) -> dict[str, Any]:
        """The error as JSON."""
        detail = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.location is not None:
            detail |= {"locationType": self.location_type, "location": self.location}
        return {"error": {"errors": [detail], "code": self.status, "message": self.message}}


def of_status(status: int, reason: str | None = None) -> GoogleError:
    """The error that Google gives with ``status``, by default its commonest reason."""
    usual, message = REASONS_BY_STATUS.get(status, ("backendError", "Backend Error"))
    reason = reason or usual
    message = USAGE_LIMITS.get(reason, message)
    domain = "usageLimits" if reason in USAGE_LIMITS else "global"
    return GoogleError(status, reason, message, domain=domain)


def login_required() -> GoogleError:
    """No token came with the request."""
    return GoogleError(
        401, "required", "Login Required.", location="Authorization", location_type="header"
    )


def invalid_credentials() -> GoogleError:
    """The token is unknown, expired or revoked."""
    return GoogleError(
        401, "authError", "Invalid Credentials", location="Authorization", location_type="header"
    )


def not_found() -> GoogleError:
    """There is no such thing, or the account may not know of it."""
    return GoogleError(404, "notFound", "Not Found")


def gone() -> GoogleError:
    """The event was deleted before."""
    return GoogleError(410, "deleted", "Resource has been deleted")


def duplicate() -> GoogleError:
    """The id is taken, perhaps by an event that was deleted."""
    return GoogleError(409, "duplicate", "The requested identifier already exists.")


def precondition_failed() -> GoogleError:
    """The etag of the request is not that of the thing."""
    return GoogleError(
        412,
        "conditionNotMet",
        "Precondition Failed",
        location="If-Match",
        location_type="header",
    )


def required(location: str, message: str = "Required") -> GoogleError:
    """A parameter or a field is missing."""
    return GoogleError(400, "required", message, location=location)


def invalid(message: str, location: str | None = None) -> GoogleError:
    """A parameter or a field has a value that it cannot have."""
    return GoogleError(400, "invalid", message, location=location)


def writer_access_required() -> GoogleError:
    """The account may only read the calendar."""
    return GoogleError(
        403,
        "requiredAccessLevel",
        "You need to have writer access to this calendar.",
        domain="calendar",
    )


def not_organizer(message: str) -> GoogleError:
    """Only the organizer may change this."""
    return GoogleError(403, "forbiddenForNonOrganizer", message, domain="calendar")


def full_sync_required() -> GoogleError:
    """The sync token is expired."""
    return GoogleError(
        410,
        "fullSyncRequired",
        "Sync token is no longer valid, a full sync is required.",
        domain="calendar",
        location="syncToken",
    )
