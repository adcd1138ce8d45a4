"""Query parameters as API v2 takes them: words for booleans, whole seconds, lists of ids."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

IDS_MAX: Final = 100
PAGE_MAX: Final = 500


def _flag(value: str) -> str:
    if value not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value


def _moment(value: str) -> datetime:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("must be RFC 3339 without a fraction, such as 2026-01-31T09:00:00Z") from (
            None
        )


def _ids(value: str) -> frozenset[int]:
    parts = value.split(",")
    if len(parts) > IDS_MAX or not all(
        part.strip().isascii() and part.strip().isdigit() for part in parts
    ):
        raise ValueError(f"must be at most {IDS_MAX} ids, separated by commas")
    return frozenset(int(part) for part in parts)


def _no_filter(value: str) -> str:
    raise ValueError(f"there is no filter {value}")


Flag = Annotated[bool, BeforeValidator(_flag)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Ids = Annotated[frozenset[int], BeforeValidator(_ids)]
NoFilter = Annotated[str, AfterValidator(_no_filter)]


class Asked(BaseModel):
    """Parameters of a request; the token may be one of them."""

    model_config = ConfigDict(extra="forbid")

    api_token: str | None = None


class PageAsked(Asked):
    """Parameters that every list takes; saved filters do not exist here."""

    filter_id: NoFilter | None = None
    ids: Ids | None = None
    updated_since: Moment | None = None
    updated_until: Moment | None = None
    limit: int = Field(default=100, ge=1, le=PAGE_MAX)
    cursor: str | None = None

    def in_time(self, update_time: datetime) -> bool:
        """Whether a record was changed within the asked span: from its begin, before its end."""
        return (self.updated_since is None or update_time >= self.updated_since) and (
            self.updated_until is None or update_time < self.updated_until
        )

    def given(self, *names: str) -> list[tuple[str, Any]]:
        """Those of ``names`` that were asked for, with the wanted values."""
        return [(name, value) for name in names if (value := getattr(self, name)) is not None]
