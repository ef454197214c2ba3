"""`python -m problem check`: is the problem framed well enough to work on? `brief`: on one page."""

import argparse
from collections.abc import Sequence

from engine.problem.arguments import output_file, path
from engine.problem.errors import run


def main(words: Sequence[str]) -> int:
    """Read and validate the problem; print what it says, or write the brief."""
    given = parser().parse_args(words)
    # Only now what is slow to import: a mistake in the words need not wait for it.
    from engine.problem.spec import PROBLEM_FILE, read_answered, summary

    problem = read_answered(given.file)
    if given.verb == "check":
        # The contract in data/ belongs to the project's own problem, not to another file.
        if given.file == PROBLEM_FILE:
            from data.contract import ROW
            from engine.data.columns import check_names

            check_names(problem, ROW)
        print(summary(problem))
        return 0
    from engine.problem.brief import BRIEF, write

    print(f"brief: {write(problem, given.out or BRIEF)}")
    return 0


def parser() -> argparse.ArgumentParser:
    """What may stand on the command line."""
    parser = argparse.ArgumentParser(prog="python -m problem", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help="read and validate problem.toml")
    brief = verbs.add_parser("brief", help="write the one-page brief for stakeholders")
    for verb in (check, brief):
        verb.add_argument("file", nargs="?", type=path, default="problem/problem.toml")
    brief.add_argument(
        "--out", type=output_file, metavar="PAGE", help="instead of build/brief.html"
    )
    return parser


if __name__ == "__main__":
    run(main)
