"""A first look at the data, on one page (`report`), and a notebook as a page (`notebook`)."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from data.columns import columns
from data.contract import ROW
from data.load import load
from eda.notebooks import page
from eda.report import PAGE, write
from problem.errors import run
from problem.spec import read

EXPLORE = Path("eda/explore.py")


def main(words: Sequence[str]) -> int:
    """Write the page that was asked for, and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m eda", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("report", help="write the page about the rows of problem.toml")
    verb.add_argument("--out", type=Path, default=PAGE, metavar="FILE", help=f"instead of {PAGE}")
    verb = verbs.add_parser("notebook", help="run a marimo notebook and write it as a page")
    verb.add_argument("file", type=Path, nargs="?", default=EXPLORE, help=f"instead of {EXPLORE}")
    verb.add_argument("--out", type=Path, metavar="PAGE", help="instead of build/eda/NAME.html")
    given = parser.parse_args(words)
    if given.verb == "notebook":
        print(f"page: {page.write(given.file, given.out)}")
        return 0
    problem = read()
    frame = load(problem, ROW)
    report = write(problem, frame, columns(problem, ROW, frame), given.out)
    print(report.headline)
    print(f"page: {report.path}")
    return 0


if __name__ == "__main__":
    run(main)
