"""`python -m data adopt|check`: frame a first problem for a table; check a new delivery of it."""

import argparse
from collections.abc import Sequence
from typing import get_args

from data.adopt import CONTRACT_FILE, Adoption, adopt
from data.check import Checked, check
from present.terminal import table
from present.wording import NOTHING, count, listed, percent
from problem.errors import EXIT_GATE_CLOSED, run
from problem.spec import PROBLEM_FILE, Task, read

SOURCES = "text (.csv, .tsv, .txt), .parquet or .sql; also sklearn:NAME, parcels"


def main(words: Sequence[str]) -> int:
    """Adopt a table, or check a delivery."""
    parser = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    adopting = verbs.add_parser("adopt", help="write problem.toml and data/contract.py for a table")
    adopting.add_argument("source", metavar="FILE", help=SOURCES)
    adopting.add_argument("--target", required=True, metavar="COLUMN", help="what is predicted")
    adopting.add_argument("--time", metavar="COLUMN", help="when the decision was due")
    adopting.add_argument("--id", metavar="COLUMN", help="what names a row")
    adopting.add_argument("--task", choices=get_args(Task), help="where the guess is wrong")
    adopting.add_argument("--force", action="store_true", help="replace files that were edited")
    checking = verbs.add_parser("check", help="hold a delivery against data/contract.py")
    checking.add_argument("source", metavar="FILE", help=SOURCES)
    given = parser.parse_args(words)
    if given.verb == "check":
        return _check(given.source)
    adoption = adopt(
        given.source,
        given.target,
        time=given.time,
        id_column=given.id,
        task=given.task,
        force=given.force,
    )
    _show(given.source, adoption)
    return 0


def _show(source: str, adoption: Adoption) -> None:
    columns = [
        [
            one.name,
            one.type,
            percent(one.missing / adoption.rows) if one.missing else NOTHING,
            said,
        ]
        for one, said in adoption.decided
    ]
    size = f"{count(adoption.rows, 'row')}, {count(len(columns), 'column')}"
    table(f"adopted {source}: {size}", ["column", "type", "missing", "decided"], columns)
    for note in adoption.notes:
        print(f"  {note}")
    print(f"wrote {PROBLEM_FILE} and {CONTRACT_FILE}; guesses are listed under 'assumed'")
    print("next: python -m problem check, then make journey")


def _check(source: str) -> int:
    # Read here, not above: a contract that does not load yet must not stop `adopt` from mending it.
    from data.contract import ROW  # noqa: PLC0415

    found = check(read(), ROW, source)
    if not found.holds:
        print(f"{source} breaks the contract (data/contract.py):")
        for line in (*found.mistakes, *found.broken):
            print(f"  {line}")
        print(f"  {_refused(found)}")
        return EXIT_GATE_CLOSED
    columns = len(ROW.columns) - len(found.unchecked)
    size = f"{count(found.rows, 'row')}, {count(columns, 'column')}"
    if found.unchecked:
        names = listed([repr(name) for name in found.unchecked])
        print(f"{source} holds to the contract as far as it goes: {size}; not checked: {names}, "
              "which it does not have yet")  # fmt: skip
    else:
        print(f"{source} holds to the contract: {size}, every rule")
    if found.waiting:
        print(f"  {count(found.waiting, 'row')} without an outcome: training leaves these out")
    return 0


def _refused(found: Checked) -> str:
    if found.mistakes:
        return f"{count(found.rows, 'row')} not judged: give the table the contract's columns first"
    where = f"every cell is listed in {found.report}; " if found.report else ""
    return (
        f"{found.refused:,} of {count(found.rows, 'row')} refused; {where}mend the rows at their "
        "source, or the rule if it is wrong"
    )


if __name__ == "__main__":
    run(main)
