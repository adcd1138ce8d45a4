"""Whom a command talks to: the address, the token, and how it prints.

The token comes from the environment, a file, or a hidden prompt, never from an argument, which
every user of the machine could read.
"""

from dataclasses import dataclass, field
from typing import Final, TextIO

import click
import httpx

from tandemctl.api import Api

TOKEN_VARIABLE: Final = "TANDEM_TOKEN"  # noqa: S105 - its name


@dataclass(frozen=True)
class Session:
    """What the options say; nothing is opened before a command asks for the API."""

    address: str | None
    token_file: TextIO | None
    token: str | None = field(repr=False)
    ask_token: bool
    as_json: bool
    transport: httpx.BaseTransport | None = None

    def api(self) -> Api:
        """The API, with the token; UsageError where one of them is missing."""
        if not self.address:
            raise click.UsageError("give the address of settings-api: --url or TANDEM_URL")
        return Api(self.address, self._token(), transport=self.transport)

    def _token(self) -> str:
        if self.ask_token:
            return str(click.prompt("API token", hide_input=True, err=True)).strip()
        token = self.token_file.read().strip() if self.token_file else (self.token or "").strip()
        if not token:
            raise click.UsageError(
                f"give an API token: {TOKEN_VARIABLE}, --token-file or --ask-token"
            )
        if not token.isascii() or not token.isprintable() or " " in token:
            raise click.UsageError("the API token holds characters that no token has")
        return token
