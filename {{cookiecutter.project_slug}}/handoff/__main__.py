"""`python -m handoff build|check|accept`: the gate between data science and production."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.problem.arguments import path, text
from engine.problem.errors import EXIT_GATE_CLOSED, run

# Who may sign, and for which team.
ROLES = {"data-scientist": "data-science", "ml-engineer": "ml-engineering"}


def main(words: Sequence[str]) -> int:
    """Build, check or accept a bundle."""
    given = parser().parse_args(words)
    if given.verb == "build":
        return _build(given.run)
    if given.verb == "check":
        return _check(given.bundle, as_json=given.json, as_markdown=given.markdown)
    return _accept(given.bundle, ROLES[given.role])


def parser() -> argparse.ArgumentParser:
    """What may stand on the command line."""
    parser = argparse.ArgumentParser(prog="python -m handoff", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    building = verbs.add_parser("build", help="write a bundle from a training run")
    building.add_argument(
        "--run", type=text, help="id of the MLflow run; the latest one by default"
    )
    checking = verbs.add_parser("check", help="hold a bundle against the gate")
    checking.add_argument("bundle", nargs="?", type=path, help="by default the latest built")
    shape = checking.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print verdict.json")
    shape.add_argument("--markdown", action="store_true", help="print a pull request's summary")
    accepting = verbs.add_parser("accept", help="sign for a bundle that passed")
    accepting.add_argument("bundle", nargs="?", type=path, help="by default the latest built")
    accepting.add_argument("--as", dest="role", required=True, choices=ROLES)
    return parser


# Each imports only now what is slow to import: a mistake in the words need not wait for it.


def _build(run_id: str | None) -> int:
    from engine.bundle.build import build
    from poc.model import MODEL

    bundle = build(MODEL, run_id)
    print(f"bundle {bundle.id[:12]} in {bundle.path}; next: python -m handoff check")
    return 0


def _check(bundle: Path | None, *, as_json: bool, as_markdown: bool) -> int:
    from engine.bundle.latest import latest
    from engine.bundle.record import signed
    from engine.gate import page
    from engine.gate.gate import record, validate
    from engine.gate.messages import after_check
    from engine.gate.standard import team_checks
    from handoff.gate import CHECKS
    from poc.model import MODEL

    judgement = validate(bundle or latest(), MODEL, team_checks(CHECKS), _progress)
    invalidated = signed(judgement.bundle_id) if judgement.bundle_id else ()
    recorded = record(judgement) if judgement.bundle_id else None
    written = page.write(judgement)
    if as_json:
        print(json.dumps(judgement.to_json(), indent=1))
    elif as_markdown:
        print(page.markdown(judgement), end="")
    else:
        page.show(judgement)
        print(after_check(judgement, recorded, written, invalidated))
    return 0 if judgement.verdict == "passed" else EXIT_GATE_CLOSED


def _accept(bundle: Path | None, team: str) -> int:
    from engine.bundle.latest import latest
    from engine.gate.accept import accept
    from engine.gate.messages import after_signature
    from engine.gate.standard import team_checks
    from handoff.gate import CHECKS
    from poc.model import MODEL

    print(after_signature(accept(bundle or latest(), team, MODEL, team_checks(CHECKS), _progress)))
    return 0


def _progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
