"""The command line as a whole: its options, and every group of commands."""

import os
from typing import Final, TextIO

import click

from tandemctl.completion import completion
from tandemctl.connections import connections
from tandemctl.dead_letters import dead_letters
from tandemctl.explain import explain
from tandemctl.session import TOKEN_VARIABLE, Session

COMMANDS: Final = (connections, explain, dead_letters, completion)
"""Each is a module's own; a new one is added here and nowhere else."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="TANDEM_URL", show_envvar=True, help="Address of settings-api.")
@click.option(
    "--token-file",
    type=click.File("r"),
    envvar="TANDEM_TOKEN_FILE",
    show_envvar=True,
    help="File that holds the API token, - for standard input.",
)
@click.option("--ask-token", is_flag=True, help="Ask for the API token.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.version_option(package_name="tandemctl")
@click.pass_context
def tandemctl(
    context: click.Context,
    *,
    url: str | None,
    token_file: TextIO | None,
    ask_token: bool,
    as_json: bool,
) -> None:
    """Operate Tandem by its REST API.

    The API token is made on settings-api's page "API tokens" and taken from TANDEM_TOKEN, from
    --token-file, or asked for.
    """
    context.obj = Session(
        address=url,
        token_file=token_file,
        token=os.environ.get(TOKEN_VARIABLE),
        ask_token=ask_token,
        as_json=as_json,
    )


for command in COMMANDS:
    tandemctl.add_command(command)
