"""What would be written: the decisions themselves, made in a transaction that is taken back."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from reconciler.core.model import Link, Plan
from reconciler.core.reasons import Reason
from tandem.contracts.meetings import AllDay, Meeting, Side

ITEMS_MAX: Final = 500
COUNTED: Final = (
    "create_event",
    "create_activity",
    "update_event",
    "update_activity",
    "delete_event",
    "delete_activity",
)


@dataclass(frozen=True)
class Foreseen:
    """One write that would be asked for; `start` is a date or a moment in ISO form."""

    side: str
    verb: str
    title: str
    start: str | None
    reason: Reason


@dataclass
class Preview:
    """Takes note of every write; the first `ITEMS_MAX` of them one by one."""

    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))
    items: list[Foreseen] = field(default_factory=list)

    @property
    def truncated(self) -> bool:
        """Whether there are more than the listed ones."""
        return sum(self.counts.values()) > len(self.items)

    def note(self, link: Link, decided: Plan) -> None:
        """The writes of a plan would be asked for."""
        for write in decided.writes:
            kind = "activity" if write.side is Side.CRM else "event"
            self.counts[f"{write.verb}_{kind}"] += 1
            pending = link.pending_on(write.side)
            meeting = write.meeting or (pending.before if pending else None)
            if len(self.items) < ITEMS_MAX:
                self.items.append(
                    Foreseen(
                        write.side.value,
                        write.verb.value,
                        meeting.title if meeting else "",
                        start_of(meeting) if meeting else None,
                        decided.reason,
                    )
                )


def start_of(meeting: Meeting) -> str:
    """A date or a moment, in ISO form."""
    schedule = meeting.schedule
    return (schedule.first if isinstance(schedule, AllDay) else schedule.start).isoformat()
