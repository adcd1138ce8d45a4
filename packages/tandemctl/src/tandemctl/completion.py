"""`tandemctl completion`: what a shell needs in order to complete commands and options."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

_SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command()
@click.argument("shell", type=click.Choice(sorted(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell, to be sourced by it."""
    root = context.find_root().command
    click.echo(_SHELLS[shell](root, {}, "tandemctl", "_TANDEMCTL_COMPLETE").source())
