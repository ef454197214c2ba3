"""`python -m problem check`: is the problem framed well enough to work on? `brief`: on one page."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from problem.base import NOT_SAID
from problem.brief import BRIEF, write
from problem.errors import BadInput, run
from problem.mistakes import list_mistakes
from problem.plain import is_assumed
from problem.spec import PROBLEM_FILE, Problem, read


def main(words: Sequence[str]) -> int:
    """Read and validate the problem; print what it says, or write the brief."""
    parser = argparse.ArgumentParser(prog="python -m problem", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help="read and validate problem.toml")
    brief = verbs.add_parser("brief", help="write the one-page brief for stakeholders")
    for verb in (check, brief):
        verb.add_argument("file", nargs="?", type=Path, default=PROBLEM_FILE)
    brief.add_argument(
        "--out", type=Path, default=BRIEF, metavar="PAGE", help=f"instead of {BRIEF}"
    )
    given = parser.parse_args(words)
    problem = read(given.file)
    _refuse_hidden_gaps(problem, given.file)
    if given.verb == "check":
        print(summary(problem))
        return 0
    print(f"brief: {write(problem, given.out)}")
    return 0


def _refuse_hidden_gaps(problem: Problem, file: Path) -> None:
    """An answer that `data adopt` left open must be given, or be listed as assumed."""
    rule = "is not said yet; say it in words, or list it under 'assumed'"
    hidden = [
        (f"decision.{name}", rule)
        for name, answer in problem.decision
        if answer.startswith(NOT_SAID) and not is_assumed(problem, f"decision.{name}")
    ]
    if hidden:
        raise BadInput(list_mistakes(hidden, file.read_text(encoding="utf-8"), str(file)))


def summary(problem: Problem) -> str:
    """The framing in a few lines, guesses said loudly."""
    success, target = problem.success, problem.target
    lines = [
        f"{problem.decision.name}: {problem.decision.question}",
        f"  for     {problem.decision.stakeholder}",
        f"  action  {problem.decision.action}",
        f"  target  {target.column} ({target.task}), known after {target.label_delay_days} days",
        f"  success {success.metric} of {success.minimum:g} or better, "
        f"{success.margin:g} better than the best baseline",
    ]
    if problem.assumed:
        lines.append(
            "  ASSUMED by a tool, to be answered by a person before the handoff is signed:"
        )
        lines += [f"    {name}" for name in problem.assumed]
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
