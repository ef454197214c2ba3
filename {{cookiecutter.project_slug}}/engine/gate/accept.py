"""Signs for a bundle. The second signature publishes it: nothing else lets it into production."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.bundle.bundle import Bundle, read
from engine.bundle.record import RECORDS, TEAMS, VERDICT, signer, unsigned, verdict_digest
from engine.bundle.run import TrainedRun, fetch
from engine.bundle.store import bundle_path
from engine.gate.checks.check import Check
from engine.gate.gate import Say, validate
from engine.gate.origin import check_committed, check_recorded
from engine.pages.formatting import listed
from engine.problem.errors import BadInput
from engine.problem.files import read_json
from engine.training.candidates import ModelDefinition
from engine.training.record.previous_runs import ACCEPTED
from engine.training.record.tracking import mlflow


@dataclass(frozen=True)
class Signature:
    """Who signed for which team; `published` is where the bundle went, if this was the second."""

    team: str
    person: str
    file: Path
    published: Path | None


def accept(
    path: Path,
    team: str,
    definition: ModelDefinition,
    checks: Sequence[Check],
    say: Say = lambda _: None,
) -> Signature:
    """Sign for the bundle in `path` as `team`, and publish it if the other team has signed too.

    Every one of `checks`, the team's list, must stand in the verdict. The gate is asked again
    first: a verdict is a file, and whoever signs answers for what it says.
    The first signature leaves out the slow checks; the second, which publishes, repeats all of
    `checks`, the retraining included, so that nothing is released on the word of a file.

    Raises:
        BadInput: the bundle was changed, refused or never judged, holds assumed answers, comes
            from work that is not committed, or is not what MLflow recorded; or the tree is dirty
            now, git knows no name to sign with, or another person has signed for the team.
            Nothing is signed then.
    """
    bundle = read(path)
    told = _check_judged(bundle, checks)
    check_committed(bundle)
    person = f"{_git('user.name')} <{_git('user.email')}>"
    _check_free(bundle.id, team, person)
    run = fetch(bundle.manifest.get("run_id"))
    check_recorded(bundle, run)
    [other] = set(TEAMS) - {team}
    is_second = unsigned(bundle.id, other) is None
    asked = checks if is_second else [check for check in checks if not check.slow_note]
    _check_passes(path, definition, asked, told, say)
    published = _publish(bundle) if is_second else None
    # One person for both teams, as in a start-up: every check stays, and the file says so.
    is_self_review = is_second and signer(bundle.id, other) == person
    file = _sign(bundle.id, team, person, self_review=is_self_review)
    if is_second:
        _set_alias(bundle, run)
    return Signature(team, person, file, published)


def _check_judged(bundle: Bundle, checks: Sequence[Check]) -> dict[str, str]:
    """What the verdict says of each check, if it lets the bundle through."""
    if bundle.problem.assumed:
        raise BadInput(
            f"answers are still assumed: {', '.join(bundle.problem.assumed)}; answer them in "
            "problem/problem.toml, take them off 'assumed', then train, build and check again"
        )
    path = RECORDS / bundle.id / VERDICT
    if not path.exists():
        raise BadInput(
            f"the gate has not judged bundle {bundle.id[:12]}; run `python -m handoff check`"
        )
    try:
        verdict = read_json(path, "the gate's verdict", "run `python -m handoff check`")
        results = {one["check"]: one["verdict"] for one in verdict["findings"]}
        asked = {(one["check"], one.get("dropped", "")) for one in verdict["findings"]}
        passed = verdict["bundle"] == bundle.id and verdict["verdict"] == "passed"
    except (BadInput, AttributeError, LookupError, TypeError):
        passed, results, asked = False, {}, set()
    if not passed or "refuse" in results.values():
        raise BadInput(
            f"the gate did not pass bundle {bundle.id[:12]} ({path}); `python -m handoff check` "
            "says why"
        )
    # Added to the list, dropped from it or taken up again since: the verdict is about another list.
    if changed := [one.name for one in checks if (one.name, one.dropped) not in asked]:
        raise BadInput(
            f"the gate did not pass bundle {bundle.id[:12]} by today's list of checks "
            f"(handoff/gate.py): {path} lacks {listed(changed)}; run `python -m handoff check` "
            "again, then sign"
        )
    return results


def _check_free(bundle_id: str, team: str, person: str) -> None:
    """Nobody signs over another person's signature: it would be gone without a word."""
    if unsigned(bundle_id, team) is None and (signed_by := signer(bundle_id, team)) != person:
        raise BadInput(
            f"{signed_by} has signed for {team} already, and one signature a team is enough; to "
            f"take it back, delete {RECORDS / bundle_id / team}.toml and commit that"
        )


