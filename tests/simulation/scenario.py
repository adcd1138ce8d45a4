"""What is going to happen in one run, all of it made from the seed: edits, weather, settings.

A scenario is data, so that a failing one can be made smaller: every edit and every kind of bad
weather can be left out by itself.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

STORM_S: Final = 2400.0
"""While edits are made and everything goes wrong."""
CALM_S: Final = 1.5 * 3600.0
"""Then nothing happens any more, longer than the rarest sweep."""
MOMENTS: Final = (
    datetime(2026, 3, 29, 0, 40, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 40, tzinfo=UTC),
    datetime(2026, 5, 6, 9, 0, tzinfo=UTC),
)
"""Starts; the first two have a change of daylight saving time in their storm."""

EVERYWHERE: Final = ("title", "location", "description", "move", "all_day", "busy", "delete")
IN_CRM: Final = ("done", "retype", "give_away", "undate", "take_back")
CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "direction": ("one_way", "two_way"),
    "synced_types": (frozenset(), frozenset({"meeting", "lunch"}), frozenset({"meeting"})),
    "conflict_winner": ("latest", "crm", "calendar"),
    "default_duration_minutes": (15, 60),
    "private_events": ("skip", "full"),
    "include_deal_contact_info": (True, False),
}
"""What the user may choose."""
IN_CALENDAR: Final = ("decline", "accept")


@dataclass(frozen=True)
class Edit:
    """Something that a person does on one side to the meeting that bears `token` in its title."""

    at_s: float
    side: str
    verb: str
    token: str
    value: int

    def __str__(self) -> str:
        return f"{self.at_s:8.1f}s {self.side} {self.verb} {self.token} ({self.value})"


@dataclass(frozen=True)
class Change:
    """The user chooses another value of a setting; at the storm's end it is as it was before."""

    at_s: float
    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.at_s:8.1f}s {self.name} = {self.value}"


@dataclass(frozen=True)
class Weather:
    """Shares of calls that go wrong, and numbers of mishaps in the storm; zero is fine weather."""

    webhooks_lost: float = 0.0
    webhooks_doubled: float = 0.0
    webhooks_late: float = 0.0
    answers_lost: float = 0.0
    rate_limited: float = 0.0
    unavailable: float = 0.0
    cursors_expired: float = 0.0
    lists_partial: float = 0.0
    publishes_failed: float = 0.0
    rewriting: float = 0.0
    crashes: int = 0
    rebalances: int = 0
    repeats: int = 0
    blocked_partitions: int = 0
    revoked_grants: int = 0
    cut_off_writes: int = 0
    pauses: int = 0
    unshared_calendars: int = 0
    removed_apps: int = 0
    resyncs: int = 0
    clock_ahead_s: float = 0.0

    def without(self, name: str) -> "Weather":
        """The same weather but for one kind of trouble."""
        return replace(self, **{name: type(getattr(self, name))()})

    def troubles(self) -> list[str]:
        """Kinds of trouble that there are."""
        return [one.name for one in fields(self) if getattr(self, one.name)]


@dataclass(frozen=True)
class Scenario:
    """One run; `chance` seeds what is left to it; `held`: what the user says of held deletions.

    `clearings`: when the user has the events of unticked types removed.
    """

    chance: int
    start: datetime
    direction: str
    conflict_winner: str
    edits: tuple[Edit, ...]
    weather: Weather = field(default_factory=Weather)
    changes: tuple[Change, ...] = ()
    clearings: tuple[float, ...] = ()
    held: str = "confirm"

    @property
    def rejected(self) -> bool:
        """Whether so much is deleted at once that it is held, and the user takes that back."""
        return self.held == "reject" and any(one.token.startswith("P") for one in self.edits)

    @property
    def both_ways_throughout(self) -> bool:
        """Whether all edits are carried, whatever side they are of, by the same settings."""
        return not self.changes and self.direction == "two_way"

    @property
    def steady(self) -> bool:
        """Whether what is synced at all stays as it is."""
        return not any(one.name in {"direction", "synced_types"} for one in self.changes)


