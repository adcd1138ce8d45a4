"""Recognises the activity that came of a create whose answer was lost, edited or not.

Nothing in Pipedrive can carry a mark of ours, so it is known by who made it, when, and by at least
two of its type, title and time. Exactly these three are proof enough. Two of them are taken only
for an activity that was modified since it was made, and only where nothing else fits: another
activity, or another create in doubt. Where that leaves a choice, nothing is recognised: an activity
too many can be deleted, but a wrong pair would write one meeting over another.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crm_ingest.crm import Reading
from crm_ingest.drafts import differing_fields
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField

SKEW: Final = timedelta(minutes=2)
"""How far Pipedrive's clock may be off ours."""
OVER: Final = timedelta(seconds=20)
"""A create that was sent so long ago is carried out, or never will be."""
ALIKE: Final = 2
EXACT: Final = 3


@dataclass(frozen=True)
class Wish:
    """What an activity is to be."""

    type: str
    draft: ActivityDraft


@dataclass(frozen=True)
class Doubt:
    """A create that was sent, first and last at these moments, and whose answer is not known.

    `wish` is what was last sent; None where a release that did not keep it has sent it.
    """

    first_at: datetime
    last_at: datetime
    wish: Wish | None

    @property
    def since(self) -> datetime:
        """Nothing that came of it is older."""
        return self.first_at - SKEW

    def may_have_made(self, reading: Reading, user_id: int) -> bool:
        """Whether it may be the origin of an activity, by who made that and when."""
        by_whom = {user_id} if reading.activity.owner_id != user_id else {user_id, None}
        return (
            not reading.deleted
            and reading.creator_id in by_whom
            and reading.activity.added_at >= self.since
        )

    def likeness(self, reading: Reading) -> int:
        """How many of type, title and time are as they were sent."""
        if self.wish is None:
            return 0
        activity, draft = reading.activity, self.wish.draft
        told = frozenset({MeetingField.TITLE, MeetingField.SCHEDULE})
        same_type = activity.type == self.wish.type
        return EXACT - len(differing_fields(activity, draft, told)) - (not same_type)

    def is_exactly(self, reading: Reading) -> bool:
        """Whether an activity is just what was sent."""
        return self.likeness(reading) == EXACT

    def is_like(self, reading: Reading) -> bool:
        """Whether an activity may be what was sent, edited since."""
        return self.wish is None or (
            self.likeness(reading) >= ALIKE
            and reading.activity.added_at <= self.last_at + OVER + SKEW
        )


def recognised(
    mine: Doubt, others: Collection[Doubt], readings: Iterable[Reading], user_id: int
) -> list[Reading]:
    """Activities that may be taken for what came of `mine`, the first one first.

    `readings` are claimed by nobody; `others` are all other creates of the user that are in doubt.
    """
    made = sorted(
        (one for one in readings if mine.may_have_made(one, user_id)),
        key=lambda one: one.activity.activity_id,
    )
    if exact := [one for one in made if mine.is_exactly(one)]:
        # Equal drafts are as good as one another: whoever claims first has it.
        return exact
    rest, rivals = _without_exact(others, made, user_id)
    edited = [
        one for one in rest if mine.is_like(one) and one.activity.updated_at > one.activity.added_at
    ]
    if len(edited) != 1:
        return []
    [only] = edited
    rivalled = any(one.may_have_made(only, user_id) and one.is_like(only) for one in rivals)
    return [] if rivalled else [only]


def _without_exact(
    others: Iterable[Doubt], readings: Iterable[Reading], user_id: int
) -> tuple[list[Reading], list[Doubt]]:
    """What is left once every other create that finds exactly its own has it."""
    rest, rivals = list(readings), []
    for other in others:
        own = next(
            (one for one in rest if other.may_have_made(one, user_id) and other.is_exactly(one)),
            None,
        )
        if own is None:
            rivals.append(other)
        else:
            rest.remove(own)
    return rest, rivals
