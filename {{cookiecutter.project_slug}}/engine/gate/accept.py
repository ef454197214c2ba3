"""Signs for a bundle. The second signature publishes it; there is no other way into production."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.bundle import record
from engine.bundle.build import TEST_EVALUATIONS, TrainedRun, fetch
from engine.bundle.bundle import Bundle, file_digest, read
from engine.bundle.record import RECORDS, TEAMS, unsigned
from engine.gate.checks.check import Check
from engine.gate.gate import Progress, validate
from engine.pages.formatting import listed
from engine.problem.errors import BadInput, command
from engine.problem.files import read_json, toml, write_atomically
from engine.problem.spec import PROBLEM_FILE
from engine.training.candidates import ModelDefinition
from engine.training.record.provenance import at_commit, provenance
from engine.training.record.runs import ACCEPTED, FEATURES_FILE
from engine.training.record.tracking import mlflow

REPEAT = "train, build and check again"
AGAIN = f"Run `{command('handoff check')}` again"


@dataclass(frozen=True)
class Signature:
    """Who signed for which team; `published` is the bundle's place after the second signature."""

    team: str
    person: str
    file: Path
    published: Path | None


def accept(
    path: Path,
    team: str,
    definition: ModelDefinition,
    checks: Sequence[Check],
    progress: Progress = lambda _: None,
) -> Signature:
    """Sign for the bundle in `path` as `team`, and publish it if the other team has signed.

    The verdict must hold each of `checks`. The gate validates the bundle again first, because
    anyone can edit a verdict: the first signature repeats the quick checks, the second all.
    BadInput: anything speaks against the signature; nothing is signed then.
    """
    bundle = read(path)
    outcomes = _recorded_outcomes(bundle, checks)
    _check_committed(bundle)
    person = f"{_git('user.name')} <{_git('user.email')}>"
    if (
        unsigned(bundle.id, team) is None
        and (other_person := record.signer(bundle.id, team)) != person
    ):
        message = f"{other_person} has signed for {team} already. To withdraw it, delete "
        message += f"{RECORDS / bundle.id / team}.toml and commit."
        raise BadInput(message, code="already-signed")
    run = fetch(bundle.manifest.get("run_id"))
    _check_recorded(bundle, run)
    [other] = set(TEAMS) - {team}
    is_second = unsigned(bundle.id, other) is None
    quick = {check.name for check in checks if not check.slow_note}
    repeated = [check for check in checks if is_second or check.name in quick]
    verdict = validate(path, definition, repeated, progress)
    if reasons := [f"{one.check}: {one.measured}" for one in verdict.refusals]:
        message = f"The gate refuses bundle {bundle.id[:12]}, but its verdict is passed: "
        message += f"{'; '.join(reasons)}. {AGAIN}, and find out who changed the verdict."
        raise BadInput(message, code="refused-again")
    # A slow check may warn only because the machine is busy.
    warned = [one.check for one in verdict.warnings if one.check in quick]
    if unrecorded := [name for name in warned if outcomes.get(name) != "warn"]:
        message = f"The gate warns of {', '.join(unrecorded)}, but the recorded verdict does not."
        raise BadInput(f"{message} {AGAIN}; read its warnings.", code="unrecorded-warning")
    published = _publish(bundle) if is_second else None
    signed_at = datetime.now(UTC).isoformat(timespec="seconds")
    values: dict[str, str | bool] = {"team": team, "person": person, "bundle": bundle.id}
    values |= {"signed_at": signed_at, "verdict": record.verdict_digest(bundle.id)}
    # One person may sign for both teams, as in a start-up; the signature's file states it.
    if is_second and record.signer(bundle.id, other) == person:
        values["self_review"] = True
    text = "".join(f"{name} = {toml(value)}\n" for name, value in values.items())
    file = write_atomically(RECORDS / bundle.id / f"{team}.toml", text)
    if is_second:
        _set_alias(bundle, run)
    return Signature(team, person, file, published)


def after_signature(signature: Signature) -> str:
    """Who signed, and the next step: release the bundle, or the other team's signature."""
    record_folder = signature.file.parent.as_posix()
    lines = [f"signed for {signature.team} by {signature.person}: {signature.file}"]
    if published := signature.published:
        lines.append(f"both teams have signed: published to {published}")
        # Reverted together with its release, the record would be gone, and nothing could be served.
        file = record.RELEASE_FILE.as_posix()
        lines.append(f"next: {commit(record_folder, 'Accept', published.name)}")
        lines.append(f'release: set champion = "{published.name}" in {file}, then commit it alone:')
        lines.append(f"      {commit(file, 'Release', published.name)}")
        lines.append("rollback: git revert that commit alone")
    else:
        [other] = set(TEAMS) - {signature.team}
        reason = unsigned(signature.file.parent.name, other)
        lines.append(f"next: {commit(record_folder, 'Sign', signature.file.parent.name)}")
        lines.append(f"      then {other} signs ({reason})")
    return "\n".join(lines)


def commit(path: str, verb: str, bundle_id: str) -> str:
    """The command that commits one path and nothing else."""
    return f'git add {path} && git commit --message "{verb} {bundle_id[:12]}" -- {path}'


