"""`python -m journey`: all stages in order, from the problem to monitoring, as a rehearsal."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.problem.errors import EXIT_GATE_CLOSED, run

if TYPE_CHECKING:
    from engine.journey.stage import Programs


def programs() -> "Programs":
    """The programs of the stages, as the team runs them one by one."""
    from eda.report import report
    from engine.gate.gate import team_checks
    from engine.journey.stage import Programs
    from handoff.gate import CHECKS
    from monitoring.check import check
    from poc.model import MODEL
    from poc.train import train

    return Programs(MODEL, explore=report, train=train, checks=team_checks(CHECKS), monitor=check)


def main(arguments: Sequence[str]) -> int:
    """Run all stages, write the page, and print a line for each."""
    parser().parse_args(arguments)
    # Slow imports are here, so that errors in the arguments appear at once.
    from engine.journey.rehearse import MARKS, rehearse, write
    from engine.problem.spec import read

    problem = read()
    journey = rehearse(programs())
    path = write(journey, problem)
    print(f"\njourney {journey.verdict}")
    for step in journey.steps:
        print(f"  {MARKS[step.status]} {step.stage.name:<11} {step.result.headline}")
    for step in journey.steps:
        for line in step.result.values.get("next", []):
            print(f"\nnext: {line}")
    print(f"\npage: {path.absolute()}")
    return EXIT_GATE_CLOSED if journey.stopped_at else 0


def parser() -> argparse.ArgumentParser:
    """The command line: no arguments but --help."""
    return argparse.ArgumentParser(prog="python -m journey", description=__doc__)


if __name__ == "__main__":
    run(main)
