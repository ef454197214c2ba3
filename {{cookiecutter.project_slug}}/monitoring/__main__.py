"""`python -m monitoring check`: is what is live still what the bundle promised?"""

import argparse
import json
from collections.abc import Sequence

from engine.problem.arguments import path, timestamp
from engine.problem.errors import EXIT_GATE_CLOSED, run


def main(words: Sequence[str]) -> int:
    """Print the findings; 3 on drift or a degraded model."""
    given = parser().parse_args(words)
    # Only now what is slow to import: a mistake in the words need not wait for it.
    from engine.bundle import bundle as bundles
    from engine.bundle.record import champion, stored
    from engine.monitoring.result import print_table
    from engine.pages.terminal import progress_bar
    from monitoring.check import check

    bundle = bundles.read(given.bundle or stored(champion()))
    with progress_bar("counting the log"):
        result = check(bundle, given.log, given.since)
    if given.json:
        print(json.dumps(result.to_json(), indent=1))
    else:
        print_table(result)
    return EXIT_GATE_CLOSED if result.wrong else 0


def parser() -> argparse.ArgumentParser:
    """What may stand on the command line."""
    parser = argparse.ArgumentParser(prog="python -m monitoring", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("check", help="hold the prediction log against the bundle's reference")
    verb.add_argument("--bundle", type=path, help="a bundle's folder (default: the champion)")
    verb.add_argument("--log", type=path, default="logs", help="folder of log and labels")
    verb.add_argument(
        "--since",
        type=timestamp,
        metavar="TIME",
        help="ISO 8601, UTC without an offset (default: window_days ago)",
    )
    verb.add_argument("--json", action="store_true", help="print the result as JSON instead")
    return parser


if __name__ == "__main__":
    run(main)