def _recorded_outcomes(bundle: Bundle, checks: Sequence[Check]) -> dict[str, str]:
    """The outcome of each check in the recorded verdict, which must have passed the bundle."""
    if assumed := bundle.problem.assumed:
        message = f"These answers are still assumed: {', '.join(assumed)}. Answer them in "
        message += f"{PROBLEM_FILE}, remove them from 'assumed', then {REPEAT}."
        raise BadInput(message, code="assumed-answers")
    path, name = RECORDS / bundle.id / record.VERDICT, f"Bundle {bundle.id[:12]}"
    if not path.exists():
        message = f"{name} has no verdict. Run `{command('handoff check')}`."
        raise BadInput(message, code="no-verdict")
    try:
        verdict = read_json(path, "the gate's verdict", f"run `{command('handoff check')}`")
        findings = verdict["findings"]
        recorded = {(one["check"], one.get("dropped", "")): one["verdict"] for one in findings}
        passed = verdict["bundle"] == bundle.id and verdict["verdict"] == "passed"
    except (BadInput, AttributeError, LookupError, TypeError):
        passed, recorded = False, {}
    if not passed or "refuse" in recorded.values():
        message = f"{name} did not pass the gate ({path}). {AGAIN} to see why."
        raise BadInput(message, code="not-passed")
    # Checks that were added to the list, dropped, or taken up again after the verdict.
    if changed := [one.name for one in checks if (one.name, one.dropped) not in recorded]:
        message = f"The verdict in {path} lacks {listed(changed)}, which handoff/gate.py lists."
        raise BadInput(f"{message} {AGAIN}, then sign.", code="other-checks")
    return {name: outcome for (name, _), outcome in recorded.items()}


def _check_committed(bundle: Bundle) -> None:
    """Raise BadInput unless all work is committed, and the bundle's files are its commit's."""
    code = bundle.manifest.get("code") or {"dirty": True}
    name = f"Bundle {bundle.id[:12]}"
    if code["dirty"] or not code["commit"]:
        message = f"{name} was trained on uncommitted work. Commit, then {REPEAT}."
        raise BadInput(message, code="uncommitted-training")
    name += f" names commit {code['commit'][:12]}"
    for copy, file in (("problem.toml", PROBLEM_FILE), ("code/features.py", FEATURES_FILE)):
        committed = at_commit(code["commit"], file)
        if committed is None:
            message = f"{name}, in which git has no {file}. Fetch that commit; or commit, {REPEAT}."
            raise BadInput(message, code="unknown-commit")
        if committed != (bundle.path / copy).read_text(encoding="utf-8"):
            message = f"{name}, whose {file} differs from the bundle's {copy}."
            raise BadInput(f"{message} Fetch that commit, or {REPEAT}.", code="other-commit")
    if provenance().dirty:
        message = "The working tree has uncommitted changes. See `git status`, and commit them."
        raise BadInput(message, code="uncommitted-changes")


def _check_recorded(bundle: Bundle, run: TrainedRun) -> None:
    """Raise BadInput if the bundle differs from what MLflow recorded of its training run."""
    manifest, evaluation = bundle.manifest, bundle.evaluation
    pairs = {
        "model": (manifest["files"]["model/model.skops"], file_digest(run.model_file)),
        "threshold": (bundle.threshold, run.metadata["threshold"]),
        "candidate": (evaluation.get("candidate", {}).get("name"), run.metadata["candidate"]),
        TEST_EVALUATIONS: (evaluation.get(TEST_EVALUATIONS), run.test_evaluations),
        "code": (manifest.get("code"), run.metadata["code"]),
        "data_digest": (manifest.get("data_digest"), run.metadata["data_digest"]),
        "trained_at": (manifest.get("trained_at"), run.trained_at.isoformat()),
    }
    if differ := [name for name, (one, other) in pairs.items() if one != other]:
        message = f"Bundle {bundle.id[:12]} differs from MLflow run {run.id} in {', '.join(differ)}"
        message += f". Build it again with `{command(f'handoff build --run {run.id}')}`."
        raise BadInput(message, code="other-run")


def _publish(bundle: Bundle) -> Path:
    """Copy the bundle to the store under its id; without a record, nothing serves it there."""
    final = record.bundle_path(bundle.id)
    if not final.exists():
        final.parent.mkdir(parents=True, exist_ok=True)
        draft = final.with_name(f".{bundle.id[:12]}.{os.getpid()}")
        try:
            shutil.copytree(bundle.path, draft)
            if read(draft).id != bundle.id:
                message = f"{bundle.path} changed while it was copied. Build it again."
                raise BadInput(message, code="changed-bundle")
            draft.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return read(final).path


def _set_alias(bundle: Bundle, run: TrainedRun) -> None:
    """Point the registry's alias `accepted` to the run's model, and register it if it is new."""
    client, name = mlflow.MlflowClient(), bundle.manifest["name"]
    versions = [*client.search_model_versions(f"name = '{name}' and run_id = '{run.id}'")]
    if not versions:
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        source, tags = f"models:/{run.model_id}", {"bundle": bundle.id}
        versions = [client.create_model_version(name, source, run.id, tags, model_id=run.model_id)]
    client.set_registered_model_alias(name, ACCEPTED, versions[0].version)


def _git(key: str) -> str:
    done = subprocess.run(["git", "config", key], capture_output=True, check=False, timeout=30)
    value = done.stdout.decode("utf-8", errors="replace").strip()
    if value and "\ufffd" not in value:
        return value
    raise BadInput(f"git has no {key} in UTF-8. Run git config {key} '…'.", code="no-git-name")