def _check_passes(
    path: Path,
    definition: ModelDefinition,
    checks: Sequence[Check],
    told: Mapping[str, str],
    say: Say,
) -> None:
    """The gate lets the bundle through now, and warns of nothing that its verdict passes over."""
    judgement = validate(path, definition, checks, say)
    # A slow check warns of a busy machine too: that may differ from one time to the next.
    quick = {check.name for check in checks if not check.slow_note}
    warned = [one.check for one in judgement.warnings if one.check in quick]
    silent = [name for name in warned if told.get(name) != "warn"]
    if refusals := judgement.refusals:
        raise BadInput(
            f"the gate refuses bundle {path.name[:12]}, though its verdict says that it passed: "
            f"{'; '.join(f'{one.check}: {one.measured}' for one in refusals)}; run "
            "`python -m handoff check` and see who changed the verdict"
        )
    if silent:
        raise BadInput(
            f"the gate warns of {', '.join(silent)}, and the verdict that would be signed does "
            "not; run `python -m handoff check` again and read what it says"
        )


def _publish(bundle: Bundle) -> Path:
    """Copy the bundle into the store under its id; it counts for nothing there without a record."""
    final = bundle_path(bundle.id)
    if not final.exists():
        final.parent.mkdir(parents=True, exist_ok=True)
        draft = final.with_name(f".{bundle.id[:12]}.{os.getpid()}")
        try:
            shutil.copytree(bundle.path, draft)
            if read(draft).id != bundle.id:
                raise BadInput(f"{bundle.path} changed while it was copied; build it anew")
            draft.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    read(final)
    return final


def _sign(bundle_id: str, team: str, person: str, *, self_review: bool) -> Path:
    file = RECORDS / bundle_id / f"{team}.toml"
    lines = [
        f"team = {json.dumps(team)}",
        f"person = {json.dumps(person)}",
        f"bundle = {json.dumps(bundle_id)}",
        f"verdict = {json.dumps(verdict_digest(bundle_id))}",
        f"signed_at = {json.dumps(datetime.now(UTC).isoformat(timespec='seconds'))}",
        *(["self_review = true"] if self_review else []),
    ]
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    draft.replace(file)
    return file


def _set_alias(bundle: Bundle, run: TrainedRun) -> None:
    """Name the run's model in the registry; made first if it has no version there."""
    client, name = mlflow.MlflowClient(), bundle.manifest["name"]
    known = client.search_model_versions(f"name = '{name}' and run_id = '{run.id}'")
    if known:
        version = known[0].version
    else:
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        source, tags = f"models:/{run.model_id}", {"bundle": bundle.id}
        version = client.create_model_version(
            name, source, run.id, tags=tags, model_id=run.model_id
        ).version
    client.set_registered_model_alias(name, ACCEPTED, version)


def _git(key: str) -> str:
    done = subprocess.run(["git", "config", key], capture_output=True, check=False, timeout=30)
    name = done.stdout.decode("utf-8", errors="replace").strip()
    if not name or "\ufffd" in name:
        raise BadInput(
            f"a signature needs a name: git knows no {key} in UTF-8; git config {key} '…'"
        )
    return name
