"""`python -m tests.simulation.mutants`: plants each fault and plays until it is found.

A fault that is found by another seed than the documents tell counts as missed: they are to be
mended.
"""

import argparse
import re
import subprocess
import sys

from tests.simulation.mutants.faults import FAULTS
from tests.simulation.mutants.told import SEEDS_MAX, told_faults

FOUND = re.compile(r"^seed (\d+):", re.MULTILINE)


def main() -> int:
    """Play all faults, or those that are named; 1 where one is not found as it is told."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants")
    parser.add_argument("names", nargs="*", default=list(FAULTS), help="faults; all unless named")
    parser.add_argument(
        "--seeds", type=int, default=SEEDS_MAX, help="seeds until which each is found"
    )
    asked = parser.parse_args()
    told = {one.name: one.seed for one in told_faults()}
    missed = [name for name in asked.names if not _is_found(name, asked.seeds, told.get(name))]
    _tell(f"{len(asked.names) - len(missed)} of {len(asked.names)} faults found as told")
    return 1 if missed else 0


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _is_found(name: str, seeds: int, told: int | None) -> bool:
    """Play the same seeds with a fault planted."""
    simulation = [sys.executable, "-m", "tests.simulation", "--stop", "--brief", "--first", "0"]
    played = subprocess.run(
        [*simulation, "--seeds", str(seeds), "--mutant", name],
        capture_output=True,
        text=True,
        check=False,
    )
    found = FOUND.search(played.stdout) if played.returncode == 1 else None
    if found is None:
        _tell(f"{name:28}  NOT FOUND  {played.stderr[-300:]}")
        return False
    seed = int(found[1])
    otherwise = "" if seed == told else f" (the documents tell {told})"
    _tell(f"{name:28} {f'seed {seed}':>10}{otherwise}  {played.stdout.partition(chr(10))[0]}")
    return seed == told


if __name__ == "__main__":
    sys.exit(main())
