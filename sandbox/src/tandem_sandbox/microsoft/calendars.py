"""The operations on calendars and on the mailbox as a whole."""

from collections.abc import Iterable
from urllib.parse import urlencode

from tandem_sandbox.microsoft import errors, ids, times
from tandem_sandbox.microsoft.ask import PAGE_DEFAULT, PAGE_MAX, Answer, Ask
from tandem_sandbox.microsoft.gate import Operation
from tandem_sandbox.microsoft.model import Calendar
from tandem_sandbox.microsoft.representation import show_calendar
from tandem_sandbox.microsoft.state import MicrosoftState
from tandem_sandbox.world import World

NAME_MAX = 255


def reach(state: MicrosoftState, ask: Ask) -> Calendar:
    """The calendar that a request names, or the default one.

    Raises:
        GraphError: the mailbox has no such calendar.
    """
    text = ask.path.get("calendar_id")
    if text is None:
        return state.default_calendar(ask.mailbox)
    key = ids.calendar_key(text)
    if key is None:
        raise errors.invalid("Id is malformed.", "ErrorInvalidIdMalformed")
    calendar = state.calendars.get(key)
    if calendar is None or calendar.deleted or key not in ask.mailbox.calendars:
        raise errors.not_found()
    return calendar


class Calendars:
    """Reads and writes of calendars."""

    def __init__(self, world: World) -> None:
        self._state = world.microsoft

    def operations(self) -> Iterable[Operation]:
        """Everything that the API can do with calendars."""
        one = "/calendars/{calendar_id}"
        return (
            Operation("me.get", "GET", "", self._me),
            Operation("mailboxSettings.get", "GET", "/mailboxSettings", self._settings),
            Operation("calendars.list", "GET", "/calendars", self._list),
            Operation("calendars.create", "POST", "/calendars", self._create),
            Operation("calendars.get", "GET", "/calendar", self._get),
            Operation("calendars.get", "GET", one, self._get),
            Operation("calendars.update", "PATCH", one, self._update),
            Operation("calendars.delete", "DELETE", one, self._delete),
        )

    def _me(self, ask: Ask) -> Answer:
        mailbox = ask.mailbox
        return Answer(
            {
                "@odata.context": "$metadata#users/$entity",
                "id": mailbox.user_id,
                "displayName": mailbox.name,
                "mail": mailbox.email,
                "userPrincipalName": mailbox.email,
                "preferredLanguage": mailbox.locale.replace("_", "-"),
            }
        )

    def _settings(self, ask: Ask) -> Answer:
        return Answer(
            {
                "@odata.context": "$metadata#users/mailboxSettings",
                "timeZone": times.windows_name(ask.mailbox.timezone),
                "language": {"locale": ask.mailbox.locale.replace("_", "-")},
            }
        )

    def _list(self, ask: Ask) -> Answer:
        alive = [
            calendar
            for key in ask.mailbox.calendars
            if not (calendar := self._state.calendars[key]).deleted
        ]
        size = ask.number("$top", PAGE_DEFAULT, PAGE_MAX)
        skipped = ask.number("$skip", 0, 10**6)
        page = alive[skipped : skipped + size]
        body = {"value": [show_calendar(one, ask.mailbox) for one in page]}
        if skipped + size < len(alive):
            following = urlencode({**ask.query, "$skip": str(skipped + size)})
            return Answer({**body, "@odata.nextLink": f"{ask.url.partition('?')[0]}?{following}"})
        return Answer({"@odata.context": "$metadata#users/calendars", **body})

    def _get(self, ask: Ask) -> Answer:
        return Answer(show_calendar(reach(self._state, ask), ask.mailbox))

    def _create(self, ask: Ask) -> Answer:
        name = str(ask.body().get("name") or "")[:NAME_MAX]
        if not name:
            raise errors.invalid("The calendar needs a name.", "ErrorPropertyValidationFailure")
        if any(self._state.calendars[key].name == name for key in ask.mailbox.calendars):
            raise errors.GraphError(409, "ErrorFolderExists", "A folder with this name exists.")
        key = f"{ask.mailbox.email}/{self._state.number()}"
        calendar = Calendar(key=key, name=name, owner=ask.mailbox.email)
        self._state.calendars[key] = calendar
        ask.mailbox.calendars.append(key)
        return Answer(show_calendar(calendar, ask.mailbox), 201)

    def _update(self, ask: Ask) -> Answer:
        calendar = reach(self._state, ask)
        calendar.name = str(ask.body().get("name") or calendar.name)[:NAME_MAX]
        return Answer(show_calendar(calendar, ask.mailbox))

    def _delete(self, ask: Ask) -> Answer:
        calendar = reach(self._state, ask)
        if calendar.default:
            raise errors.invalid(
                "The default calendar cannot be deleted.", "ErrorDeleteDistinguishedFolder"
            )
        calendar.deleted = True
        return Answer(status=204)
