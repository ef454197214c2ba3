"""A first look at the data, on one page (`report`), and a notebook as a page (`notebook`)."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from engine.problem.arguments import output_file, path
from engine.problem.errors import run

EXPLORE = Path("eda/explore.py")


def main(words: Sequence[str]) -> int:
    """Write the requested page and print its path."""
    given = parser().parse_args(words)
    return _notebook(given.file, given.out) if given.verb == "notebook" else _report(given.out)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m eda", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("report", help="write the page about the rows of problem.toml")
    verb.add_argument(
        "--out", type=output_file, metavar="FILE", help="instead of build/eda/index.html"
    )
    verb = verbs.add_parser("notebook", help="run a marimo notebook and write it as a page")
    verb.add_argument("file", type=path, nargs="?", default=EXPLORE, help=f"instead of {EXPLORE}")
    verb.add_argument(
        "--out", type=output_file, metavar="PAGE", help="instead of build/eda/NAME.html"
    )
    return parser


def _notebook(file: Path, out: Path | None) -> int:
    from engine.eda.notebooks import page
    from engine.pages.terminal import progress_bar

    with progress_bar(f"running {file.name}"):
        written = page.write(file, out)
    print(f"page: {written}")
    return 0


def _report(out: Path | None) -> int:
    # Slow imports come after the arguments are parsed: a wrong argument fails at once.
    from data.contract import ROW
    from eda.report import report
    from engine.data.columns import columns
    from engine.data.load import load
    from engine.eda.profile import PAGE
    from engine.pages.terminal import progress_bar
    from engine.problem.spec import read

    problem = read()
    with progress_bar("the page about the rows"):
        frame = load(problem, ROW)
        written = report(problem, frame, columns(problem, ROW, frame), out or PAGE)
    print(written.headline)
    print(f"page: {written.path}")
    return 0


if __name__ == "__main__":
    run(main)
