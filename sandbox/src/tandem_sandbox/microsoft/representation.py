"""How Graph shows what it knows."""

import html
import re
from typing import Any

from tandem_sandbox.microsoft import ids, times
from tandem_sandbox.microsoft.ask import Ask
from tandem_sandbox.microsoft.model import Calendar, Event, Mailbox
from tandem_sandbox.microsoft.state import MicrosoftState
from tandem_sandbox.microsoft.subscriptions import Subscription

Json = dict[str, Any]

PREVIEW_MAX = 255
NEVER = "0001-01-01T00:00:00Z"
_TAG = re.compile(r"<[^>]*>")
_BREAK = re.compile(r"<br[^>]*>|</(p|div|li|tr)>", re.IGNORECASE)
_ASKED = re.compile(r"id eq '([^']*)'")


class Views:
    """Shows events as one request wants them."""

    def __init__(self, state: MicrosoftState, ask: Ask) -> None:
        self._state = state
        self._ask = ask
        expanded = ask.query.get("$expand", "")
        self._properties = (
            {name.lower() for name in _ASKED.findall(expanded)}
            if "singlevalueextendedproperties" in expanded.lower()
            else set()
        )
        selected = ask.query.get("$select", "")
        self._selected = {name.strip() for name in selected.split(",") if name.strip()}

    def id_of(self, key: str) -> str:
        """The id of an event as the request wants ids."""
        return ids.event_id(key, immutable=self._ask.immutable)

    def event(self, calendar: Calendar, event: Event) -> Json:
        """An event with everything that was asked for."""
        body = self._whole(calendar, event)
        if self._properties:
            found = [
                {"id": event.property_names[name], "value": event.properties[name]}
                for name in sorted(self._properties & event.properties.keys())
            ]
            if found:
                body["singleValueExtendedProperties"] = found
        if not self._selected:
            del body["cancelledOccurrences"]
            return body
        kept = self._selected | {"@odata.etag", "id", "singleValueExtendedProperties"}
        return {name: value for name, value in body.items() if name in kept}

    def small(self, event: Event) -> Json:
        """An occurrence as a round of changes shows it."""
        zone = self._ask.zone
        return {
            "@odata.type": "#microsoft.graph.event",
            "@odata.etag": etag(event),
            "id": self.id_of(event.key),
            "seriesMasterId": self.id_of(event.series_key or ""),
            "type": "occurrence",
            "start": times.shown(event.start, zone, floating=event.all_day),
            "end": times.shown(event.end, zone, floating=event.all_day),
        }

    def _whole(self, calendar: Calendar, event: Event) -> Json:
        fields, zone = event.fields, self._ask.zone
        meeting = fields.get("onlineMeeting")
        body = fields["body"]
        series = calendar.events.get(event.series_key) if event.series_key else None
        return {
            "@odata.etag": etag(event),
            "id": self.id_of(event.key),
            "createdDateTime": times.in_utc(event.created),
            "lastModifiedDateTime": times.in_utc(event.modified),
            "changeKey": event.change_key,
            "categories": fields["categories"],
            "transactionId": fields.get("transactionId"),
            "originalStartTimeZone": event.start["timeZone"],
            "originalEndTimeZone": event.end["timeZone"],
            "iCalUId": event.ical_uid,
            "reminderMinutesBeforeStart": fields["reminderMinutesBeforeStart"],
            "isReminderOn": fields["isReminderOn"],
            "hasAttachments": False,
            "subject": fields["subject"],
            "bodyPreview": as_text(body)[:PREVIEW_MAX],
            "importance": fields["importance"],
            "sensitivity": fields["sensitivity"],
            "isAllDay": event.all_day,
            "isCancelled": event.is_cancelled,
            "isOrganizer": event.organizer == calendar.owner,
            "responseRequested": fields["responseRequested"],
            "seriesMasterId": self.id_of(event.series_key) if event.series_key else None,
            "showAs": fields["showAs"],
            "type": _type(calendar, event),
            "webLink": f"https://outlook.office365.com/owa/?itemid={self.id_of(event.key)}",
            "onlineMeetingUrl": None,
            "isOnlineMeeting": fields["isOnlineMeeting"],
            "onlineMeetingProvider": fields["onlineMeetingProvider"],
            "allowNewTimeProposals": fields["allowNewTimeProposals"],
            "isDraft": False,
            "hideAttendees": fields["hideAttendees"],
            "recurrence": fields.get("recurrence"),
            "originalStart": _original_start(event, series),
            "responseStatus": {"response": event.response, "time": NEVER},
            "body": {"contentType": "text", "content": as_text(body)}
            if self._ask.text_bodies
            else as_html(body),
            "start": times.shown(event.start, zone, floating=event.all_day),
            "end": times.shown(event.end, zone, floating=event.all_day),
            "location": fields["location"],
            "locations": [fields["location"]] if fields["location"]["displayName"] else [],
            "attendees": event.attendees,
            "organizer": {"emailAddress": self._person(event.organizer)},
            "onlineMeeting": meeting,
            "cancelledOccurrences": [
                f"OID.{self.id_of(event.key)}.{day}" for day in event.removed_days
            ],
        }

    def _person(self, email: str) -> Json:
        mailbox = self._state.mailbox(email)
        return {"name": mailbox.name if mailbox else email, "address": email}


