"""settings-api as the command line meets it: scripted answers, and what was asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click
import httpx
from click.testing import CliRunner, Result

from tandemctl.session import Session

TOKEN = "tnd_of-the-tests"
Answer = httpx.Response | Exception


@dataclass
class Service:
    """Gives each path its answers in turn, the last of them for ever."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def says(self, path: str, *answers: Answer | dict[str, Any]) -> None:
        """Answer a path, such as `GET /api/v1/me`."""
        self.answers[path] = [
            httpx.Response(200, json=one) if isinstance(one, dict) else one for one in answers
        ]

    def run(self, command: click.Command, *arguments: str, as_json: bool = False) -> Result:
        """Run a command with a good token."""
        session = Session(
            address="https://tandem.example",
            token_file=None,
            token=TOKEN,
            ask_token=False,
            as_json=as_json,
            transport=httpx.MockTransport(self._answer),
        )
        return CliRunner().invoke(command, list(arguments), obj=session)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        self.asked.append(request)
        waiting = self.answers[f"{request.method} {request.url.path}"]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(status: int, title: str, **headers: str) -> httpx.Response:
    """A problem document."""
    named: Callable[[str], str] = lambda name: name.replace("_", "-")  # noqa: E731
    return httpx.Response(
        status,
        json={"type": "about:blank", "title": title, "status": status},
        headers={named(name): value for name, value in headers.items()},
    )
