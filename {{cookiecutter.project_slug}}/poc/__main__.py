"""`python -m poc train`: try the candidates, choose one, record the run in MLflow."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from data.contract import ROW
from poc.retrain import retrain
from poc.train import train
from problem.errors import run
from problem.spec import read


def main(words: Sequence[str]) -> int:
    """Train on the problem and the contract of this project."""
    parser = argparse.ArgumentParser(prog="python -m poc", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("train", help="train the candidates and record the chosen one")
    again = verbs.add_parser("retrain", help="make a run's model again from its training.json")
    again.add_argument("facts", metavar="FACTS", type=Path, help="the run's training.json")
    again.add_argument("out", metavar="OUT", type=Path, help="folder for the model and its facts")
    given = parser.parse_args(words)
    if given.verb == "retrain":
        retrain(read(), ROW, given.facts, given.out)
    else:
        done = train(read(), ROW)
        print(f"run {done.run_id} recorded; next: python -m handoff build")
    return 0


if __name__ == "__main__":
    run(main)