def scenario_of(seed: int) -> Scenario:
    """The scenario of a seed."""
    dice = Random(seed)
    scenario = Scenario(
        chance=seed,
        start=dice.choice(MOMENTS),
        direction="two_way" if dice.random() < 0.75 else "one_way",
        conflict_winner=dice.choice(("latest", "crm", "calendar")),
        edits=_edits(dice),
        weather=_weather(dice),
    )
    changes = _changes(dice)
    restores = _restores(Random(f"deletions taken back of {seed}"), scenario.edits)
    hasty = _hasty(Random(f"hasty edits of {seed}"), scenario.edits)
    weather = _of_the_connection(Random(f"troubles of the connection of {seed}"), scenario.weather)
    cut_offs, meanwhile = _cut_offs(Random(f"writes cut off of {seed}"), scenario.edits)
    edits = (*scenario.edits, *_purge(dice), *_series(dice), *restores, *hasty, *meanwhile)
    return replace(
        scenario,
        weather=replace(weather, cut_off_writes=cut_offs),
        changes=changes,
        clearings=_clearings(Random(f"clearings of {seed}"), changes),
        edits=tuple(sorted(edits, key=lambda one: one.at_s)),
        held=dice.choice(("confirm", "reject")),
    )


def _of_the_connection(dice: Random, weather: Weather) -> Weather:
    """In some runs the calendar is unshared, or the app removed, for a while; it has its own dice.

    In some the user has everything read again.
    """
    return replace(
        weather,
        unshared_calendars=dice.randint(1, 2) if dice.random() < 0.2 else 0,
        removed_apps=dice.randint(1, 2) if dice.random() < 0.15 else 0,
        resyncs=dice.randint(1, 3) if dice.random() < 0.2 else 0,
    )


def _changes(dice: Random) -> tuple[Change, ...]:
    """In some runs the user tries the settings."""
    if dice.random() < 0.6:
        return ()
    made = []
    for _ in range(dice.randint(1, 4)):
        name = dice.choice(sorted(CHOICES))
        made.append(Change(dice.uniform(0, STORM_S), name, dice.choice(CHOICES[name])))
    return tuple(sorted(made, key=lambda one: one.at_s))


def _clearings(dice: Random, changes: tuple[Change, ...]) -> tuple[float, ...]:
    """Often the user removes the events of types that he has just unticked; it has its own dice."""
    unticked = [one.at_s for one in changes if one.name == "synced_types"]
    return tuple(at_s + dice.uniform(0, 120) for at_s in unticked if dice.random() < 0.5)


def _restores(dice: Random, edits: tuple[Edit, ...]) -> list[Edit]:
    """In some runs people take back what they deleted, most of it soon; it has its own dice."""
    if dice.random() < 0.8:
        return []
    late = (dice.uniform(0, 5), dice.uniform(0, 60), dice.uniform(0, 600))
    return [
        replace(one, at_s=min(one.at_s + dice.choice(late), STORM_S), verb="restore")
        for one in edits
        if one.verb == "delete" and dice.random() < 0.5
    ]


def _hasty(dice: Random, edits: tuple[Edit, ...]) -> list[Edit]:
    """In some runs people edit what we have made as soon as it is there; it has its own dice."""
    if dice.random() < 0.7:
        return []
    return [
        Edit(
            min(one.at_s + dice.uniform(2, 40), STORM_S),
            "crm" if one.side == "calendar" else "calendar",
            dice.choice(("location", "description", "busy")),
            one.token,
            dice.randrange(1000),
        )
        for one in edits
        if one.verb == "create" and dice.random() < 0.7
    ]


def _cut_offs(dice: Random, edits: tuple[Edit, ...]) -> tuple[int, list[Edit]]:
    """In some runs an account is lost with the answer to a write; it has its own dice.

    Meanwhile people go on with what was carried: they edit it, twice, delete it, or tick it off
    and then not.
    """
    if dice.random() < 0.7:
        return 0, []
    meanwhile: list[Edit] = []
    for one in edits:
        if one.verb != "create" or dice.random() < 0.3:
            continue
        verbs = ("title", "location", "description", "move", "delete")
        verb = dice.choice((*verbs, "done", "done", "retype") if one.side == "crm" else verbs)
        at_s = one.at_s + dice.uniform(5, 400)
        meanwhile.append(Edit(at_s, one.side, verb, one.token, dice.randrange(1000)))
        if verb not in {"done", "delete"} and dice.random() < 0.7:
            later_s = at_s + dice.uniform(5, 100)
            meanwhile.append(replace(meanwhile[-1], at_s=later_s, value=dice.randrange(1000)))
        if verb == "done":
            back = replace(meanwhile[-1], at_s=at_s + dice.uniform(100, 1200), verb="take_back")
            meanwhile.append(back)
    return dice.randint(1, 3), [one for one in meanwhile if one.at_s < STORM_S]


