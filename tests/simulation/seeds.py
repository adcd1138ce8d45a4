"""Plays seeds and tells what failed: the smallest scenario that still does, and its trace."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.simulation.checkers.every import problems_of
from tests.simulation.scenario import Scenario, scenario_of
from tests.simulation.shrink import shrunk
from tests.simulation.simulation import run

DAY_S = 86_400.0


@dataclass(frozen=True)
class Failure:
    """A seed whose run ended with problems."""

    seed: int
    problems: list[str]


@dataclass
class Tally:
    """How much was played."""

    runs: int = 0
    simulated_s: float = 0.0
    real_s: float = 0.0

    def __str__(self) -> str:
        days = self.simulated_s / DAY_S
        return (
            f"{self.runs} seeds, {days:.1f} simulated days in {self.real_s:.0f} s:"
            f" {days / max(self.real_s, 0.001):.2f} days per second"
        )


def play(
    seeds: Iterable[int],
    tally: Tally,
    *,
    told: Callable[[str], None] | None = None,
) -> Iterator[Failure]:
    """Play seeds; gives those that fail. `told` gets the trace of every run."""
    for seed in seeds:
        began = time.perf_counter()
        simulation = run(scenario_of(seed))
        problems = problems_of(simulation)
        tally.runs += 1
        tally.simulated_s += simulation.loop.time()
        tally.real_s += time.perf_counter() - began
        if told is not None:
            told("\n".join(simulation.trace))
        if problems:
            yield Failure(seed, problems)


def explain(failure: Failure) -> str:
    """The shortest trace that shows the first problem of a failure."""
    kind = failure.problems[0].partition(":")[0]
    smallest = shrunk(scenario_of(failure.seed), lambda one: kind in _kinds(one))
    simulation = run(smallest)
    return "\n".join(
        [
            f"seed {failure.seed}",
            *(f"  {problem}" for problem in problems_of(simulation)),
            f"  {smallest.direction}, {smallest.conflict_winner} wins, from {smallest.start}",
            f"  trouble: {', '.join(_troubles(smallest)) or 'none'}",
            *(f"  {line}" for line in simulation.trace),
        ]
    )


def _kinds(scenario: Scenario) -> set[str]:
    return {problem.partition(":")[0] for problem in problems_of(run(scenario))}


def _troubles(scenario: Scenario) -> list[str]:
    weather = scenario.weather
    return [f"{name} {getattr(weather, name):.3g}" for name in weather.troubles()]
