"""`tandemctl explain`: whether one item is synced, and if not, why."""

from typing import Final

import click

from tandemctl.output import show
from tandemctl.session import Session

_COLUMNS: Final = (
    "synced",
    "reason",
    "sentence",
    "remedy",
    "connection_id",
    "activity_id",
    "event_id",
)


@click.command()
@click.option("--activity", type=click.IntRange(1), help="Id of an activity in Pipedrive.")
@click.option("--event", help="Id of an event in the calendar, with --connection.")
@click.option("--connection", help="Whose event it is: an id, or the account's address.")
@click.pass_obj
def explain(
    session: Session, activity: int | None, event: str | None, connection: str | None
) -> None:
    """Tell whether an item is synced; if not: one reason, one thing to do."""
    if (activity is None) == (event is None):
        raise click.UsageError("give one of --activity and --event")
    if event is not None and connection is None:
        raise click.UsageError("give --connection with --event")
    asked = {"activity_id": str(activity)} if activity else {"event_id": event or ""}
    with session.api() as api:
        if connection is not None:
            asked["connection_id"] = api.connection(connection).rpartition("/")[2]
        told = api.get("/api/v1/explain", asked)
    show(told, as_json=session.as_json, columns=_COLUMNS)
