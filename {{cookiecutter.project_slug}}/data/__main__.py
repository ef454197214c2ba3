"""`python -m data adopt|check|share|fetch`: frame a table, check a new delivery, share the rows."""

import argparse
from collections.abc import Sequence
from typing import get_args

from engine.data.paths import check_place
from engine.problem.arguments import output_folder, path, text
from engine.problem.errors import EXIT_GATE_CLOSED, run

SOURCES = "text (.csv, .tsv, .txt), .parquet or .sql; also sklearn:NAME, parcels"


def main(words: Sequence[str]) -> int:
    """Adopt a table, check a delivery, or share rows with colleagues."""
    given = parser().parse_args(words)
    return {"adopt": _adopt, "check": _check}.get(given.verb, _exchange)(given)


def parser() -> argparse.ArgumentParser:
    """What may stand on the command line."""
    from engine.problem.known_metrics import Task

    parser = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    adopting = verbs.add_parser("adopt", help="write problem.toml and data/contract.py for a table")
    adopting.add_argument("source", metavar="FILE", type=source, help=SOURCES)
    adopting.add_argument(
        "--target", type=text, required=True, metavar="COLUMN", help="what is predicted"
    )
    adopting.add_argument("--time", type=text, metavar="COLUMN", help="when the decision was due")
    adopting.add_argument("--id", type=text, metavar="COLUMN", help="what names a row")
    adopting.add_argument("--task", choices=get_args(Task), help="where the guess is wrong")
    adopting.add_argument("--missing", type=text, action="append", default=[], metavar="WORD",
                          help="a word that means missing in every column; repeatable")  # fmt: skip
    adopting.add_argument("--force", action="store_true", help="replace files that were edited")
    checking = verbs.add_parser("check", help="hold a delivery against data/contract.py")
    checking.add_argument("source", metavar="FILE", type=source, help=SOURCES)
    sharing = verbs.add_parser("share", help="copy the rows to a folder that colleagues reach")
    sharing.add_argument("folder", metavar="FOLDER", nargs="?", type=output_folder)
    fetching = verbs.add_parser("fetch", help="copy the shared rows to this project")
    fetching.add_argument(
        "folder", metavar="FOLDER", nargs="?", type=path, help="if elsewhere here"
    )
    return parser


def source(word: str) -> str:
    """What rows can be read from; a kind of argument (see `engine.problem.arguments`)."""
    check_place(text(word))
    return word


# Each imports only now what is slow to import: a mistake in the words need not wait for it.


def _adopt(given: argparse.Namespace) -> int:
    from engine.adopt.adopt import adopt
    from engine.adopt.messages import print_report
    from engine.pages.terminal import progress_bar

    with progress_bar("adopting the table") as progress:
        adoption = adopt(
            given.source,
            given.target,
            time=given.time,
            id_column=given.id,
            task=given.task,
            missing=given.missing,
            force=given.force,
            progress=progress,
        )
    print_report(given.source, adoption)
    return 0


def _check(given: argparse.Namespace) -> int:
    from data.contract import ROW
    from engine.data.check import after_check, check
    from engine.pages.terminal import progress_bar
    from engine.problem.spec import read

    with progress_bar("checking the delivery"):
        checked = check(read(), ROW, given.source)
    print(after_check(given.source, checked, len(ROW.columns)))
    return 0 if checked.holds else EXIT_GATE_CLOSED


def _exchange(given: argparse.Namespace) -> int:
    from engine.data.shared import fetch, share
    from engine.problem.spec import read

    print((share if given.verb == "share" else fetch)(read().rows.source, given.folder))
    return 0


if __name__ == "__main__":
    run(main)
