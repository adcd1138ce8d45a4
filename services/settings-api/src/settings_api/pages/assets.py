"""Files that pages load: each address holds a hash of its content and may be kept for ever."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from settings_api.problem import ProblemError

KEPT: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file."""

    content: bytes
    media_type: str


def _load() -> tuple[dict[str, str], dict[str, Asset]]:
    addresses, assets = {}, {}
    for file in files("settings_api.pages").joinpath("assets").iterdir():
        content = file.read_bytes()
        stem, _, kind = file.name.rpartition(".")
        name = f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{kind}"
        addresses[file.name] = f"/assets/{name}"
        assets[name] = Asset(content, _TYPES[kind])
    return addresses, assets


_ADDRESSES, _ASSETS = _load()
router = APIRouter(include_in_schema=False)


def address_of(file: str) -> str:
    """Where a file is, for as long as its content is what it is."""
    return _ADDRESSES[file]


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """A file by its hashed name."""
    found = _ASSETS.get(name)
    if found is None:
        raise ProblemError(404, "there is nothing at this address")
    headers = {"cache-control": KEPT}
    return Response(found.content, media_type=found.media_type, headers=headers)
