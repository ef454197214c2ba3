"""`python -m journey`: from the question to a watched model, in order, as a rehearsal."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.problem.errors import EXIT_GATE_CLOSED, run

if TYPE_CHECKING:
    from engine.journey.stage import Programs


def programs() -> "Programs":
    """What the journey runs: the programs that the team runs stage by stage."""
    from eda.report import report
    from engine.gate.standard import team_checks
    from engine.journey.stage import Programs
    from handoff.gate import CHECKS
    from monitoring.check import check
    from poc.model import MODEL
    from poc.train import train

    return Programs(MODEL, explore=report, train=train, checks=team_checks(CHECKS), monitor=check)


def main(words: Sequence[str]) -> int:
    """Run all stages, write the page, and print a line for each."""
    parser().parse_args(words)
    # Only now what is slow to import: a mistake in the words need not wait for it.
    from engine.journey.rehearse import MARKS, rehearse, write
    from engine.problem.spec import read

    problem = read()
    journey = rehearse(programs())
    path = write(journey, problem)
    print(f"\njourney {journey.verdict}")
    for step in journey.steps:
        print(f"  {MARKS[step.status]} {step.stage.name:<11} {step.outcome.headline}")
    for step in journey.steps:
        for line in step.outcome.facts.get("next", []):
            print(f"\nnext: {line}")
    print(f"\npage: {path.absolute()}")
    return EXIT_GATE_CLOSED if journey.stopped_at else 0


def parser() -> argparse.ArgumentParser:
    """What may stand on the command line: nothing but --help."""
    return argparse.ArgumentParser(prog="python -m journey", description=__doc__)


if __name__ == "__main__":
    run(main)
