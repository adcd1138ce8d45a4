"""The simulator itself: it replays, it knows every statement, and it finds what is planted."""

import importlib.util
import inspect
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.simulation.__main__ import KEPT
from tests.simulation.mutants.faults import FAULTS
from tests.simulation.mutants.planting import changed_source
from tests.simulation.mutants.told import SEEDS_MAX, told_faults
from tests.simulation.scenario import Edit, Weather, scenario_of
from tests.simulation.shrink import shrunk
from tests.simulation.store import BESIDE_A_TABLE
from tests.simulation.tables.calendar import CalendarTables
from tests.simulation.tables.crm import CrmTables
from tests.simulation.tables.settings import SettingsTables
from tests.simulation.tables.sync import SyncTables

from calendar_ingest.repository.queries import QUERIES as CALENDAR_QUERIES
from crm_ingest.repository.queries import QUERIES as CRM_QUERIES
from reconciler.repository.queries import QUERIES as SYNC_QUERIES
from settings_api.repository import QUERIES as SETTINGS_QUERIES

FRESH = 200
ROOT = Path(__file__).parents[2]
ONLY_FOR_PAGES = frozenset(
    {
        *("history_found", "history_page", "history_page_of_reason", "connections_of_company"),
        *("add_oauth_state", "take_oauth_state", "add_session", "see_session", "delete_session"),
        *("delete_sessions_of", "add_api_token", "see_api_token", "api_tokens_of"),
        *("delete_api_token", "take_of_rate", "rate_empty_at", "claim_repeat", "keep_repeat"),
        *("release_repeat", "forget_repeats_of"),
    }
)
"""Queries for browsers and programs, which no run calls."""


def _play(*arguments: str, longest_s: float = 280.0) -> subprocess.CompletedProcess[str]:
    """Play in a process of its own: a run owns the event loop, the log and the modules."""
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=longest_s,
    )


# A slow machine takes long, and one that is too slow fails: it never plays fewer seeds.
@pytest.mark.timeout(1_900)
def test_seeds_that_once_failed_and_fresh_ones_find_nothing():
    played = _play("--seeds", str(FRESH), "--kept", longest_s=1_800)
    assert played.returncode == 0, played.stdout + played.stderr
    kept = [line for line in KEPT.read_text().splitlines() if line.strip()]
    assert f"{FRESH + len(kept)} seeds, " in played.stdout


@pytest.mark.timeout(300)
def test_a_seed_replays_to_the_same_trace():
    first, second = (
        _play("--first", "3", "--seeds", "1", "--trace"),
        _play("--first", "3", "--seeds", "1", "--trace"),
    )
    told = [line for line in first.stdout.splitlines() if line.startswith(" ")]
    assert len(told) > 10
    assert told == [line for line in second.stdout.splitlines() if line.startswith(" ")]


@pytest.mark.timeout(300)
def test_a_planted_fault_is_found():
    played = _play(
        "--first", "0", "--seeds", "60", "--stop", "--brief", "--mutant", "declined-is-new"
    )
    assert played.returncode == 1, played.stdout + played.stderr
    assert "seed " in played.stdout


@pytest.mark.parametrize(
    ("tables", "queries"),
    [
        (SyncTables, SYNC_QUERIES),
        (CrmTables, CRM_QUERIES),
        (CalendarTables, CALENDAR_QUERIES),
        (SettingsTables, SETTINGS_QUERIES),
    ],
)
def test_every_statement_of_a_service_is_simulated_with_its_parameters(tables, queries):
    made = tables(lambda: None, lambda: None)
    order = queries.driver_adapter.var_sorted
    for name in queries.available_queries:
        if name.endswith("_cursor") or name in ONLY_FOR_PAGES:
            continue
        method = getattr(made, BESIDE_A_TABLE.get(name, name))
        inspect.signature(method).bind(**dict.fromkeys(order[name]))


def test_the_documents_list_the_faults_and_no_others_with_the_seed_that_finds_each():
    told = told_faults()
    assert [(one.name, one.harm) for one in told] == [
        (one.name, one.harm) for one in FAULTS.values()
    ]
    assert all(one.seed < SEEDS_MAX for one in told)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fits_into_its_module_in_one_place(name):
    fault = FAULTS[name]
    found = importlib.util.find_spec(fault.module)
    assert found is not None
    assert found.origin is not None
    compile(changed_source(fault, Path(found.origin).read_text()), found.origin, "exec")


def test_shrinking_leaves_only_what_is_needed_to_fail():
    needed = Edit(5.0, "crm", "delete", "M0", 1)
    scenario = replace(scenario_of(1), weather=Weather(crashes=3, answers_lost=0.2))
    scenario = replace(scenario, edits=(*scenario.edits, needed))

    def fails(one):
        return needed in one.edits and one.weather.crashes > 0

    smallest = shrunk(scenario, fails)
    assert smallest.edits == (needed,)
    assert smallest.weather == Weather(crashes=3)
