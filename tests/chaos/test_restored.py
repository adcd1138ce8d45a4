"""The database is put back to a backup: what it does not know is neither lost nor doubled."""

import contextlib
from collections import Counter
from datetime import datetime

import psycopg
import pytest
from tests.chaos.backup import Backup, start_services, stop_services
from tests.chaos.workload import OVERRIDES, Workload
from tests.e2e.company import Company
from tests.e2e.person import Person, in_days
from tests.e2e.stacks import running
from tests.e2e.waiting import eventually

from tandem_embedded.stack import Stack

GUESTS = [{"email": "guest@elsewhere.example", "name": "Guest"}]
FIRST = 5


@pytest.fixture(scope="module")
def stack(scratch):
    """A stack of its own: its database is put back."""
    yield from running(scratch / "restored", overrides=OVERRIDES)


@pytest.mark.timeout(400)
def test_what_a_backup_does_not_know_is_found_on_both_sides(stack, tmp_path):
    with Company.found(stack) as company:
        days = Days(company.first)
        # What a webhook that nobody takes would tell minutes later is given up at once.
        company.control.put("/deliveries", json={"time_scale": 0.01}).raise_for_status()
        days.before_the_backup()
        company.settled()
        backup = Backup(stack, tmp_path)
        days.since_the_backup()
        days.while_writes_wait(stack)
        stop_services(stack)
        mails = _mails(company)
        backup.put_back()
        days.while_down()
        backup.tell_services()
        start_services(stack)
        days.check(company)
        assert _mails(company) == mails
        writes = company.writes()
        company.settled()
        assert company.writes() == writes


@pytest.mark.timeout(400)
def test_a_backup_of_the_middle_of_the_work_is_as_good(stack, tmp_path):
    with Company.found(stack) as company:
        company.first.connect()
        work = Workload(company.first)
        work.prepare()
        work.start()
        assert work.halfway.wait(60)
        backup = Backup(stack, tmp_path)
        work.finish()
        work.check(company)
        stop_services(stack)
        backup.put_back()
        backup.tell_services()
        start_services(stack)
        work.check(company)


class Days:
    """What a person does on both sides, and `expected`: when each meeting is in the end."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._activities: dict[str, int] = {}
        self._events: dict[str, str] = {}
        self.expected: dict[str, datetime] = {}

    def before_the_backup(self) -> None:
        """Pairs that the backup knows."""
        self._person.connect(invite_guests=True)
        for number in range(FIRST):
            self._new_activity(f"Known A{number}", in_days(3 + number))
            self._new_event(f"Known E{number}", in_days(3 + number, hour=14))
        self._synced()

    def since_the_backup(self) -> None:
        """Pairs that it does not know, and changes of those that it does."""
        for number in range(FIRST):
            self._new_activity(f"New A{number}", in_days(20 + number), attendees=GUESTS)
            self._new_event(f"New E{number}", in_days(20 + number, hour=14))
        self._rename_activity("Known A0", "Renamed A0")
        self._move_event("Known E0", in_days(10, hour=16))
        self._delete_activity("Known A1")
        self._delete_event("Known E1")
        self._synced()

    def while_writes_wait(self, stack: Stack) -> None:
        """A command lies in Kafka that nobody has taken when everything stops."""
        stack.child("crm_ingest").stop()
        self._new_event("Waiting E", in_days(30))
        with psycopg.connect(stack.database_url, autocommit=True) as database:
            eventually(
                lambda: database.execute(
                    "SELECT true FROM sync.links WHERE pending_since < now() - interval '2 s'"
                ).fetchone(),
                what="the command",
            )

    def while_down(self) -> None:
        """Nobody looks."""
        self._rename_activity("Known A2", "Renamed A2")
        self._move_event("Known E2", in_days(11, hour=16))
        self._delete_activity("Known E3")
        self._delete_event("Known A3")
        self._new_activity("Late A", in_days(31))
        self._new_event("Late E", in_days(31, hour=14))
        self._rename_activity("New A0", "Renamed new A0")
        self._move_activity("New A1", in_days(40))
        self._move_event("New A2", in_days(41))
        self._rename_event("New A3", "Renamed new A3")
        self._person.change_event(self._events["New E4"], description="Bring the plans")

    def check(self, company: Company) -> None:
        """Both sides show what was asked for."""
        with contextlib.suppress(AssertionError):
            eventually(self._agrees, seconds=90, what="both sides agree")
        company.settled()
        assert self._differences() == {}
        described = self._person.activity_named("New E4")["public_description"]
        assert "Bring the plans" in described

    def _synced(self) -> None:
        eventually(self._agrees, seconds=60, what="both sides agree")
        self._activities = {one["subject"]: one["id"] for one in self._person.activities()}
        self._events = {one["summary"]: one["id"] for one in self._person.events()}

    def _agrees(self) -> bool:
        return not self._differences()

    def _differences(self) -> dict[str, list[tuple[str, datetime]]]:
        """Meetings that a side shows and should not, or does not show and should."""
        expected = Counter(self.expected.items())
        shown = {
            "Pipedrive": Counter(
                (one["subject"], _moment(f"{one['due_date']}T{one['due_time'][:5]}:00Z"))
                for one in self._person.activities()
            ),
            "calendar": Counter(
                (one["summary"], _moment(one["start"]["dateTime"])) for one in self._person.events()
            ),
        }
        return {
            f"{side} {what}": sorted(wrong.elements())
            for side, found in shown.items()
            for what, wrong in (("more", found - expected), ("less", expected - found))
            if wrong
        }

    def _new_activity(self, title: str, start: datetime, **fields: object) -> None:
        self._activities[title] = self._person.create_activity(title, start, **fields)["id"]
        self.expected[title] = start

    def _new_event(self, title: str, start: datetime) -> None:
        self._events[title] = self._person.create_event(title, start)["id"]
        self.expected[title] = start

    def _rename_activity(self, title: str, new: str) -> None:
        self._person.change_activity(self._activities[title], subject=new)
        self.expected[new] = self.expected.pop(title)

    def _rename_event(self, title: str, new: str) -> None:
        self._person.change_event(self._events[title], summary=new)
        self.expected[new] = self.expected.pop(title)

    def _move_activity(self, title: str, start: datetime) -> None:
        times = {"due_date": f"{start:%Y-%m-%d}", "due_time": f"{start:%H:%M}"}
        self._person.change_activity(self._activities[title], **times)
        self.expected[title] = start

    def _move_event(self, title: str, start: datetime) -> None:
        end = start.replace(hour=start.hour + 1)
        self._person.change_event(
            self._events[title],
            start={"dateTime": start.isoformat()},
            end={"dateTime": end.isoformat()},
        )
        self.expected[title] = start

    def _delete_activity(self, title: str) -> None:
        self._person.delete_activity(self._activities[title])
        del self.expected[title]

    def _delete_event(self, title: str) -> None:
        self._person.delete_event(self._events[title])
        del self.expected[title]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _mails(company: Company) -> int:
    answer = company.control.get("/counters")
    answer.raise_for_status()
    return int(answer.json()["mails"])
