"""`python -m problem check`: is the problem framed well enough to work on?"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from problem.errors import run
from problem.spec import PROBLEM_FILE, Problem, read


def main(words: Sequence[str]) -> int:
    """Read and validate the problem; print what it says."""
    parser = argparse.ArgumentParser(prog="python -m problem", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help="read and validate problem.toml")
    check.add_argument("file", nargs="?", type=Path, default=PROBLEM_FILE)
    print(summary(read(parser.parse_args(words).file)))
    return 0


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
