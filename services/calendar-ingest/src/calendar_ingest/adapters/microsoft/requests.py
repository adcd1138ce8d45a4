"""Builds Graph's requests with the vendor's own library, which never sends any itself.

The library takes half a second and 12 MB to load, so this module is imported by the first call
for a Microsoft account, in a thread.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.users.item.calendars.calendars_request_builder import (
    CalendarsRequestBuilder,
)
from msgraph.generated.users.item.calendars.item.calendar_view.calendar_view_request_builder import (  # noqa: E501 - the vendor's names are long
    CalendarViewRequestBuilder,
)
from msgraph.generated.users.item.calendars.item.calendar_view.delta.delta_request_builder import (
    DeltaRequestBuilder,
)
from msgraph.generated.users.item.calendars.item.events.events_request_builder import (
    EventsRequestBuilder,
)
from msgraph.generated.users.item.calendars.item.events.item.event_item_request_builder import (
    EventItemRequestBuilder,
)
from msgraph.generated.users.item.calendars.item.events.item.instances.instances_request_builder import (  # noqa: E501 - the same
    InstancesRequestBuilder,
)
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from calendar_ingest.adapters.microsoft.bodies import changed_event, new_event, with_guests
from calendar_ingest.adapters.microsoft.identifiers import LINK_PROPERTY
from calendar_ingest.adapters.request import Request
from calendar_ingest.calendars import EventEdit, NewEvent, Window
from tandem.contracts.meetings import MeetingField

Json = dict[str, Any]
PAGE_CALENDARS: Final = 100
PAGE_OCCURRENCES: Final = 200
_ME: Final = "/users/me-token-to-replace"
_WITH_MARK: Final = f"singleValueExtendedProperties($filter=id eq '{LINK_PROPERTY}')"


class Requests:
    """Every request that this adapter makes."""

    def __init__(self, api_url: str) -> None:
        self._base = api_url.rstrip("/")
        adapter = GraphRequestAdapter(AnonymousAuthenticationProvider())
        adapter.base_url = self._base
        self._me = GraphServiceClient(request_adapter=adapter).me
        self._subscriptions = GraphServiceClient(request_adapter=adapter).subscriptions

    def mailbox_settings(self) -> Request:
        """The mailbox's time zone."""
        return self._plain(self._me.mailbox_settings.to_get_request_information())

    def calendars(self) -> Request:
        """The first page of all calendars."""
        query = CalendarsRequestBuilder.CalendarsRequestBuilderGetQueryParameters(
            top=PAGE_CALENDARS
        )
        return self._plain(
            self._me.calendars.to_get_request_information(
                RequestConfiguration(query_parameters=query)
            )
        )

    def calendar(self, calendar_id: str) -> Request:
        """One calendar."""
        return self._plain(
            self._me.calendars.by_calendar_id(calendar_id).to_get_request_information()
        )

    def delta(self, calendar_id: str, start: datetime, end: datetime) -> Request:
        """The first page of a round of changes."""
        query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            start_date_time=_stamp(start), end_date_time=_stamp(end)
        )
        view = self._me.calendars.by_calendar_id(calendar_id).calendar_view.delta
        return self._plain(
            view.to_get_request_information(RequestConfiguration(query_parameters=query))
        )

    def event(self, calendar_id: str, event_id: str) -> Request:
        """One event with our mark."""
        query = EventItemRequestBuilder.EventItemRequestBuilderGetQueryParameters(
            expand=[_WITH_MARK]
        )
        return self._plain(
            self._event(calendar_id, event_id).to_get_request_information(
                RequestConfiguration(query_parameters=query)
            )
        )

    def marked(self, calendar_id: str, link_id: UUID) -> Request:
        """The living events that bear the mark of a link."""
        query = EventsRequestBuilder.EventsRequestBuilderGetQueryParameters(
            filter="singleValueExtendedProperties/Any(ep: "
            f"ep/id eq '{LINK_PROPERTY}' and ep/value eq '{link_id}')",
            expand=[_WITH_MARK],
        )
        events = self._me.calendars.by_calendar_id(calendar_id).events
        return self._plain(
            events.to_get_request_information(RequestConfiguration(query_parameters=query))
        )

    def view(self, calendar_id: str, window: Window) -> Request:
        """The first page of what takes place in a window, series as their occurrences."""
        query = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters(
            start_date_time=_stamp(window.start),
            end_date_time=_stamp(window.end),
            top=PAGE_OCCURRENCES,
        )
        view = self._me.calendars.by_calendar_id(calendar_id).calendar_view
        return self._plain(
            view.to_get_request_information(RequestConfiguration(query_parameters=query))
        )

    def instances(self, calendar_id: str, series_id: str, window: Window) -> Request:
        """The first page of a series' occurrences in a window."""
        query = InstancesRequestBuilder.InstancesRequestBuilderGetQueryParameters(
            start_date_time=_stamp(window.start),
            end_date_time=_stamp(window.end),
            top=PAGE_OCCURRENCES,
        )
        return self._plain(
            self._event(calendar_id, series_id).instances.to_get_request_information(
                RequestConfiguration(query_parameters=query)
            )
        )

    def create(self, calendar_id: str, new: NewEvent) -> Request:
        """A new event."""
        events = self._me.calendars.by_calendar_id(calendar_id).events
        return self._plain(events.to_post_request_information(new_event(new)))

    def update(self, calendar_id: str, edit: EventEdit, present: Json | None) -> Request:
        """The named fields of an event; `present` is needed where guests change."""
        event = changed_event(edit.meeting, edit.fields, time_zone=edit.time_zone)
        if present is not None and MeetingField.GUESTS in edit.fields:
            organizer = (present.get("organizer") or {}).get("emailAddress") or {}
            with_guests(
                event,
                present.get("attendees") or (),
                edit.meeting.guests,
                str(organizer.get("address") or "").lower(),
            )
        return self._plain(
            self._event(calendar_id, edit.event_id).to_patch_request_information(event)
        )

    def delete(self, calendar_id: str, event_id: str) -> Request:
        """An event is to go."""
        return self._plain(self._event(calendar_id, event_id).to_delete_request_information())

    def subscriptions(self) -> Request:
        """All our subscriptions for this account."""
        return self._plain(self._subscriptions.to_get_request_information())

    def subscribe(
        self,
        calendar_id: str,
        *,
        address: str,
        lifecycle_address: str,
        secret: str,
        expires_at: datetime,
    ) -> Request:
        """A subscription to the events of a calendar."""
        wanted = Subscription(
            change_type="created,updated,deleted",
            notification_url=address,
            lifecycle_notification_url=lifecycle_address,
            resource=f"/me/calendars/{calendar_id}/events",
            expiration_date_time=expires_at,
            client_state=secret,
        )
        return self._plain(self._subscriptions.to_post_request_information(wanted))

    def renew(self, subscription_id: str, expires_at: datetime) -> Request:
        """A subscription is to live longer."""
        one = self._subscriptions.by_subscription_id(subscription_id)
        wanted = Subscription(expiration_date_time=expires_at)
        return self._plain(one.to_patch_request_information(wanted))

    def unsubscribe(self, subscription_id: str) -> Request:
        """A subscription is to end."""
        one = self._subscriptions.by_subscription_id(subscription_id)
        return self._plain(one.to_delete_request_information())

    def _event(self, calendar_id: str, event_id: str) -> Any:
        return self._me.calendars.by_calendar_id(calendar_id).events.by_event_id(event_id)

    def _plain(self, built: RequestInformation) -> Request:
        method = built.http_method
        built.path_parameters["baseurl"] = self._base
        return Request(
            method=method.value if method else "GET",
            url=built.url.replace(_ME, "/me"),
            content=built.content or b"",
        )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
