"""`tandemctl connections`: look at one's connections, pause, resume and read them again."""

from typing import Final

import click

from tandemctl.output import lines, show
from tandemctl.session import Session

_COLUMNS: Final = ("id", "provider", "email", "status", "reconnect", "last_synced")
_OF_COMPANY: Final = ("id", "user_id", *_COLUMNS[1:])


@click.group()
def connections() -> None:
    """Calendar connections. CONNECTION is an id, or the address of the account."""


@connections.command("list")
@click.option("--company", is_flag=True, help="Those of the whole company, for its admins.")
@click.pass_obj
def list_connections(session: Session, *, company: bool) -> None:
    """List connections and their status."""
    with session.api() as api:
        if company:
            items = list(api.rows("/api/v1/admin/connections", {}))
        else:
            items = api.get("/api/v1/connections")["items"]
    show(items, as_json=session.as_json, columns=_OF_COMPANY if company else _COLUMNS)


@connections.command("show")
@click.argument("connection")
@click.pass_obj
def show_connection(session: Session, connection: str) -> None:
    """Show one connection with its settings."""
    with session.api() as api:
        shown = api.get(api.connection(connection))
    flat = {**shown, **shown["settings"]} if not session.as_json else shown
    show(flat, as_json=session.as_json, columns=(*_COLUMNS, *shown["settings"]))


@connections.command()
@click.argument("connection")
@click.pass_obj
def pause(session: Session, connection: str) -> None:
    """Write nothing until resumed; what happens meanwhile is recorded."""
    _act(session, connection, "pause")


@connections.command()
@click.argument("connection")
@click.pass_obj
def resume(session: Session, connection: str) -> None:
    """Go on after a pause; nothing that happened meanwhile is lost or doubled."""
    _act(session, connection, "resume")


@connections.command()
@click.argument("connection")
@click.pass_obj
def resync(session: Session, connection: str) -> None:
    """Read both sides again."""
    _act(session, connection, "resync")


@connections.command()
@click.argument("connection")
@click.option("--reason", help="Only rows with this reason code, such as past.")
@click.option("--search", help="Only rows with this text in the title, or with this id.")
@click.pass_obj
def history(session: Session, connection: str, reason: str | None, search: str | None) -> None:
    """Export the history as JSON lines, newest first."""
    asked = {"reason": reason, "q": search}
    with session.api() as api:
        path = api.connection(connection) + "/history"
        lines(api.rows(path, {name: value for name, value in asked.items() if value}))


def _act(session: Session, connection: str, verb: str) -> None:
    with session.api() as api:
        shown = api.post(f"{api.connection(connection)}/{verb}")
    show(shown, as_json=session.as_json, columns=_COLUMNS)
