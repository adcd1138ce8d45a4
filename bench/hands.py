"""People who change events with clients of their own, and what the sandbox calls it."""

from typing import Any, Final

from exchangelib.items import SEND_TO_NONE
from tests.e2e.office import Office
from tests.e2e.outlook import Outlook
from tests.e2e.person import Person, in_days


class GoogleHands:
    """Changes events at Google."""

    listing: Final = "events.list"
    watching: Final = "events.watch"
    kinds: Final = {"create": "events.insert", "change": "events.patch", "delete": "events.delete"}

    def __init__(self, person: Person) -> None:
        self._person = person

    def create(self, title: str) -> Any:
        """Make an event."""
        return self._person.create_event(title, in_days(5))

    def change(self, event: Any, title: str) -> None:
        """Rename an event."""
        self._person.change_event(event["id"], summary=title)

    def delete(self, event: Any) -> None:
        """Delete an event."""
        self._person.delete_event(event["id"])


class MicrosoftHands:
    """Changes events at Microsoft Graph."""

    listing: Final = "events.delta"
    watching: Final = "subscriptions.update"
    kinds: Final = {
        "create": "events.create",
        "change": "events.update",
        "delete": "events.delete",
    }

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook

    def create(self, title: str) -> Any:
        """Make an event."""
        return self._outlook.create(title, in_days(5))

    def change(self, event: Any, title: str) -> None:
        """Rename an event."""
        self._outlook.change(event["id"], subject=title)

    def delete(self, event: Any) -> None:
        """Delete an event."""
        self._outlook.delete(event["id"])


class ExchangeHands:
    """Changes events at Exchange."""

    listing: Final = "SyncFolderItems"
    watching: Final = "Subscribe"
    kinds: Final = {"create": "CreateItem", "change": "UpdateItem", "delete": "DeleteItem"}

    def __init__(self, office: Office) -> None:
        self._office = office

    def create(self, title: str) -> Any:
        """Make an event."""
        return self._office.create(title, in_days(5))

    def change(self, event: Any, title: str) -> None:
        """Rename an event."""
        event.subject = title
        event.save(update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)

    def delete(self, event: Any) -> None:
        """Delete an event."""
        event.move_to_trash(send_meeting_cancellations=SEND_TO_NONE)


Hands = GoogleHands | MicrosoftHands | ExchangeHands
