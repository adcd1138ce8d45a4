"""What became of each meeting of a run: who did what to it, and what is there in the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tests.simulation.people import ME, SERIES, Done, Item, id_of, token_of
from tests.simulation.providers import Write
from tests.simulation.scenario import EVERYWHERE
from tests.simulation.simulation import Simulation

from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot

PLAIN: Final = frozenset({*EVERYWHERE, "create", "accept", "done", "take_back"})
"""Edits of fields, deletions, and what is never carried."""
TAKEN_OUT: Final = frozenset({"retype", "give_away", "undate"})
"""Edits after which an activity is not synced any more."""
REMOVING: Final = frozenset({*TAKEN_OUT, "delete", "decline"})
"""Edits after which an item of the other side may go."""
TOLD_BY: Final = {
    "title": "title",
    "move": "time",
    "all_day": "time",
    "undate": "time",
    "retype": "type",
    "take_back": "type",
}
"""By what an activity is known again whose create had no answer, and which edits change it."""


@dataclass(frozen=True)
class Ending:
    """One meeting at the end of a run; `steady`: what is synced at all was always the same.

    `cleared_at` is when the user first had the events of unticked types removed.
    """

    token: str
    done: tuple[Done, ...]
    writes: tuple[Write, ...]
    activities: tuple[ActivitySnapshot, ...]
    events: tuple[EventSnapshot, ...]
    two_way: bool
    braked: bool
    steady: bool
    cleared_at: datetime | None

    @property
    def is_occurrence(self) -> bool:
        """Whether it belongs to a series, so that Pipedrive only shows it."""
        return self.token.startswith(SERIES)

    @property
    def origin(self) -> str:
        """The side on which it was made."""
        return self.done[0].edit.side

    @property
    def verbs(self) -> set[str]:
        """Everything that was done to it."""
        return {one.edit.verb for one in self.done}

    @property
    def plain(self) -> bool:
        """Whether only fields were edited and items deleted, so that the end is certain."""
        return self.recognised and self.verbs <= PLAIN

    @property
    def synced(self) -> bool:
        """Whether nothing that people did to it keeps it out of the sync in the end.

        Who declines what came from Pipedrive stays invited.
        """
        declined = self.origin == "calendar" and "decline" in self.verbs
        return self.recognised and not declined and all(map(is_eligible, self.activities))

    @property
    def recognised(self) -> bool:
        """Whether it is known which items belong together, and nothing stops their sync.

        A link that was written too often within minutes rests until its user wakes it.
        """
        return not self.braked and not self.unrecognisable

    @property
    def unrecognisable(self) -> bool:
        """Whether an activity of ours may be made again, since its create had no answer in time.

        Nothing tells one that was deleted from one that was never made, or one that was changed
        in two of its type, title and time from somebody's own.
        """
        edits = {one.edit.verb for one in self.done if one.in_doubt and one.edit.side == "crm"}
        changed = {TOLD_BY[verb] for verb in edits if verb in TOLD_BY}
        return "delete" in edits or len(changed) > 1

    @property
    def deleted_on(self) -> set[str]:
        """Sides on which somebody deleted it."""
        return {one.edit.side for one in self.done if one.edit.verb == "delete"}

    @property
    def restored(self) -> bool:
        """Whether the last word on whether it is to be there took a deletion back, undisputed.

        Then it is there on both sides, if both are synced at all.
        """
        last = [one.edit.verb for one in self.done if one.edit.verb in {"delete", "restore"}][-1:]
        certain = self.two_way and self.steady and self.recognised
        return certain and last == ["restore"] and not self.disputed

    @property
    def disputed(self) -> bool:
        """Whether a deletion was taken back after something else had been made of it.

        An edit of the other side beats the deletion, so that the meeting is made anew there, and an
        activity that is not synced any more is nobody's: then what is restored comes beside that.
        """
        taken_back = [one for one in self.done if one.edit.verb == "restore"]
        if not taken_back:
            return False
        other_sides = {
            one.edit.side
            for one in self.done
            if one.edit.verb != "create" and one.edit.side != taken_back[0].edit.side
        }
        return bool(other_sides) or not self.verbs <= {*PLAIN, "restore"} - {"done"}

    def was_cleared(self, write: Write) -> bool:
        """Whether the user has had it removed with all events that we made of unticked types."""
        made = {one.item_id for one in self.writes if one.verb == "create"}
        ours = write.side == "calendar" and write.verb == "delete" and write.item_id in made
        return ours and self.cleared_at is not None and self.cleared_at <= write.at

    def went_with_it(self, done: Done) -> bool:
        """Whether an edit was of an item that is gone since, as people wanted it to."""
        wanted = self.cleared_at is not None or bool(self.verbs & REMOVING)
        return wanted and done.item_id not in {id_of(item) for item in self.items}

    @property
    def items(self) -> tuple[Item, ...]:
        """What there is of it on either side."""
        return *self.activities, *self.events

    @property
    def may_stay_done(self) -> bool:
        """Whether it may have been done while something was decided of it.

        No event is made of what is done, and what is done does not go with its event.
        """
        return "done" in self.verbs

    @property
    def counts(self) -> tuple[int, int]:
        """How many activities and events it has."""
        return len(self.activities), len(self.events)

    @property
    def both(self) -> tuple[int, int]:
        """The counts of a meeting that is as synced as it can be."""
        return (0, 1) if self.origin == "calendar" and not self.two_way else (1, 1)

    @property
    def is_pair(self) -> bool:
        """Whether it is synced, with one item on each side."""
        return self.synced and self.counts == self.both == (1, 1)


def is_eligible(activity: ActivitySnapshot) -> bool:
    """Whether an activity may be synced, if its time is not over."""
    dated = activity.due_date is not None
    return activity.owner_id == ME and activity.type == "meeting" and dated


def endings_of(simulation: Simulation) -> Iterator[Ending]:
    """Every meeting that was made."""
    people, scenario = simulation.people, simulation.scenario
    braked = _braked(simulation)
    cleared_at = [scenario.start + timedelta(seconds=at_s) for at_s in scenario.clearings]
    for token in dict.fromkeys(one.edit.token for one in people.done):
        yield Ending(
            token=token,
            done=tuple(one for one in people.done if one.edit.token == token),
            writes=tuple(one for one in simulation.outside.writes if token_of(one.title) == token),
            activities=tuple(people.activities_of(token)),
            events=tuple(people.events_of(token)),
            two_way=scenario.direction == "two_way",
            braked=token in braked,
            steady=scenario.steady,
            cleared_at=min(cleared_at, default=None),
        )


def _braked(simulation: Simulation) -> set[str]:
    """Meetings whose link rests because of the loop brake."""
    links = simulation.stores["reconciler"].tables.links  # type: ignore[attr-defined]
    resting = {
        str(item)
        for link in links
        if '"reason":"loop_suspected"' in link["body"]
        for item in (link["activity_id"], link["event_id"])
    }
    people = simulation.people
    return {one.edit.token for one in people.done if one.item_id in resting}
