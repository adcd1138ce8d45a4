"""Files that pages load: each address holds a hash of its content and may be kept for ever."""

import hashlib
from importlib.resources import files
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

_KEPT: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def _load() -> tuple[dict[str, str], dict[str, bytes]]:
    addresses, contents = {}, {}
    for file in files("tandem_sandbox.pages").joinpath("assets").iterdir():
        content = file.read_bytes()
        stem, _, kind = file.name.rpartition(".")
        name = f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{kind}"
        addresses[file.name] = f"/assets/{name}"
        contents[name] = content
    return addresses, contents


_ADDRESSES, _CONTENTS = _load()


def address_of(file: str) -> str:
    """Where a file is, for as long as its content is what it is."""
    return _ADDRESSES[file]


async def asset(request: Request) -> Response:
    """A file by its hashed name."""
    name = request.path_params["name"]
    if name not in _CONTENTS:
        raise HTTPException(404)
    kind = _TYPES[name.rpartition(".")[2]]
    return Response(_CONTENTS[name], media_type=kind, headers={"cache-control": _KEPT})


async def icon(_request: Request) -> Response:
    """The icon of pages that name none, as those on which a vendor asks for consent."""
    return RedirectResponse(address_of("icon.svg"))