def _purge(dice: Random) -> list[Edit]:
    """In a few runs so much is deleted at once that the brake is to hold it."""
    if dice.random() < 0.9:
        return []
    born, side = dice.choice(("crm", "calendar")), dice.choice(("crm", "calendar"))
    at_s, many = dice.uniform(600, STORM_S - 300), dice.randint(9, 16)
    tokens = [f"P{number}" for number in range(many)]
    made = [
        Edit(dice.uniform(0, 200), born, "create", token, dice.randrange(1000)) for token in tokens
    ]
    return made + [Edit(at_s + dice.uniform(0, 20), side, "delete", token, 0) for token in tokens]


def _series(dice: Random) -> list[Edit]:
    """In some runs there is a series, whose occurrences are edited on either side, or all at once.

    Each has a token of its own, made of the series' and its number.
    """
    if dice.random() < 0.75:
        return []
    at_s = dice.uniform(0, STORM_S * 0.5)
    tokens = [f"S0.{number}" for number in range(dice.randint(2, 5))]
    made = [Edit(at_s, "calendar", "create", one, dice.randrange(1000)) for one in tokens]
    for _ in range(dice.randint(0, 5)):
        at_s += dice.uniform(0, 400)
        if dice.random() < 0.25:
            verb, value = dice.choice(("title", "location", "delete")), dice.randrange(1000)
            made += [Edit(at_s, "calendar", verb, one, value) for one in tokens]
        else:
            side, token = dice.choice(("crm", "calendar")), dice.choice(tokens)
            made.append(_edit(dice, at_s, side, token))
    return [one for one in made if one.at_s < STORM_S]


def _edits(dice: Random) -> tuple[Edit, ...]:
    """Several meetings; often both sides of one are edited within the same seconds."""
    made: list[Edit] = []
    for number in range(dice.randint(2, 6)):
        token = f"M{number}"
        at_s = dice.choice((0.0, dice.uniform(0, STORM_S * 0.6)))
        first = dice.choice(("crm", "calendar"))
        made.append(Edit(at_s, first, "create", token, dice.randrange(1000)))
        for _ in range(dice.randint(0, 6)):
            at_s += dice.choice((dice.uniform(0, 6), dice.uniform(0, 60), dice.uniform(0, 900)))
            if at_s > STORM_S:
                break
            made.append(_edit(dice, at_s, dice.choice(("crm", "calendar")), token))
            if dice.random() < 0.4:
                other = "crm" if made[-1].side == "calendar" else "calendar"
                made.append(_edit(dice, at_s + dice.uniform(0, 3), other, token))
    return tuple(sorted(made, key=lambda one: one.at_s))


def _edit(dice: Random, at_s: float, side: str, token: str) -> Edit:
    verbs = EVERYWHERE + (IN_CRM if side == "crm" else IN_CALENDAR)
    weights = [3] * len(EVERYWHERE) + [1] * (len(verbs) - len(EVERYWHERE))
    return Edit(at_s, side, dice.choices(verbs, weights)[0], token, dice.randrange(1000))


def _weather(dice: Random) -> Weather:
    """Every kind of trouble is there in some runs only, so that each also comes alone."""

    def share(most: float) -> float:
        return dice.uniform(0, most) if dice.random() < 0.4 else 0.0

    def times(most: int) -> int:
        return dice.randint(1, most) if dice.random() < 0.4 else 0

    return Weather(
        webhooks_lost=share(1.0),
        webhooks_doubled=share(0.5),
        webhooks_late=share(0.5),
        answers_lost=share(0.25),
        rate_limited=share(0.2),
        unavailable=share(0.25),
        cursors_expired=share(0.3),
        lists_partial=share(0.5),
        publishes_failed=share(0.2),
        rewriting=1.0 if dice.random() < 0.5 else 0.0,
        crashes=times(8),
        rebalances=times(6),
        repeats=times(6),
        blocked_partitions=times(4),
        revoked_grants=times(2),
        pauses=times(2),
        clock_ahead_s=dice.choice((0.0, 0.0, 90.0, -90.0)),
    )
