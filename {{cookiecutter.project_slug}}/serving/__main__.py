"""Serve predictions over HTTP (`run`), predict a file (`batch`), select a runtime (`optimise`)."""

import argparse
from collections.abc import Sequence
from importlib.util import find_spec

from engine.problem.arguments import host, output_file, path, port, seconds, whole
from engine.problem.errors import BadInput, run
from engine.serving.address import address, root_path

# A day: no orchestrator grants a longer drain.
LONGEST_DRAIN = 86_400
# More processes than any machine has cores.
MOST_PROCESSES = 512


# Slow modules are imported late: a usage error is reported at once.
def main(words: Sequence[str]) -> int:
    """Run the verb of a command line; returns the exit code."""
    given = parser().parse_args(words)
    return {"run": _run, "batch": _batch, "optimise": _optimise}[given.verb](given)


def _run(given: argparse.Namespace) -> int:
    from engine.serving.select_bundle import select_bundle

    at = address(given.host, given.port, given.operate_port, given.root_path,
                 sagemaker=given.serve is not None)  # fmt: skip
    bundle = select_bundle(given.bundle, rehearsal=given.rehearsal)
    from engine.serving.run import serve
    from serving.app import create_app

    follow = given.bundle is None and not given.rehearsal
    serve(bundle, create_app, rehearsal=given.rehearsal, follow=follow, at=at, logs=given.log,
          drain=given.drain)  # fmt: skip
    return 0


def _batch(given: argparse.Namespace) -> int:
    _require("pyarrow", "requirements/batch.txt")
    from serving.batch import batch

    return batch(given.input, given.out, given.bundle, rehearsal=given.rehearsal,
                 overwrite=given.overwrite, processes=given.processes)  # fmt: skip


def _optimise(given: argparse.Namespace) -> int:
    from engine.serving.select_bundle import select_bundle

    _require("skl2onnx", "requirements/training.txt")
    bundle = select_bundle(given.bundle, rehearsal=given.rehearsal)
    from engine.serving.optimise.run import optimise

    optimise(bundle, rehearsal=given.rehearsal)
    return 0


def _require(package: str, pins: str) -> None:
    """Check that a package is installed which the server does not need."""
    if find_spec(package) is None:
        raise BadInput(f"expected {package}; install the pins in {pins}", code="missing-package")


def parser() -> argparse.ArgumentParser:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("run", help="serve over HTTP until SIGTERM or Ctrl-C")
    _add_choice(verb)
    add = verb.add_argument
    add("--host", type=host, default="127.0.0.1")
    add("--port", type=port, help="0 takes a free one (default: $PORT, else 8000)")
    admin = "separate port for /livez, /readyz, /health and /metrics (default: same port)"
    add("--operate-port", type=port, metavar="PORT", help=admin)
    add("--root-path", type=root_path, metavar="/PATH", help="prefix that a proxy adds")
    add("serve", nargs="?", choices=["serve"], help="SageMaker adds this word: use port 8080")
    # Not `output_folder`: the server must serve even if the log cannot be written.
    add("--log", type=path, default="logs", help="folder of predictions and labels")
    drain = "time to serve on after SIGTERM, while /readyz already fails"
    longest = seconds(0, LONGEST_DRAIN)
    add("--drain", type=longest, default=0.0, metavar="SECONDS", help=drain)
    _add_choice(verbs.add_parser("optimise", help="select the fastest runtime"))
    verb = verbs.add_parser("batch", help="predict every row of a text or Parquet file")
    verb.add_argument("input", metavar="IN", type=path, help="a text or Parquet file of rows")
    verb.add_argument("out", metavar="OUT", type=output_file, help="the .parquet file to write")
    _add_choice(verb)
    add, many = verb.add_argument, whole(0, MOST_PROCESSES)
    add("--overwrite", action="store_true", help="discard the output of an earlier run")
    add("--processes", type=many, default=0, metavar="N", help="workers (default: one per core)")
    return parser


def _add_choice(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--bundle", type=path, help="folder of a bundle (default: the released one)")
    marked = "use a bundle that is not accepted (default: the last journey's); marks all output"
    verb.add_argument("--rehearsal", action="store_true", help=marked)


if __name__ == "__main__":
    run(main)
