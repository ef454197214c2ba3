"""`python -m serving run`: answers over HTTP with the released bundle."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from problem.errors import run


def main(words: Sequence[str]) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("run", help="answer over HTTP until SIGTERM or Ctrl-C")
    verb.add_argument("--bundle", type=Path, help="a bundle's folder (default: what is released)")
    verb.add_argument(
        "--rehearsal",
        action="store_true",
        help="serve a bundle that is not accepted (default: the last journey's); answers say so",
    )
    verb.add_argument("--host", default="127.0.0.1")
    verb.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    verb.add_argument("--log", type=Path, default=Path("logs"), help="folder of log and labels")
    verb.add_argument(
        "--drain",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="go on answering after SIGTERM, while /readyz already says no",
    )
    given = parser.parse_args(words)
    # Only now what is slow to import: a mistake in the words, or a refusal, need not wait for it.
    from serving.choose import choose

    bundle = choose(given.bundle, rehearsal=given.rehearsal)
    from serving.run import serve

    serve(
        bundle,
        rehearsal=given.rehearsal,
        host=given.host,
        port=given.port,
        logs=given.log,
        drain=given.drain,
    )
    return 0


if __name__ == "__main__":
    run(main)
