"""`python -m handoff build|check|accept`: the door between data science and production."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.problem.arguments import path, text
from engine.problem.errors import EXIT_GATE_CLOSED, BadInput, run

# Who may sign, and for which team.
ROLES = {"data-scientist": "data-science", "ml-engineer": "ml-engineering"}


def main(words: Sequence[str]) -> int:
    """Build, check or accept a bundle."""
    given = parser().parse_args(words)
    if given.verb == "build":
        return _build(given.run)
    bundle = given.bundle or latest()
    return (
        _check(bundle, as_json=given.json, as_markdown=given.markdown)
        if given.verb == "check"
        else _accept(bundle, ROLES[given.role])
    )


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


def latest(built: Path | None = None) -> Path:
    """The bundle that was built last, or of those in the folder `built`.

    Raises:
        BadInput: there is none.
    """
    from engine.bundle.build import BUILT

    built = built or BUILT
    found = [path for path in built.glob("*") if path.is_dir() and not path.name.startswith(".")]
    if not found:
        raise BadInput(f"expected a bundle in {built}, found none; run `python -m handoff build`")
    return max(found, key=lambda path: path.stat().st_mtime)


# Each imports only now what is slow to import: a mistake in the words need not wait for it.


def _build(run_id: str | None) -> int:
    from engine.bundle.build import build
    from poc.model import MODEL

    bundle = build(MODEL, run_id)
    print(f"bundle {bundle.id[:12]} in {bundle.path}; next: python -m handoff check")
    return 0


def _check(path: Path, *, as_json: bool, as_markdown: bool) -> int:
    from engine.bundle.record import signed
    from engine.gate.gate import judge, record
    from engine.gate.page import markdown, show, write
    from poc.model import MODEL

    judgement = judge(path, MODEL, say=_progress)
    voided = signed(judgement.bundle_id) if judgement.bundle_id else ()
    where = f"in {record(judgement)}" if judgement.bundle_id else "recorded nowhere"
    page = write(judgement)
    if as_json:
        print(json.dumps(judgement.to_json(), indent=1))
    elif as_markdown:
        print(markdown(judgement), end="")
    else:
        show(judgement)
        print(f"verdict: {judgement.verdict}, {where}; page: {page}")
        if voided:
            print(_voided(voided))
        if judgement.verdict == "passed":
            print("next: python -m handoff accept --as data-scientist, and --as ml-engineer")
    return 0 if judgement.verdict == "passed" else EXIT_GATE_CLOSED


def _voided(teams: Sequence[str]) -> str:
    """A live bundle whose verdict was only asked again would not start any more."""
    return (
        f"this verdict takes the place of the one that {' and '.join(teams)} signed for: sign "
        "again, or take that one back with `git restore handoff/records`"
    )


def _progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _accept(path: Path, team: str) -> int:
    from engine.bundle.record import TEAMS, unsigned
    from engine.gate.accept import accept
    from poc.model import MODEL

    signature = accept(path, team, MODEL, say=_progress)
    print(f"signed for {team} by {signature.person}: {signature.file}")
    if signature.published:
        print(f"both teams have signed: published to {signature.published}")
        print(f'to release it, set champion = "{signature.published.name}" in deploy/release.toml')
    else:
        [other] = set(TEAMS) - {team}
        missing = unsigned(signature.file.parent.name, other)
        print(f"commit the signature; the other team's opens the gate, and is missing: {missing}")
    return 0


if __name__ == "__main__":
    run(main)
