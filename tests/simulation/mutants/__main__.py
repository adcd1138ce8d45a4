"""`python -m tests.simulation.mutants`: plants each fault and plays until it is found."""

import argparse
import re
import subprocess
import sys

from tests.simulation.mutants.faults import FAULTS

FOUND = re.compile(r"^(\d+) seeds", re.MULTILINE)


def main() -> int:
    """Play all faults, or those that are named; 1 where one is not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants")
    parser.add_argument("names", nargs="*", default=list(FAULTS), help="faults; all unless named")
    parser.add_argument("--seeds", type=int, default=500, help="seeds until which each is found")
    asked = parser.parse_args()
    missed = [name for name in asked.names if not _is_found(name, asked.seeds)]
    _tell(f"{len(asked.names) - len(missed)} of {len(asked.names)} faults found")
    return 1 if missed else 0


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _is_found(name: str, seeds: int) -> bool:
    """Play the same seeds with a fault planted."""
    simulation = [sys.executable, "-m", "tests.simulation", "--stop", "--brief", "--first", "0"]
    played = subprocess.run(
        [*simulation, "--seeds", str(seeds), "--mutant", name],
        capture_output=True,
        text=True,
        check=False,
    )
    runs = FOUND.search(played.stdout)
    found = played.returncode == 1 and runs is not None
    first = played.stdout.partition("\n")[0] if found else played.stderr[-300:]
    number = f"seed {runs[1]}" if found and runs else "NOT FOUND"
    _tell(f"{name:28} {number:>10}  {first}")
    return found


if __name__ == "__main__":
    sys.exit(main())
