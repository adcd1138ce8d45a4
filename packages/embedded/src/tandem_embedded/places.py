"""Where things lie: downloads that outlive the checkout, and data of one checkout.

A server that must not run as root runs as an unprivileged account, which may not be able to look
into a home folder; what it needs then lies below `/var/tmp`.
"""

import hashlib
import os
import pwd
from pathlib import Path
from typing import Final

UNPRIVILEGED: Final = "nobody"


def cache_folder() -> Path:
    """Folder for what was downloaded; `XDG_CACHE_HOME` moves it."""
    root = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(root) if root else Path.home() / ".cache") / "tandem"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def project_folder() -> Path:
    """The checkout: the nearest folder above the present one that holds the workspace."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "uv.lock").exists():
            return folder
    return here


def server_account() -> str | None:
    """Account for a server that refuses to run as root; None where we are not root."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def server_folder(wanted: Path) -> Path:
    """`wanted`, or a folder in its place where the server's account could not reach that."""
    if server_account() is None or readable_by_all(wanted.parent):
        return wanted
    name = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"tandem-{name}"  # noqa: S108 - created with mode 700 by its user


def readable_by_all(folder: Path) -> bool:
    """Whether every account may enter a folder and read what is in it."""
    while not folder.exists():
        folder = folder.parent
    if not folder.stat().st_mode & 0o004:
        return False
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


def give_to(folder: Path, account: str | None) -> None:
    """Make `folder` and let `account` own it (None: leave it as it is)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account is not None:
        entry = pwd.getpwnam(account)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
