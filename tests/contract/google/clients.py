"""Google's own client, pointed at the sandbox, each of its answers held against the description."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httplib2  # type: ignore[import-untyped]
import pytest
from googleapiclient.discovery import build, build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest
from tests.contract.google.discovery import check_answer, document


class CheckedRequest(HttpRequest):  # type: ignore[misc]
    """A request whose answer is validated."""

    def __init__(self, http: Any, postproc: Any, *args: Any, **kwargs: Any) -> None:
        method_id = kwargs.get("methodId")

        def checked(response: Any, content: Any) -> Any:
            answer = postproc(response, content)
            check_answer(str(method_id), answer)
            return answer

        super().__init__(http, checked, *args, **kwargs)


class SignedHttp(httplib2.Http):  # type: ignore[misc]
    """Sends a bearer token with every request."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token

    def request(self, uri: str, method: str = "GET", **kwargs: Any) -> Any:
        headers = {**(kwargs.pop("headers", None) or {}), "authorization": f"Bearer {self.token}"}
        return super().request(uri, method, headers=headers, **kwargs)


class Person:
    """A mailbox as its owner drives it."""

    def __init__(self, base_url: str, email: str, token: str) -> None:
        self.email = email
        self.http = SignedHttp(token)
        self.service = build(
            "calendar",
            "v3",
            http=self.http,
            requestBuilder=CheckedRequest,
            static_discovery=True,
            client_options={"api_endpoint": f"{base_url}/google/calendar/v3/"},
        )
        self.root_url = f"{base_url}/google/"
        self.events = self.service.events()

    def insert(self, summary: str = "Meeting", *, calendar: str = "primary", **body: Any) -> Any:
        """A new event; by default an hour on a day in June."""
        send = {name: body.pop(name) for name in ("sendUpdates",) if name in body}
        event = {**at("2027-06-01T10:00:00Z", "2027-06-01T11:00:00Z"), "summary": summary, **body}
        return self.events.insert(calendarId=calendar, body=event, **send).execute()

    def get(self, event_id: str, calendar: str = "primary") -> Any:
        """An event."""
        return self.events.get(calendarId=calendar, eventId=event_id).execute()

    def patch(self, event_id: str, calendar: str = "primary", **body: Any) -> Any:
        """Change parts of an event."""
        send = {name: body.pop(name) for name in ("sendUpdates",) if name in body}
        return self.events.patch(calendarId=calendar, eventId=event_id, body=body, **send).execute()

    def delete(self, event_id: str, calendar: str = "primary", **parameters: Any) -> None:
        """Delete an event."""
        self.events.delete(calendarId=calendar, eventId=event_id, **parameters).execute()

    def pages(self, calendar: str = "primary", **parameters: Any) -> Iterator[Any]:
        """The pages of a list."""
        request = self.events.list(calendarId=calendar, **parameters)
        while request is not None:
            page = request.execute()
            yield page
            request = self.events.list_next(request, page)

    def listed(self, calendar: str = "primary", **parameters: Any) -> tuple[list[Any], str | None]:
        """All items of a list, and the sync token of its last page."""
        pages = list(self.pages(calendar, **parameters))
        assert all("nextSyncToken" not in page for page in pages[:-1])
        return [item for page in pages for item in page["items"]], pages[-1].get("nextSyncToken")

    def batch(self, callback: Any = None) -> Any:
        """A new batch, as the service makes it whose description names the sandbox."""
        described = {**document(), "rootUrl": self.root_url}
        service = build_from_document(described, http=self.http)
        return service.new_batch_http_request(callback=callback)

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


def at(start: str, end: str, zone: str | None = None) -> dict[str, Any]:
    """Start and end of an event, dates or moments."""
    kind = "dateTime" if "T" in start else "date"
    named = {"timeZone": zone} if zone else {}
    return {"start": {kind: start, **named}, "end": {kind: end, **named}}


@contextmanager
def refused(status: int, reason: str) -> Iterator[list[dict[str, str]]]:
    """Expect that the API refuses; the details of the error are given when the block ends."""
    details: list[dict[str, str]] = []
    with pytest.raises(HttpError) as caught:
        yield details
    details += caught.value.error_details
    assert (caught.value.status_code, details[0]["reason"]) == (status, reason)
