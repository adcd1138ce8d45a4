"""Child processes: started with a log of their own, watched until ready, ended by their id.

A child ends with its parent, however the parent ends.
"""

import ctypes
import errno
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

LOG_TAIL_LINES: Final = 15
_PR_SET_PDEATHSIG: Final = 1
_POLL_S: Final = 0.05
# Linux gives outgoing connections ports from 32768 on; below 20000 are well-known ones.
_SERVERS_PORTS: Final = range(20_000, 32_768)
_TRIED_PORTS: Final = 20


class StartFailedError(RuntimeError):
    """A process did not become ready; the message ends with the last lines of its log."""


class Child:
    """One child process. `ending` is the signal of a clean end."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        account: str | None = None,
        ending: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._log = log
        self._env = dict(env) if env is not None else None
        self._cwd = cwd
        self._account = account
        self._ending = ending
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id; only while it was started."""
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; its output is appended to its log."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                user=self._account,
                group=_group_of(self._account),
                extra_groups=[] if self._account else None,
                start_new_session=True,
                preexec_fn=_end_with_parent(self._ending),  # noqa: PLW1509 - a single prctl call
            )

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Return once `ready` says so; StartFailedError where it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise StartFailedError(f"{self.name} ended at its start\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise StartFailedError(
                    f"{self.name} was not ready after {seconds:.0f} s\n{self.log_tail()}"
                )
            time.sleep(_POLL_S)

    def stop(self, *, seconds: float = 30) -> None:
        """End it cleanly; kill it where it takes too long."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(self._ending)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def log_tail(self) -> str:
        """The last lines of its log."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])


def port_answers(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection is ever given.

    The latter is why the system is not asked for one: those it gives may be taken by a connection
    before the server is up, or while it is down.

    Raises:
        OSError: every port that was tried is taken.
    """
    for port in random.SystemRandom().sample(_SERVERS_PORTS, _TRIED_PORTS):
        with suppress(OSError), socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "no free port among those tried")


def _group_of(account: str | None) -> int | None:
    if account is None:
        return None
    import pwd  # noqa: PLC0415 - not on every system

    return pwd.getpwnam(account).pw_gid


def _end_with_parent(ending: signal.Signals) -> Callable[[], None] | None:
    if not hasattr(os, "fork") or os.uname().sysname != "Linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_for_signal() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(ending))

    return ask_for_signal
