"""`python -m serving run` answers over HTTP, `batch` a file; `optimise` finds the fastest way."""

import argparse
import re
from collections.abc import Sequence
from importlib.util import find_spec

from engine.problem.arguments import host, output_file, path, port, seconds, variable, whole
from engine.problem.errors import BadInput, run

# A path, and none that would hide a path of the server's own below it.
_ROOT_PATH = re.compile(r"(?!/(v1|v2(/.*)?|docs(/static)?)$)(/\w[\w.~-]*)+", re.ASCII)
# A day: a longer wait is a mistake, as no orchestrator grants it.
LONGEST_DRAIN = 86_400
# More copies of a model than any machine has cores for.
MOST_PROCESSES = 512


def main(words: Sequence[str]) -> int:
    """Serve until told to stop, or answer the rows of a file."""
    given = parser().parse_args(words)
    # Only now what is slow to import: a mistake in the words, or a refusal, need not wait for it.
    from engine.serving.choose import choose

    if given.verb == "batch":
        return _batch(given)
    if given.verb == "optimise":
        return _optimise(given)
    number, proxied = _port(given), _root_path(given)
    bundle = choose(given.bundle, rehearsal=given.rehearsal)
    from engine.serving.run import Address, serve

    serve(
        bundle,
        rehearsal=given.rehearsal,
        follow=given.bundle is None and not given.rehearsal,
        at=Address(given.host, number, given.operate_port, proxied),
        logs=given.log,
        drain=given.drain,
    )
    return 0


def parser() -> argparse.ArgumentParser:
    """What may stand on the command line."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    _add_run(verbs.add_parser("run", help="answer over HTTP until SIGTERM or Ctrl-C"))
    _add_choice(verbs.add_parser("optimise", help="find the fastest runtime that answers the same"))
    _add_batch(verbs.add_parser("batch", help="answer every row of a CSV or Parquet file"))
    return parser


def _add_run(verb: argparse.ArgumentParser) -> None:
    _add_choice(verb)
    verb.add_argument("--host", type=host, default="127.0.0.1")
    verb.add_argument(
        "--port", type=port, help="0 takes a free one (default: what PORT says, else 8000)"
    )
    verb.add_argument(
        "--operate-port",
        type=port,
        metavar="PORT",
        help="probes and metrics there, and there alone: /livez, /readyz, /health, /metrics",
    )
    verb.add_argument(
        "--root-path",
        type=root_path,
        metavar="/PATH",
        help="where a proxy shows this server (default: what UVICORN_ROOT_PATH holds, else /)",
    )
    verb.add_argument(
        "word", nargs="?", choices=["serve"], help="what SageMaker says: on port 8080"
    )
    # No `output_folder`: a log that cannot be written must not keep the server from answering.
    verb.add_argument("--log", type=path, default="logs", help="folder of log and labels")
    verb.add_argument(
        "--drain",
        type=seconds(0, LONGEST_DRAIN),
        default=0.0,
        metavar="SECONDS",
        help="go on answering after SIGTERM, while /readyz already says no",
    )


def _port(given: argparse.Namespace) -> int:
    """The port that was asked for; Cloud Run says it in PORT, SageMaker has one of its own."""
    found: int | None = given.port
    if found is None:
        found = variable("PORT", port)
    if found is None:
        found = 8080 if given.word else 8000
    if found and found == given.operate_port:
        raise BadInput(
            f"expected another --operate-port than {found}, which --port or PORT names; give one "
            "of its own, or leave it out"
        )
    return found


def _root_path(given: argparse.Namespace) -> str:
    """The path before each of the server's paths, as users of a proxy know them; mostly none."""
    found: str | None = given.root_path
    return (variable("UVICORN_ROOT_PATH", root_path) or "") if found is None else found


def root_path(word: str) -> str:
    """Where a proxy shows this server; a kind of argument (see `engine.problem.arguments`)."""
    if word and not _ROOT_PATH.fullmatch(word):
        raise argparse.ArgumentTypeError(
            f"expected a path such as /models/parcels, got {word!r:.80}; it begins with /, does "
            "not end with it, and is not one of the server's own paths, such as /v1"
        )
    return word


def _add_batch(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("input", metavar="IN", type=path, help="rows, in a .csv or .parquet")
    verb.add_argument("out", metavar="OUT", type=output_file, help="the answers, in a .parquet")
    _add_choice(verb)
    verb.add_argument(
        "--anew", action="store_true", help="forget what an earlier run began or finished"
    )
    verb.add_argument(
        "--processes",
        type=whole(0, MOST_PROCESSES),
        default=0,
        metavar="N",
        help="ask the model in N (default: cores)",
    )


def _add_choice(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--bundle", type=path, help="a bundle's folder (default: what is released)")
    verb.add_argument(
        "--rehearsal",
        action="store_true",
        help="use a bundle that is not accepted (default: the last journey's); answers say so",
    )


def _batch(given: argparse.Namespace) -> int:
    from engine.serving.choose import choose

    if find_spec("pyarrow") is None:  # the server has no use for it
        raise BadInput("batch needs pyarrow: install the pins in requirements/batch.txt")
    bundle = choose(given.bundle, rehearsal=given.rehearsal)
    from engine.serving.batch.run import batch

    return batch(
        given.input,
        given.out,
        bundle,
        rehearsal=given.rehearsal,
        anew=given.anew,
        processes=given.processes,
    )


def _optimise(given: argparse.Namespace) -> int:
    from engine.serving.choose import choose

    if find_spec("skl2onnx") is None:  # nor for this
        raise BadInput("optimise needs skl2onnx: install the pins in requirements/training.txt")
    bundle = choose(given.bundle, rehearsal=given.rehearsal)
    from engine.serving.optimise.run import optimise

    optimise(bundle, rehearsal=given.rehearsal)
    return 0


if __name__ == "__main__":
    run(main)
