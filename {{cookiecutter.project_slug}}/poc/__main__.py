"""`python -m poc train`: try the candidates, choose one, record the run in MLflow."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from engine.problem.arguments import output_file, output_folder, path, seconds, text
from engine.problem.errors import run
from engine.training.memory import configure_allocator

LONGEST_SEARCH = 2_592_000  # a month; the same command continues a search for longer


def main(words: Sequence[str]) -> int:
    """Train on this project's rows, report the latest run, or compare runs."""
    given = parser().parse_args(words)
    configure_allocator()
    if given.verb == "report":
        _report(given.out, as_slides=given.slides)
    elif given.verb == "compare":
        _compare(given.first, given.second)
    elif given.verb == "retrain":
        _retrain(given.metadata, given.out)
    else:
        _train(given.search_seconds, given.parameters_of)
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line's verbs and options."""
    parser = argparse.ArgumentParser(prog="python -m poc", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("train", help="train the candidates and record the chosen one")
    tuning = verb.add_mutually_exclusive_group()
    tuning.add_argument(
        "--search-seconds",
        metavar="N",
        type=seconds(1, LONGEST_SEARCH),
        help="search for better parameters for N seconds; the same command continues it",
    )
    reused = "try what the search of that run found (its id, or: latest)"
    tuning.add_argument("--parameters-of", metavar="RUN", type=text, help=reused)
    again = verbs.add_parser("retrain", help="train a run's model again from its training.json")
    again.add_argument("metadata", metavar="METADATA", type=path, help="the run's training.json")
    again.add_argument("out", metavar="OUT", type=output_folder, help="for model and metadata")
    runs = verbs.add_parser("compare", help="the difference of two runs: metric, slices, money")
    for name in ("first", "second"):
        runs.add_argument(name, metavar="RUN", type=text, help="a run's id, or: latest")
    report = verbs.add_parser("report", help="the latest run, for people who are not technical")
    report.add_argument("--slides", action="store_true", help="as slides for a meeting")
    where = "instead of build/report.html or build/slides.html"
    report.add_argument("--out", metavar="PAGE", type=output_file, help=where)
    return parser


# Slow imports stand in the functions: a wrong option is refused without them.


def _train(search_seconds: float | None, parameters_of: str | None) -> None:
    from engine.pages.terminal import progress_bar
    from engine.problem.spec import read
    from engine.training.record.write import attach
    from engine.training.report.pages import write_training_page
    from poc.model import MODEL
    from poc.train import train

    with progress_bar("training"):
        run = train(read(), MODEL, search_seconds=search_seconds, parameters_of=parameters_of)
        page = write_training_page(run)
        attach(run, page)
    print(f"Recorded run {run.run_id}; page: {page}. Next: {run.next_step}")


def _retrain(metadata: Path, out: Path) -> None:
    from engine.problem.spec import read
    from engine.training.retrain import retrain
    from poc.model import MODEL

    retrain(read(), MODEL, metadata, out)


def _compare(first: str, second: str) -> None:
    from engine.problem.spec import read
    from engine.training.compare import show

    show(read(), first, second)


def _report(out: Path | None, *, as_slides: bool) -> None:
    from data.contract import ROW
    from engine.problem.spec import read
    from engine.training.record.runs import latest_run
    from engine.training.report.pages import write_report

    path = write_report(latest_run(read(), ROW), out, as_slides=as_slides)
    print(f"{'slides' if as_slides else 'report'}: {path}")


if __name__ == "__main__":
    run(main)
