"""`python -m tests.simulation`: plays seeds, fresh ones unless a first one is named.

`--first 7 --seeds 1` plays seed 7 again, exactly as it was. The order in which Python walks
through sets is part of a run, so it is fixed by starting anew with `PYTHONHASHSEED=0`.
"""

import argparse
import os
import sys
import time
from itertools import chain
from pathlib import Path

HASH_SEED = "PYTHONHASHSEED"
KEPT = Path(__file__).parent / "kept_seeds.txt"


def main() -> int:
    """Play what was asked for; 1 where a seed fails."""
    asked = _arguments()
    if os.environ.get(HASH_SEED) != "0":
        os.environ[HASH_SEED] = "0"
        os.execv(  # noqa: S606 - the same program anew
            sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        )
    if asked.mutant:
        from tests.simulation.mutants.planting import plant  # before anything is imported

        plant(asked.mutant)
    from tests.simulation import seeds

    first = int(time.time()) * 1000 if asked.first is None else asked.first
    tally, failed = seeds.Tally(), 0
    told = _tell if asked.trace else None
    kept = seeds.play(_kept() if asked.kept else (), tally, told=told)
    fresh = range(first, first + asked.seeds)
    for failure in chain(kept, seeds.play(fresh, tally, told=told)):
        failed += 1
        _tell(f"seed {failure.seed}: {failure.problems[0]}")
        if not asked.brief:
            _tell(seeds.explain(failure))
        if asked.stop:
            break
    _tell(f"{tally}; {failed} failed, from seed {first}")
    return 1 if failed else 0


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _kept() -> list[int]:
    """Seeds that have once found something."""
    return [int(line.split()[0]) for line in KEPT.read_text().splitlines() if line.strip()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=200, help="how many fresh seeds")
    parser.add_argument("--first", type=int, help="the first of them; else it comes from the time")
    parser.add_argument("--kept", action="store_true", help="also the seeds that once failed")
    parser.add_argument("--stop", action="store_true", help="stop at the first failure")
    parser.add_argument("--brief", action="store_true", help="do not look for the shortest trace")
    parser.add_argument("--trace", action="store_true", help="tell what happens in every run")
    parser.add_argument("--mutant", help="plant this fault first")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
