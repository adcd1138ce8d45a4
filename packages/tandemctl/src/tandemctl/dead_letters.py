"""`tandemctl dead-letters`: look at messages that were given up, play them back, or drop them.

These commands talk to Kafka, not to the REST API: they take the services' `KAFKA_*` settings from
the environment, and run best where a service runs.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from tandemctl.output import show
from tandemctl.session import Session

if TYPE_CHECKING:
    from tandem.runtime.dead_letters import DeadLetter, DeadLetters

_COLUMNS: Final = ("id", "moment", "origin", "cause", "attempts", "trace", "outcome")
_SERVICE: Final = click.option("--service", help="Only those of one service, such as reconciler.")
_EVERY: Final = click.option("--all", "every", is_flag=True, help="All that are open.")
_LETTERS: Final = click.argument("letters", nargs=-1, metavar="[ID]...")


@click.group("dead-letters")
def dead_letters() -> None:
    """Messages that were given up. ID is as `list` prints it, such as reconciler:0:17."""


@dead_letters.command("list")
@_SERVICE
@click.option("--settled", is_flag=True, help="Those, too, that were played back or dropped.")
@click.pass_obj
def list_letters(session: Session, service: str | None, *, settled: bool) -> None:
    """List them, oldest first, without what the messages say."""
    found = _run(_opened(service).read())
    rows = [_row(letter) for letter in found if settled or letter.outcome is None]
    show(rows, as_json=session.as_json, columns=_COLUMNS)


@dead_letters.command()
@_LETTERS
@_EVERY
@_SERVICE
def replay(letters: tuple[str, ...], service: str | None, *, every: bool) -> None:
    """Publish them again where they came from; what is settled already stays settled."""
    kept = _opened(service)
    chosen = _chosen(_run(kept.read()), letters, every=every)
    click.echo(f"played back: {_run(kept.replay(chosen))}")


@dead_letters.command()
@_LETTERS
@_EVERY
@_SERVICE
def drop(letters: tuple[str, ...], service: str | None, *, every: bool) -> None:
    """Settle them without handling them; they can be read until Kafka forgets them."""
    kept = _opened(service)
    chosen = _chosen(_run(kept.read()), letters, every=every)
    click.echo(f"dropped: {_run(kept.drop(chosen))}")


def _opened(service: str | None) -> "DeadLetters":
    # The runtime takes its time to load, which no other command needs.
    from tandem.contracts.topics import SERVICES  # noqa: PLC0415
    from tandem.runtime.dead_letters import DeadLetters  # noqa: PLC0415
    from tandem.runtime.settings import KafkaSettings, from_environment  # noqa: PLC0415

    if service is not None and service not in SERVICES:
        raise click.UsageError(f"no service {service!r}; there are {', '.join(SERVICES)}")
    return DeadLetters(from_environment(KafkaSettings), services=[service] if service else SERVICES)


def _chosen(
    found: Sequence["DeadLetter"], named: Sequence[str], *, every: bool
) -> list["DeadLetter"]:
    if every == bool(named):
        raise click.UsageError("name letters by their ids, or say --all")
    if every:
        return list(found)
    by_id = {letter.id: letter for letter in found}
    for name in named:
        if name not in by_id:
            raise click.ClickException(f"no dead letter {name}")
    return [by_id[name] for name in dict.fromkeys(named)]


def _row(letter: "DeadLetter") -> dict[str, Any]:
    return {
        "id": letter.id,
        "moment": letter.moment.isoformat(timespec="seconds"),
        "origin": letter.origin,
        "cause": letter.cause,
        "attempts": letter.attempts,
        "trace": letter.trace,
        "outcome": letter.outcome,
    }


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    from aiokafka.errors import KafkaError  # noqa: PLC0415 - see above

    from tandem.runtime.failures import Permanent, Retryable  # noqa: PLC0415

    try:
        return asyncio.run(work)
    except (KafkaError, Permanent, Retryable) as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from error
