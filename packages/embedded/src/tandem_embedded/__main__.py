"""`python -m tandem_embedded demo` runs everything; `… smoke` tries a running demo."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from tandem_embedded.addresses import Ports, PortTakenError
from tandem_embedded.demo_user import DemoFailedError
from tandem_embedded.description import DEMO_EMAIL, describe, read_description
from tandem_embedded.kafka_jars import kafka_can_run
from tandem_embedded.places import project_folder
from tandem_embedded.processes import StartFailedError
from tandem_embedded.smoke import SmokeFailedError, smoke
from tandem_embedded.stack import Stack, StackOptions
from tandem_embedded.trace_store import traces_can_be_kept

EXIT_FAILED = 1


def _say(line: str) -> None:
    print(line, flush=True)


def _demo(folder: Path, *, reset: bool, traces: bool) -> None:
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS") is None and not kafka_can_run():
        _say("No Java 17 with Maven here: Kafka runs in memory and forgets at every stop.")
    if traces and not traces_can_be_kept():
        raise RuntimeError("TRACES=1 needs Java 17 with Maven, which brings the trace store")
    stack = Stack(
        StackOptions(
            folder=folder,
            ports=Ports.from_environment(),
            kafka=os.environ.get("KAFKA_BOOTSTRAP_SERVERS"),
            database_url=os.environ.get("DATABASE_URL"),
            traces=traces,
        )
    )
    stack.check_ports()
    if reset:
        stack.forget()
        (folder / "demo.json").unlink(missing_ok=True)
        _say("Earlier data forgotten.")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        stack.start(_say)
        description = describe(stack, folder / "demo.json")
        _say(f"Connected   {description['connections'][0]['email']} with its Google calendar")
        _say(
            f"Try it      {stack.urls['sandbox']}/ shows both sides; what is changed there travels"
        )
        _say(f"Settings    {stack.urls['settings_api']}/ signs in as {DEMO_EMAIL}")
        if stack.traces is not None:
            _say("Traces      the history on that page links to the trace of each row")
        _say(f"Newcomer    {_way_of_a_newcomer(description['newcomer'])}")
        _say(f"Ready       everything is in {folder / 'demo.json'}; Ctrl-C stops")
        ended.wait()
    finally:
        _say("Stopping")
        stack.stop()


def _way_of_a_newcomer(newcomer: dict[str, Any]) -> str:
    google, microsoft, exchange = newcomer["emails"]
    return (
        f"signs in there as {google}; then add that address, {microsoft}, and {exchange} "
        f"with the password {newcomer['password']}"
    )


def main() -> int:
    """Run a command; errors are told in a few lines."""
    parser = argparse.ArgumentParser(prog="python -m tandem_embedded")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="run everything until Ctrl-C")
    demo.add_argument("--reset", action="store_true", help="forget the data of earlier runs")
    demo.add_argument("--traces", action="store_true", help="with a store that shows traces")
    commands.add_parser("smoke", help="try a running demo")
    arguments = parser.parse_args()
    folder = project_folder() / ".run"
    try:
        if arguments.command == "demo":
            _demo(folder, reset=arguments.reset, traces=arguments.traces)
        else:
            smoke(read_description(folder / "demo.json"), _say)
    except (
        DemoFailedError,
        PortTakenError,
        RuntimeError,
        SmokeFailedError,
        StartFailedError,
        ValueError,
    ) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
