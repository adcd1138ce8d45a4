"""Starts each service from a built image, against the embedded broker and database, until ready.

`python tools/check_image.py IMAGE`. What it starts, it ends. Buildah runs the processes without a
container engine; each must leave its root file system as it was.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tandem_embedded.addresses import Ports
from tandem_embedded.environment import service_environment, stack_secrets
from tandem_embedded.processes import Child
from tandem_embedded.stack import SERVICES, Stack, StackOptions

READY_S = 120.0
BUILDAH = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}


def buildah(*arguments: str) -> str:
    """Run buildah and return what it printed."""
    done = subprocess.run(
        ["buildah", *arguments],
        env=os.environ | BUILDAH,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@contextmanager
def container(image: str) -> Iterator[str]:
    """A container of `image` that is gone afterwards."""
    name = buildah("from", "--pull-never", image)
    try:
        yield name
    finally:
        buildah("rm", name)


def check_service(stack: Stack, service: str, name: str) -> None:
    """Start a service in a container and return once it is ready; raises where it is not."""
    environment = service_environment(
        service,
        ports=stack.ports,
        kafka=stack.kafka_address,
        database_url=stack.database_url,
        kept=stack_secrets(stack.options.folder / "secrets.json"),
        overrides={"PATH": "/opt/tandem/bin:/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp"},  # noqa: S108 - the image's
    )
    command = ["buildah", "run", "--user", "10001:10001"]
    for variable, value in environment.items():
        command += ["--env", f"{variable}={value}"]
    command += [name, "--", "tandem", service.replace("_", "-")]
    child = Child(
        service,
        command,
        log=stack.options.folder / "logs" / f"{service}.log",
        env=os.environ | BUILDAH,
    )
    child.start()
    try:
        child.wait_until(lambda: _ready(stack.ports.url(service)), seconds=READY_S)
    finally:
        child.stop()


def written(root: Path, since: Path) -> list[Path]:
    """Files below `root` that are newer than `since`, apart from /tmp and what is mounted."""
    found = subprocess.run(
        [
            "find",
            root,
            "-xdev",
            "-newer",
            since,
            "-type",
            "f",
            "-not",
            "-path",
            f"{root / 'tmp'}/*",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    mounted = {root / "etc/hosts", root / "etc/resolv.conf", root / "etc/hostname"}
    return sorted({Path(line) for line in found.stdout.splitlines()} - mounted)


def main(image: str) -> int:
    """Check all services; 0 where each was ready and wrote nothing."""
    with tempfile.TemporaryDirectory(prefix="tandem-image-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        stack = Stack(StackOptions(folder=folder, ports=Ports.free(), durable=False, partitions=2))
        try:
            stack.start_servers()
            with container(image) as name:
                root = Path(buildah("mount", name))
                stamp = folder / "stamp"
                stamp.touch()
                for service in SERVICES:
                    check_service(stack, service, name)
                    print(f"{service.replace('_', '-'):<16} ready")
                changed = written(root, stamp)
        finally:
            stack.stop()
            stack.forget()
    if changed:
        print("written to the root file system:", *changed, sep="\n  ")
    return 1 if changed else 0


def _ready(url: str) -> bool:
    try:
        return httpx.get(url + "/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
