"""Pipedrive's errors: a status and the JSON that carries them."""

from typing import Any, Final

INFO: Final = "Please check developers.pipedrive.com"


class PipedriveError(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def body(self) -> dict[str, Any]:
        """The error as JSON."""
        return {
            "success": False,
            "error": self.message,
            "errorCode": self.status,
            "error_info": INFO,
            "data": None,
            "additional_data": None,
        }


class SubscriptionError(PipedriveError):
    """A webhook is not as it must be; these errors have a shape of their own."""

    def __init__(self, status: int, field: str, message: str) -> None:
        super().__init__(status, message)
        self.field = field

    def body(self) -> dict[str, Any]:
        """The error as JSON."""
        return {"status": "error", "success": False, "errors": {self.field: [self.message]}}


def unauthorized() -> PipedriveError:
    """The token is missing, unknown, expired or revoked."""
    return PipedriveError(401, "unauthorized access")


def not_found(kind: str) -> PipedriveError:
    """There is no such record, or the user may not know of it."""
    return PipedriveError(404, f"{kind} not found")


def invalid(field: str, message: str) -> PipedriveError:
    """A parameter or a field is not what it must be."""
    return PipedriveError(400, f"Validation failed: {field}: {message}")
