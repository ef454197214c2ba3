"""`make mutants`: change the engine's code at random, one place at a time; do its tests notice?

Words on the command line select rooms (`tests/mutants/rooms.py`); the page has a line for each.
`--size N` and `--seed N` say how many changes of each room are drawn, and which. Exit code 3 if
the tests of a room notice less than 85 % of them, or a change that they missed has no reason in
survivors.toml.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.mutants import page
from tests.mutants.rooms import ROOMS
from tests.mutants.survivors import reason
from tests.mutants.trial import Stopped, Trial, attempt

AT_LEAST = 0.85


def main() -> int:
    """Try the rooms one after the other and print what their tests missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("rooms", nargs="*", help=", ".join(room.name for room in ROOMS))
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    rooms = [room for room in ROOMS if not words.rooms or room.name in words.rooms]
    results: dict[str, list[Trial]] = {}
    for room in rooms:
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            try:
                results[room.name] = attempt(room, words.size, words.seed, Path(folder) / "project")
            except Stopped as stopped:
                print(f"{room.name}: no result: {stopped}")
                return 1
        print(page.line(room.name, results[room.name]), flush=True)
        page.write({room.name: results[room.name]}, words.seed)
        for trial in results[room.name]:
            if not trial.noticed:
                one = trial.mutant
                print(
                    f"  {one.where}: {one.before!r} -> {one.after!r}: {reason(one) or 'NO REASON'}"
                )
    print(f"written: {page.PAGE}")
    return 0 if all(_kept(trials) for trials in results.values()) else 3


def _kept(trials: list[Trial]) -> bool:
    missed = [trial.mutant for trial in trials if not trial.noticed]
    enough = len(missed) <= (1 - AT_LEAST) * len(trials)
    return enough and all(reason(mutant) for mutant in missed)


if __name__ == "__main__":
    sys.exit(main())