def etag(event: Event) -> str:
    """The etag of an event."""
    return f'W/"{event.change_key}"'


def as_text(body: Json) -> str:
    """A body as text."""
    if body["contentType"] != "html":
        return str(body["content"])
    return html.unescape(_TAG.sub("", _BREAK.sub("\r\n", body["content"]))).strip()


def as_html(body: Json) -> Json:
    """A body as HTML, which is how Graph keeps it."""
    if body["contentType"] == "html":
        return body
    lines = (
        html.escape(body["content"], quote=False).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    )
    inside = f'<div class="PlainText">\r\n{lines}</div>' if lines else ""
    content = f"<html><head></head><body>\r\n{inside}\r\n</body></html>\r\n" if inside else ""
    return {"contentType": "html", "content": content}


def show_calendar(calendar: Calendar, mailbox: Mailbox) -> Json:
    """A calendar as its mailbox lists it."""
    return {
        "id": ids.calendar_id(calendar.key),
        "name": calendar.name,
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": calendar.default,
        "changeKey": f"tzc{calendar.revision:08d}==",
        "canShare": calendar.editable,
        "canViewPrivateItems": True,
        "canEdit": calendar.editable,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": calendar.default,
        "isRemovable": not calendar.default,
        "owner": {"name": mailbox.name, "address": mailbox.email},
    }


def show_subscription(subscription: Subscription) -> Json:
    """A subscription as its owner sees it; the secret is shown only when it is made."""
    return {
        "id": subscription.id,
        "resource": subscription.resource,
        "applicationId": "sandbox-client",
        "changeType": subscription.change_type,
        "clientState": None,
        "notificationUrl": subscription.notification_url,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "expirationDateTime": times.in_utc(subscription.expires_at),
        "creatorId": subscription.email,
        "includeResourceData": None,
        "latestSupportedTlsVersion": "v1_2",
    }


def _type(calendar: Calendar, event: Event) -> str:
    if event.series_key:
        return "exception" if event.key in calendar.events else "occurrence"
    return "seriesMaster" if event.recurs else "singleInstance"


def _original_start(event: Event, series: Event | None) -> str | None:
    if series is None or event.original_day is None:
        return None
    clock = times.wall_clock(series.start).time().isoformat(timespec="microseconds")
    point = {"dateTime": f"{event.original_day}T{clock}", "timeZone": series.start["timeZone"]}
    return times.in_utc(times.moment_of(point))
