"""`python -m serving run` answers over HTTP, `batch` a file; `optimise` finds the fastest way."""

import argparse
import os
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from problem.errors import BadInput, run

# A path, and none that would hide a path of the server's own below it.
_ROOT_PATH = re.compile(r"(?!/(v1|v2(/.*)?|docs(/static)?)$)(/\w[\w.~-]*)+", re.ASCII)


def main(words: Sequence[str]) -> int:
    """Serve until told to stop, or answer the rows of a file."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    _add_run(verbs.add_parser("run", help="answer over HTTP until SIGTERM or Ctrl-C"))
    _add_choice(verbs.add_parser("optimise", help="find the fastest runtime that answers the same"))
    _add_batch(verbs.add_parser("batch", help="answer every row of a CSV or Parquet file"))
    given = parser.parse_args(words)
    # Only now what is slow to import: a mistake in the words, or a refusal, need not wait for it.
    from serving.choose import choose

    if given.verb == "batch":
        return _batch(given)
    if given.verb == "optimise":
        return _optimise(given)
    port, root_path = _port(given), _root_path(given)
    bundle = choose(given.bundle, rehearsal=given.rehearsal)
    from serving.run import Address, serve

    serve(
        bundle,
        rehearsal=given.rehearsal,
        follow=given.bundle is None and not given.rehearsal,
        at=Address(given.host, port, given.operate_port, root_path),
        logs=given.log,
        drain=given.drain,
    )
    return 0


def _add_run(verb: argparse.ArgumentParser) -> None:
    _add_choice(verb)
    verb.add_argument("--host", default="127.0.0.1")
    verb.add_argument(
        "--port", type=int, help="0 takes a free one (default: what PORT says, else 8000)"
    )
    verb.add_argument(
        "--operate-port",
        type=int,
        metavar="PORT",
        help="probes and metrics there, and there alone: /livez, /readyz, /health, /metrics",
    )
    verb.add_argument(
        "--root-path",
        metavar="/PATH",
        help="where a proxy shows this server (default: what UVICORN_ROOT_PATH holds, else /)",
    )
    verb.add_argument(
        "word", nargs="?", choices=["serve"], help="what SageMaker says: on port 8080"
    )
    verb.add_argument("--log", type=Path, default=Path("logs"), help="folder of log and labels")
    verb.add_argument(
        "--drain",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="go on answering after SIGTERM, while /readyz already says no",
    )


def _port(given: argparse.Namespace) -> int:
    """The port that was asked for; Cloud Run says it in PORT, SageMaker has one of its own."""
    told = os.environ.get("PORT", "8080" if given.word else "8000")
    if given.port is None and not told.isdecimal():
        raise BadInput(f"expected a port in PORT, such as 8080, got '{told}'")
    return int(told) if given.port is None else int(given.port)


def _root_path(given: argparse.Namespace) -> str:
    """The path before each of the server's paths, as users of a proxy know them; mostly none."""
    path = given.root_path
    path = os.environ.get("UVICORN_ROOT_PATH", "") if path is None else path
    if path and not _ROOT_PATH.fullmatch(path):
        raise BadInput(
            f"expected a --root-path such as /models/parcels, got '{path}'; it begins with /, does "
            "not end with it, and is not one of the server's own paths, such as /v1"
        )
    return str(path)


def _add_batch(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("input", metavar="IN", type=Path, help="rows, in a .csv or .parquet")
    verb.add_argument("out", metavar="OUT", type=Path, help="the answers, in a .parquet")
    _add_choice(verb)
    verb.add_argument(
        "--anew", action="store_true", help="forget what an earlier run began or finished"
    )
    verb.add_argument(
        "--processes", type=int, default=0, metavar="N", help="ask the model in N (default: cores)"
    )


def _add_choice(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--bundle", type=Path, help="a bundle's folder (default: what is released)")
    verb.add_argument(
        "--rehearsal",
        action="store_true",
        help="use a bundle that is not accepted (default: the last journey's); answers say so",
    )


def _batch(given: argparse.Namespace) -> int:
    from serving.choose import choose

    if given.processes < 0:
        raise BadInput(f"expected --processes of 1 or more, got {given.processes}")
    if find_spec("pyarrow") is None:  # the server has no use for it
        raise BadInput("batch needs pyarrow: install the pins in requirements/batch.txt")
    bundle = choose(given.bundle, rehearsal=given.rehearsal)
    from serving.batch.run import batch

    return batch(
        given.input,
        given.out,
        bundle,
        rehearsal=given.rehearsal,
        anew=given.anew,
        processes=given.processes,
    )


def _optimise(given: argparse.Namespace) -> int:
    from serving.choose import choose

    if find_spec("skl2onnx") is None:  # nor for this
        raise BadInput("optimise needs skl2onnx: install the pins in requirements/training.txt")
    bundle = choose(given.bundle, rehearsal=given.rehearsal)
    from serving.optimise.run import optimise

    optimise(bundle, rehearsal=given.rehearsal)
    return 0


if __name__ == "__main__":
    run(main)
