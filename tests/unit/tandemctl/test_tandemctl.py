"""The command line: what it asks, what it prints, and that it keeps the token to itself."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from tests.unit.tandemctl.service import TOKEN, Service, problem

from tandemctl import api
from tandemctl.api import Api, RefusedError
from tandemctl.commands import tandemctl
from tandemctl.connections import connections
from tandemctl.explain import explain

ID = "7b0b7c1e-6b8e-4b43-9d3d-1f2a6f0f9c11"
CONNECTION: dict[str, Any] = {
    "id": ID,
    "provider": "google",
    "email": "ada@north.example",
    "status": "active",
    "reconnect": [],
    "settings": {"direction": "two_way", "paused": False},
    "last_synced": None,
    "revision": 4,
}
EXPLAINED = {
    "synced": False,
    "reason": "past",
    "sentence": "It is over.",
    "remedy": "",
    "connection_id": ID,
    "activity_id": 5,
    "event_id": None,
}


@pytest.fixture
def service() -> Service:
    one = Service()
    one.says("GET /api/v1/connections", {"items": [CONNECTION]})
    one.says(f"GET /api/v1/connections/{ID}", CONNECTION)
    return one


def test_connections_are_a_table_for_people_and_json_for_programs(service: Service):
    shown = service.run(connections, "list")
    head, row = shown.stdout.splitlines()
    assert head.split() == ["id", "provider", "email", "status", "reconnect", "last_synced"]
    assert row.split() == [ID, "google", "ada@north.example", "active", "-", "-"]
    assert json.loads(service.run(connections, "list", as_json=True).stdout) == [CONNECTION]


def test_an_admin_sees_whose_connections_there_are(service: Service):
    page = {"items": [{**CONNECTION, "user_id": 42}], "next_cursor": None}
    service.says("GET /api/v1/admin/connections", page)
    assert " 42 " in service.run(connections, "list", "--company").stdout


def test_what_came_from_elsewhere_does_not_steer_the_terminal(service: Service):
    evil = "\x1b]0;owned\x07\u202e"
    service.says("GET /api/v1/connections", {"items": [{**CONNECTION, "email": evil}]})
    for as_json in (False, True):
        printed = service.run(connections, "list", as_json=as_json).stdout
        assert "owned" in printed
        assert all(one.isprintable() or one == "\n" for one in printed)


@pytest.mark.parametrize("named", [ID, ID.upper(), "ada@north.example", "Ada@North.example"])
@pytest.mark.parametrize("verb", ["pause", "resume", "resync"])
def test_a_connection_is_acted_on_by_its_id_or_address(service: Service, named: str, verb: str):
    service.says(f"POST /api/v1/connections/{ID}/{verb}", {**CONNECTION, "status": "paused"})
    answer = service.run(connections, verb, named)
    assert (answer.exit_code, "status: paused" in answer.stdout) == (0, True)
    assert service.asked[-1].headers["idempotency-key"]


def test_an_unknown_address_is_no_connection(service: Service):
    answer = service.run(connections, "pause", "eve@north.example")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "eve@north.example: 0 of your connections" in answer.stderr


def test_a_connection_is_shown_with_its_settings(service: Service):
    shown = service.run(connections, "show", ID).stdout
    assert "direction: two_way" in shown
    assert json.loads(service.run(connections, "show", ID, as_json=True).stdout) == CONNECTION


def test_history_is_exported_to_its_end_one_object_per_line(service: Service):
    path = f"/api/v1/connections/{ID}/history"
    service.says(
        f"GET {path}",
        {"items": [{"row": 3}, {"row": 2}], "next_cursor": "2"},
        {"items": [{"row": 1}], "next_cursor": None},
    )
    answer = service.run(connections, "history", ID, "--reason", "past", "--search", "Lunch")
    assert [json.loads(line)["row"] for line in answer.stdout.splitlines()] == [3, 2, 1]
    first, second = (dict(one.url.params) for one in service.asked)
    assert first == {"limit": "200", "reason": "past", "q": "Lunch"}
    assert second == {**first, "cursor": "2"}


def test_an_item_is_explained(service: Service):
    service.says("GET /api/v1/explain", EXPLAINED)
    assert "reason: past" in service.run(explain, "--activity", "5").stdout
    arguments = ("--event", "e1", "--connection", "ada@north.example")
    assert json.loads(service.run(explain, *arguments, as_json=True).stdout) == EXPLAINED
    assert dict(service.asked[-1].url.params) == {"event_id": "e1", "connection_id": ID}


@pytest.mark.parametrize(
    "arguments", [(), ("--activity", "5", "--event", "x"), ("--event", "x"), ("--activity", "0")]
)
def test_a_question_that_names_no_item_is_not_asked(service: Service, arguments: tuple[str, ...]):
    assert service.run(explain, *arguments).exit_code == 2
    assert service.asked == []


def test_a_refusal_says_what_the_service_says(service: Service):
    service.says(f"POST /api/v1/connections/{ID}/resync", problem(409, "status: it is paused"))
    answer = service.run(connections, "resync", ID)
    assert (answer.exit_code, answer.stderr) == (1, "Error: 409: status: it is paused\n")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(502, text="bad gateway"),
        httpx.Response(200, json=[]),
    ],
)
def test_something_else_at_the_address_is_told(service: Service, answer: httpx.Response):
    service.says("GET /api/v1/connections", answer)
    assert "not Tandem's REST API" in service.run(connections, "list").stderr


def test_trying_again_waits_as_told_and_asks_for_the_same_thing():
    service, waited = Service(), list[float]()
    service.says(
        "POST /x",
        problem(429, "too many", retry_after="7"),
        httpx.ConnectError("refused"),
        httpx.Response(200, json={}),
    )
    with Api(
        "https://tandem.example",
        TOKEN,
        transport=httpx.MockTransport(service._answer),
        sleep=waited.append,
    ) as calls:
        assert calls.post("/x") == {}
    assert waited[0] == 7
    assert len({one.headers["idempotency-key"] for one in service.asked}) == 1


def test_trying_again_has_an_end():
    service, waited = Service(), list[float]()
    service.says("GET /x", problem(503, "later", retry_after="9999999"))
    transport = httpx.MockTransport(service._answer)
    with (
        Api("https://t.example", TOKEN, transport=transport, sleep=waited.append) as calls,
        pytest.raises(RefusedError, match="503: later"),
    ):
        calls.get("/x")
    assert waited == [api.PAUSE_MAX_S] * (api.TRIES_MAX - 1)


def test_the_token_is_taken_from_where_nobody_else_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: Service
):
    seen: list[str] = []

    class Recording(Api):
        def __init__(self, address: str, token: str, **_: object) -> None:
            seen.append(token)
            super().__init__(address, token, transport=httpx.MockTransport(service._answer))

    monkeypatch.setattr("tandemctl.session.Api", Recording)
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    command = ["--url", "https://tandem.example"]
    ways: list[tuple[list[str], dict[str, str], str]] = [
        ([], {"TANDEM_TOKEN": TOKEN}, ""),
        (["--token-file", str(file)], {"TANDEM_TOKEN": "tnd_other"}, ""),
        (["--token-file", "-"], {}, TOKEN),
        (["--ask-token"], {}, TOKEN + "\n"),
    ]
    for options, environment, typed in ways:
        answer = CliRunner().invoke(
            tandemctl,
            [*command, *options, "connections", "list"],
            env={"TANDEM_TOKEN": None, **environment},
            input=typed,
        )
        assert answer.exit_code == 0, answer.output
        assert TOKEN not in answer.output
    assert seen == [TOKEN] * len(ways)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "TANDEM_URL"),
        ({"TANDEM_URL": "https://tandem.example"}, "TANDEM_TOKEN"),
        ({"TANDEM_URL": "https://tandem.example", "TANDEM_TOKEN": "tnd a"}, "characters"),
        ({"TANDEM_URL": "https://tandem.example", "TANDEM_TOKEN": "tnd\u00e9"}, "characters"),
        ({"TANDEM_URL": "not an address", "TANDEM_TOKEN": "tnd_a"}, "does not answer"),
    ],
)
def test_what_is_missing_or_wrong_is_named(environment: dict[str, str], said: str, monkeypatch):
    monkeypatch.setattr("tandemctl.api.TRIES_MAX", 1)
    unset = {"TANDEM_URL": None, "TANDEM_TOKEN": None, "TANDEM_TOKEN_FILE": None}
    answer = CliRunner().invoke(tandemctl, ["connections", "list"], env={**unset, **environment})
    assert answer.exit_code in {1, 2}
    assert said in answer.stderr
    assert "Traceback" not in answer.output
    assert environment.get("TANDEM_TOKEN", "?!") not in answer.output


def test_no_option_takes_a_token_and_no_text_of_the_session_shows_it(service: Service):
    assert not any("--token" in option.opts for option in tandemctl.params), (
        "an argument is seen by every user of the machine"
    )
    service.run(connections, "list")
    from tandemctl.session import Session

    kept = Session(address="a", token_file=None, token=TOKEN, ask_token=False, as_json=False)
    assert TOKEN not in repr(kept)


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_a_shell_gets_its_completion(shell: str):
    printed = CliRunner().invoke(tandemctl, ["completion", shell])
    assert printed.exit_code == 0
    assert "_TANDEMCTL_COMPLETE" in printed.stdout
    env = {
        "_TANDEMCTL_COMPLETE": "bash_complete",
        "COMP_WORDS": "tandemctl connections re",
        "COMP_CWORD": "2",
    }
    answer = CliRunner().invoke(tandemctl, [], env=env, prog_name="tandemctl")
    assert {line.partition(",")[2] for line in answer.stdout.splitlines()} == {"resume", "resync"}
