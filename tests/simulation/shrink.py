"""Makes a failing scenario smaller until nothing can be left out without its problem going away."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.simulation.scenario import Scenario

Fails = Callable[[Scenario], bool]
TRIES_MAX = 100


def shrunk(scenario: Scenario, fails: Fails) -> Scenario:
    """The smallest scenario found that still fails."""
    tries = 0
    while True:
        for smaller in _smaller(scenario):
            tries += 1
            if tries > TRIES_MAX:
                return scenario
            if fails(smaller):
                scenario = smaller
                break
        else:
            return scenario


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """The scenario without one thing: a whole meeting, a kind of trouble, a single edit."""
    tokens = dict.fromkeys(edit.token for edit in scenario.edits)
    if len(tokens) > 1:
        for token in tokens:
            kept = tuple(edit for edit in scenario.edits if edit.token != token)
            yield replace(scenario, edits=kept)
    for name in scenario.weather.troubles():
        yield replace(scenario, weather=scenario.weather.without(name))
    if scenario.clearings:
        yield replace(scenario, clearings=scenario.clearings[1:])
    for place in range(len(scenario.changes)):
        left = scenario.changes[:place] + scenario.changes[place + 1 :]
        yield replace(scenario, changes=left)
    for place in range(len(scenario.edits)):
        kept = scenario.edits[:place] + scenario.edits[place + 1 :]
        yield replace(scenario, edits=kept)
