"""Hundreds of changes on both sides, and what both must show in the end."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from tests.e2e.company import Company
from tests.e2e.person import Person, in_days
from tests.e2e.waiting import eventually

OVERRIDES = {
    "SWEEP_INTERVAL_S": "5",
    "SWEEP_QUIET_INTERVAL_S": "5",
    "GOOGLE_USER_REQUESTS_PER_MINUTE": "60000",
    # The work deletes so much that the brake would hold it wherever links are quick enough.
    "DELETIONS_MAX": "1000",
}
STARTED = 30
CHANGES = 200


class Workload:
    """Runs in a thread of its own; `halfway` is set in the middle of it.

    With `at_once` False it makes no more changes than `allow` has allowed so far.
    """

    def __init__(self, person: Person, *, changes: int = CHANGES, at_once: bool = True) -> None:
        self._person = person
        self._changes = changes
        self._allowed = threading.Semaphore(changes if at_once else 0)
        self._activities: dict[int, str] = {}
        self._events: dict[str, str] = {}
        self.halfway = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._error: BaseException | None = None

    @property
    def expected(self) -> Counter[str]:
        """The titles that both sides must show."""
        return Counter(self._activities.values()) + Counter(self._events.values())

    def prepare(self) -> None:
        """Items that are linked before anything is killed."""
        for number in range(STARTED):
            self._new_activity(f"A{number}")
            self._new_event(f"E{number}")
        eventually(self._agrees, seconds=60, what="the items to start with")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def allow(self, changes: int) -> None:
        """Let so many more changes be made."""
        self._allowed.release(changes)

    def finish(self) -> None:
        """Wait for the last change."""
        self._thread.join(120)
        assert not self._thread.is_alive()
        assert self._error is None, self._error

    def check(self, company: Company) -> None:
        """Both sides converge to what was asked for: nothing lost, doubled or resurrected."""
        with contextlib.suppress(AssertionError):
            eventually(self._agrees, seconds=120, what="both sides agree")
        company.settled()
        differences = self._differences()
        assert differences == {}, differences

    def _agrees(self) -> bool:
        return not self._differences()

    def _differences(self) -> dict[str, dict[str, int]]:
        """Titles shown too often (positive) or too seldom (negative), by side."""
        shown = {
            "Pipedrive": Counter(activity["subject"] for activity in self._person.activities()),
            "calendar": Counter(event["summary"] for event in self._person.events()),
        }
        for counter in shown.values():
            counter.subtract(self.expected)
        told = {
            side: {title: count for title, count in counter.items() if count}
            for side, counter in shown.items()
        }
        return {side: titles for side, titles in told.items() if titles}

    def _run(self) -> None:
        try:
            for number, _ in enumerate(self._steps(), start=1):
                self._allowed.acquire()
                if number == self._changes // 2:
                    self.halfway.set()
        except BaseException as error:  # noqa: BLE001 - told by `finish`
            self._error = error
            self.halfway.set()

    def _steps(self) -> Iterator[None]:
        person = self._person
        for number in range(self._changes // 5):
            self._new_activity(f"New A{number}")
            yield
            activity_id = list(self._activities)[number % STARTED]
            title = f"Renamed A{number}"
            person.change_activity(activity_id, subject=title)
            self._activities[activity_id] = title
            yield
            self._new_event(f"New E{number}")
            yield
            event_id = list(self._events)[number % STARTED]
            title = f"Renamed E{number}"
            person.change_event(event_id, summary=title)
            self._events[event_id] = title
            yield
            if number % 2:
                activity_id = list(self._activities)[-1]
                person.delete_activity(activity_id)
                del self._activities[activity_id]
            else:
                event_id = list(self._events)[-1]
                person.delete_event(event_id)
                del self._events[event_id]
            yield

    def _new_activity(self, title: str) -> None:
        made = self._person.create_activity(title, in_days(3 + len(self._activities)))
        self._activities[made["id"]] = title

    def _new_event(self, title: str) -> None:
        made = self._person.create_event(title, in_days(3 + len(self._events), hour=14))
        self._events[made["id"]] = title
