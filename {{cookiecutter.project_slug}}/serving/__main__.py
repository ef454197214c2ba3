"""`python -m serving run` answers over HTTP, `batch` a file; `optimise` finds the fastest way."""

import argparse
from collections.abc import Sequence
from importlib.util import find_spec

from engine.problem.arguments import host, output_file, path, port, seconds, whole
from engine.problem.errors import BadInput, run
from engine.serving.address import address, root_path

# A day: a longer wait is a mistake, as no orchestrator grants it.
LONGEST_DRAIN = 86_400
# More copies of a model than any machine has cores for.
MOST_PROCESSES = 512


# Each imports only now what is slow to import: a mistake in the words need not wait for it.
def main(words: Sequence[str]) -> int:
    """Serve until told to stop, or predict the rows of a file."""
    given = parser().parse_args(words)
    return {"run": _run, "batch": _batch, "optimise": _optimise}[given.verb](given)


def _run(given: argparse.Namespace) -> int:
    from engine.serving.select_bundle import select_bundle

    word = given.word is not None
    at = address(given.host, given.port, given.operate_port, given.root_path, sagemaker=word)
    bundle = select_bundle(given.bundle, rehearsal=given.rehearsal)
    from engine.serving.run import serve
    from serving.app import create_app

    follow = given.bundle is None and not given.rehearsal
    serve(bundle, create_app, rehearsal=given.rehearsal, follow=follow, at=at, logs=given.log,
          drain=given.drain)  # fmt: skip
    return 0


def _batch(given: argparse.Namespace) -> int:
    if find_spec("pyarrow") is None:  # the server has no use for it
        raise BadInput("batch needs pyarrow: install the pins in requirements/batch.txt")
    from serving.batch import batch

    return batch(given.input, given.out, given.bundle, rehearsal=given.rehearsal,
                 overwrite=given.overwrite, processes=given.processes)  # fmt: skip


def _optimise(given: argparse.Namespace) -> int:
    from engine.serving.select_bundle import select_bundle

    if find_spec("skl2onnx") is None:  # nor for this
        raise BadInput("optimise needs skl2onnx: install the pins in requirements/training.txt")
    bundle = select_bundle(given.bundle, rehearsal=given.rehearsal)
    from engine.serving.optimise.run import optimise

    optimise(bundle, rehearsal=given.rehearsal)
    return 0


def parser() -> argparse.ArgumentParser:
    """What may stand on the command line."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("run", help="answer over HTTP until SIGTERM or Ctrl-C")
    _add_choice(verb)
    add = verb.add_argument
    add("--host", type=host, default="127.0.0.1")
    add("--port", type=port, help="0 takes a free one (default: what PORT says, else 8000)")
    only_there = "probes and metrics there, and there alone: /livez, /readyz, /health, /metrics"
    add("--operate-port", type=port, metavar="PORT", help=only_there)
    shown = "where a proxy shows this server (default: what UVICORN_ROOT_PATH holds, else /)"
    add("--root-path", type=root_path, metavar="/PATH", help=shown)
    add("word", nargs="?", choices=["serve"], help="what SageMaker says: on port 8080")
    # No `output_folder`: a log that cannot be written must not keep the server from answering.
    add("--log", type=path, default="logs", help="folder of log and labels")
    drain = "go on answering after SIGTERM, while /readyz already says no"
    longest = seconds(0, LONGEST_DRAIN)
    add("--drain", type=longest, default=0.0, metavar="SECONDS", help=drain)
    _add_choice(verbs.add_parser("optimise", help="find the fastest runtime that answers the same"))
    verb = verbs.add_parser("batch", help="answer every row of a CSV or Parquet file")
    verb.add_argument("input", metavar="IN", type=path, help="rows, in a .csv or .parquet")
    verb.add_argument("out", metavar="OUT", type=output_file, help="the answers, in a .parquet")
    _add_choice(verb)
    add, many = verb.add_argument, whole(0, MOST_PROCESSES)
    add("--overwrite", action="store_true", help="forget what an earlier run began or finished")
    predict = "ask the model in N (default: cores)"
    add("--processes", type=many, default=0, metavar="N", help=predict)
    return parser


def _add_choice(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--bundle", type=path, help="a bundle's folder (default: what is released)")
    says_so = "use a bundle that is not accepted (default: the last journey's); answers say so"
    verb.add_argument("--rehearsal", action="store_true", help=says_so)


if __name__ == "__main__":
    run(main)
