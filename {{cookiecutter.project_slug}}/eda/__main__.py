"""`python -m eda report`: a first look at the data, on one page."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from data.columns import columns
from data.contract import ROW
from data.load import load
from eda.report import PAGE, write
from problem.errors import run
from problem.spec import read


def main(words: Sequence[str]) -> int:
    """Write the page and say in a sentence what is on it."""
    parser = argparse.ArgumentParser(prog="python -m eda", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("report", help="write the page about the rows of problem.toml")
    verb.add_argument("--out", type=Path, default=PAGE, metavar="FILE", help=f"instead of {PAGE}")
    given = parser.parse_args(words)
    problem = read()
    frame = load(problem, ROW)
    report = write(problem, frame, columns(problem, ROW, frame), given.out)
    print(report.headline)
    print(f"page: {report.path}")
    return 0


if __name__ == "__main__":
    run(main)
