"""An error that a caller can do something about: what is wrong, and the way out."""

from collections.abc import Mapping


class ProblemError(Exception):
    """Its status, title and `headers` are what the caller gets; `errors` name wrong fields."""

    def __init__(
        self,
        status: int,
        title: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.errors = errors or []
        self.headers = headers or {}


def field_problem(field: str, message: str) -> ProblemError:
    """One field is not what it must be."""
    return ProblemError(422, f"{field}: {message}", errors=[{"field": field, "message": message}])
