"""`python -m handoff build|check|accept`: the gate between data science and production."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from engine.problem.arguments import path, text
from engine.problem.errors import EXIT_GATE_CLOSED, command, run

# Who may sign, and for which team.
ROLES = {"data-scientist": "data-science", "ml-engineer": "ml-engineering"}


def main(arguments: Sequence[str]) -> int:
    """Build, check or accept a bundle."""
    options = parser().parse_args(arguments)
    if options.verb == "build":
        return _build(options.run)
    if options.verb == "check":
        return _check(options.bundle, as_json=options.json, as_markdown=options.markdown)
    return _accept(options.bundle, ROLES[options.role])


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m handoff", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    building = verbs.add_parser("build", help="write a bundle from a training run")
    building.add_argument(
        "--run", type=text, help="id of the MLflow run; the latest one by default"
    )
    checking = verbs.add_parser("check", help="run the gate on a bundle")
    checking.add_argument("bundle", nargs="?", type=path, help="by default the latest built")
    shape = checking.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print verdict.json")
    shape.add_argument("--markdown", action="store_true", help="print a pull request's summary")
    accepting = verbs.add_parser("accept", help="sign for a bundle that passed")
    accepting.add_argument("bundle", nargs="?", type=path, help="by default the latest built")
    accepting.add_argument("--as", dest="role", required=True, choices=ROLES)
    return parser


# Slow imports are inside the functions, so that errors in the arguments appear at once.


def _build(run_id: str | None) -> int:
    from engine.bundle.build import build
    from engine.pages.terminal import progress_bar
    from poc.model import MODEL

    with progress_bar("the bundle"):
        bundle = build(MODEL, run_id)
    print(f"bundle {bundle.id[:12]} in {bundle.path}; next: {command('handoff check')}")
    return 0


def _check(bundle: Path | None, *, as_json: bool, as_markdown: bool) -> int:
    from engine.bundle.record import latest, refusal, signed
    from engine.gate import page
    from engine.gate.gate import record, team_checks, validate
    from engine.pages.terminal import progress_bar
    from handoff.gate import CHECKS
    from poc.model import MODEL

    checks = team_checks(CHECKS)
    with progress_bar("the gate", len(checks)) as progress:
        verdict = validate(bundle or latest(), MODEL, checks, progress)
    # Production runs on the verdict that both teams signed: no later check replaces it.
    accepted = verdict.bundle_id is not None and refusal(verdict.bundle_id) is None
    invalidated = signed(verdict.bundle_id) if verdict.bundle_id and not accepted else ()
    recorded = record(verdict) if verdict.bundle_id and not accepted else None
    written = page.write(verdict)
    if as_json:
        print(json.dumps(verdict.to_json(), indent=1))
    elif as_markdown:
        print(page.markdown(verdict), end="")
    else:
        page.show(verdict)
        print(page.after_check(verdict, recorded, written, invalidated, accepted=accepted))
    return 0 if verdict.outcome == "passed" else EXIT_GATE_CLOSED


def _accept(bundle: Path | None, team: str) -> int:
    from engine.bundle.record import latest
    from engine.gate.accept import accept, after_signature
    from engine.gate.gate import team_checks
    from engine.pages.terminal import progress_bar
    from handoff.gate import CHECKS
    from poc.model import MODEL

    checks = team_checks(CHECKS)
    with progress_bar("the gate", len(checks)) as progress:
        signature = accept(bundle or latest(), team, MODEL, checks, progress)
    print(after_signature(signature))
    return 0


if __name__ == "__main__":
    run(main)
