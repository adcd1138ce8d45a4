"""Microsoft's own client, pointed at the sandbox; what it does not know of an event is an error."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_http.middleware.options import RetryHandlerOption
from msgraph import GraphServiceClient
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.event import Event
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph_core import GraphClientFactory
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

DEADLINE_S = 10.0


class _Bearer(AuthenticationProvider):  # type: ignore[misc]
    """Signs with a token that is known."""

    def __init__(self, token: str) -> None:
        self.token = token

    async def authenticate_request(
        self, request: Any, additional_authentication_context: dict[str, Any] | None = None
    ) -> None:
        request.headers.add("Authorization", f"Bearer {self.token}")


class Person:
    """A mailbox as its owner drives it. The client does not repeat what is refused."""

    def __init__(self, base_url: str, email: str, token: str) -> None:
        self.email = email
        self.auth = _Bearer(token)
        once = {RetryHandlerOption.get_key(): RetryHandlerOption(should_retry=False)}
        self._transport = httpx.AsyncHTTPTransport()
        http = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(transport=self._transport), options={**options, **once}
        )
        adapter = GraphRequestAdapter(self.auth, client=http)
        adapter.base_url = f"{base_url}/microsoft/v1.0"
        self.api = adapter.base_url
        self.client = GraphServiceClient(request_adapter=adapter)
        self.me = self.client.me

    async def close(self) -> None:
        """Close the connections, which the vendor's client leaves open."""
        await self._transport.aclose()

    async def make(self, subject: str = "Meeting", **fields: Any) -> Event:
        """A new event; by default an hour on a day in June."""
        body = Event(
            **{
                "subject": subject,
                **at("2027-06-01T10:00:00", "2027-06-01T11:00:00"),
                **fields,
            }
        )
        return known(await self.me.events.post(body))

    async def get(self, event_id: str, *prefer: str, **query: Any) -> Event:
        """An event."""
        builder = self.me.events.by_event_id(event_id)
        wanted = asked(builder, "EventItemRequestBuilderGetQueryParameters", *prefer, **query)
        return known(await builder.get(request_configuration=wanted))

    async def change(self, event_id: str, *, if_match: str = "", **fields: Any) -> Event:
        """Change parts of an event."""
        wanted = RequestConfiguration[Any]()
        if if_match:
            wanted.headers.add("If-Match", if_match)
        builder = self.me.events.by_event_id(event_id)
        return known(await builder.patch(Event(**fields), request_configuration=wanted))

    async def raw(self, method: str, path: str, **request: Any) -> httpx.Response:
        """A call without the client, for what it can not do."""
        headers = {"authorization": f"Bearer {self.auth.token}", **request.pop("headers", {})}
        async with httpx.AsyncClient() as http:
            return await http.request(
                method, path if "://" in path else self.api + path, headers=headers, **request
            )


def asked(builder: Any, query: str, *prefer: str, **values: Any) -> RequestConfiguration[Any]:
    """Query parameters and preferences of a request."""
    wanted = RequestConfiguration[Any](query_parameters=getattr(type(builder), query)(**values))
    for one in prefer:
        wanted.headers.add("Prefer", one)
    return wanted


def known(event: Event | None) -> Event:
    """An event of which the vendor's model knows every property."""
    assert event is not None
    unknown = {name for name in event.additional_data if not name.startswith("@odata")}
    assert not unknown, unknown
    return event


def at(start: str, end: str, zone: str = "UTC") -> dict[str, DateTimeTimeZone]:
    """Start and end of an event."""
    return {
        name: DateTimeTimeZone(date_time=clock, time_zone=zone)
        for name, clock in (("start", start), ("end", end))
    }


def text(content: str) -> ItemBody:
    """A body in plain text."""
    return ItemBody(content_type=BodyType.Text, content=content)


@contextmanager
def refused(status: int, code: str) -> Iterator[list[ODataError]]:
    """Expect that Graph refuses; the error is given when the block ends."""
    caught_errors: list[ODataError] = []
    with pytest.raises(ODataError) as caught:
        yield caught_errors
    caught_errors.append(caught.value)
    error = caught.value.error
    assert error is not None
    assert (caught.value.response_status_code, error.code) == (status, code)


@dataclass
class Receiver:
    """Gives tokens back and takes notices; `deaf` paths give back something else."""

    notices: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)
    url: str = ""

    def app(self) -> Starlette:
        """The server."""
        return Starlette(routes=[Route("/{kind}", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        token, kind = request.query_params.get("validationToken"), request.path_params["kind"]
        if token is not None:
            self.tokens.append(token)
            return PlainTextResponse("something else" if kind in self.deaf else token)
        self.notices += [(kind, one) for one in (await request.json())["value"]]
        return Response(status_code=self.statuses.pop(0) if self.statuses else 202)


async def eventually(holds: Callable[[], Any]) -> Any:
    """Poll until `holds` gives something true, and give it."""
    end = asyncio.get_running_loop().time() + DEADLINE_S
    while not (value := holds()):
        assert asyncio.get_running_loop().time() < end, "it did not happen in time"
        await asyncio.sleep(0.01)
    return value
