"""Checks before a signature: the bundle comes from a commit and from a run that MLflow recorded."""

from engine.bundle.bundle import Bundle, file_digest
from engine.bundle.run import TEST_EVALUATIONS, TrainedRun
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.training.record.provenance import at_commit, provenance
from engine.training.record.write import FEATURES_FILE

AGAIN = "train, build and check again"


def check_committed(bundle: Bundle) -> None:
    """Raise BadInput unless all work is committed, with the bundle's problem and features."""
    code = bundle.manifest.get("code") or {"dirty": True}
    name = f"Bundle {bundle.id[:12]}"
    if code["dirty"] or not code["commit"]:
        message = f"{name} was trained on uncommitted work, which nobody else can repeat."
        raise BadInput(f"{message} Commit, then {AGAIN}.", code="uncommitted-training")
    name += f" names commit {code['commit'][:12]}"
    for copy, file in (("problem.toml", PROBLEM_FILE), ("code/features.py", FEATURES_FILE)):
        committed = at_commit(code["commit"], file)
        if committed is None:
            message = f"{name}, in which git has no {file}. Fetch that commit; or commit, {AGAIN}."
            raise BadInput(message, code="unknown-commit")
        if committed != (bundle.path / copy).read_text(encoding="utf-8"):
            message = f"{name}, whose {file} differs from the bundle's {copy}."
            raise BadInput(f"{message} Fetch that commit, or {AGAIN}.", code="other-commit")
    if provenance().dirty:
        message = "The working tree has uncommitted changes (see `git status`). Commit the "
        message += "project's files, and move all others out of its folder."
        raise BadInput(message, code="uncommitted-changes")


def check_recorded(bundle: Bundle, run: TrainedRun) -> None:
    """Raise BadInput unless the values that only training knows are those that it recorded."""
    manifest, evaluation = bundle.manifest, bundle.evaluation
    pairs = {
        "model": (manifest["files"]["model/model.skops"], file_digest(run.model_file)),
        "threshold": (bundle.threshold, run.facts["threshold"]),
        "candidate": (evaluation.get("candidate", {}).get("name"), run.facts["candidate"]),
        TEST_EVALUATIONS: (evaluation.get(TEST_EVALUATIONS), run.looks),
        "code": (manifest.get("code"), run.facts["code"]),
        "data_digest": (manifest.get("data_digest"), run.facts["data_digest"]),
        "trained_at": (manifest.get("trained_at"), run.trained_at.isoformat()),
    }
    if differ := [name for name, (one, other) in pairs.items() if one != other]:
        message = f"Bundle {bundle.id[:12]} differs from MLflow run {run.id} in {', '.join(differ)}"
        advice = f"Build it again with `python -m handoff build --run {run.id}`."
        raise BadInput(f"{message}. {advice}", code="other-run")
