"""An error that a caller can do something about: what is wrong, and the way out."""


class ProblemError(Exception):
    """Its status and title are what the caller gets; `errors` name the fields that are wrong."""

    def __init__(
        self, status: int, title: str, *, errors: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.errors = errors or []


def field_problem(field: str, message: str) -> ProblemError:
    """One field is not what it must be."""
    return ProblemError(422, f"{field}: {message}", errors=[{"field": field, "message": message}])
