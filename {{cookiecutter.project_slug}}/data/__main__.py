"""`python -m data adopt FILE --target COLUMN`: frame a first problem for a table of your own."""

import argparse
from collections.abc import Sequence
from typing import get_args

from data.adopt import CONTRACT_FILE, adopt
from problem.errors import run
from problem.spec import PROBLEM_FILE, Task


def main(words: Sequence[str]) -> int:
    """Adopt a table and say what was decided and why."""
    parser = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("adopt", help="write problem.toml and data/contract.py for a table")
    verb.add_argument("source", metavar="FILE", help="CSV or Parquet; also sklearn:NAME, parcels")
    verb.add_argument("--target", required=True, metavar="COLUMN", help="what is predicted")
    verb.add_argument("--time", metavar="COLUMN", help="when the decision was due")
    verb.add_argument("--id", metavar="COLUMN", help="what names a row")
    verb.add_argument("--task", choices=get_args(Task), help="where the guess is wrong")
    verb.add_argument("--force", action="store_true", help="replace files that were edited")
    given = parser.parse_args(words)
    adoption = adopt(
        given.source,
        given.target,
        time=given.time,
        id_column=given.id,
        task=given.task,
        force=given.force,
    )
    print(f"adopted {given.source}: {adoption.rows} rows, {len(adoption.guesses)} columns")
    for note in adoption.notes:
        print(f"  {note}")
    print(f"wrote {PROBLEM_FILE} and {CONTRACT_FILE}; guesses are listed under 'assumed'")
    print("next: python -m problem check, then make journey")
    return 0


if __name__ == "__main__":
    run(main)
