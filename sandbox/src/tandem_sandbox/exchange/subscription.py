"""A subscription to what happens in folders: pulled by its owner, or pushed to an address."""

from datetime import datetime

from pydantic import BaseModel, Field


class Occurrence(BaseModel):
    """Something that happened to an item; `kind` is Exchange's name of the event."""

    change: int
    kind: str
    item_id: str
    change_key: str
    folder_id: str
    at: datetime


class Subscription(BaseModel):
    """`waiting` is what its owner was not told yet; without a `url` he asks for it."""

    id: str
    email: str
    folders: tuple[str, ...]
    url: str | None = None
    expires_at: datetime | None = None
    waiting: list[Occurrence] = Field(default_factory=list)
    watermark: int = 0
    ended: bool = False
