"""`make bench`: measures on this machine and prints the figures of docs/performance.md."""

import os
import platform

from bench.decide import measure_decide
from bench.drain import measure_drain
from bench.latency import measure_latency


def _say(title: str, lines: list[str]) -> None:
    print(f"\n{title}", *lines, sep="\n  ", flush=True)


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}")
    _say("One decision", measure_decide())
    _say("Drain of the reconciler", measure_drain())
    _say("Change → written on the other side", measure_latency())
