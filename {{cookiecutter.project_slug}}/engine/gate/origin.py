"""Checks before a signature: the bundle comes from a commit and from a run that MLflow recorded."""

from engine.bundle.bundle import Bundle, file_digest
from engine.bundle.run import TEST_EVALUATIONS, TrainedRun
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.training.record.provenance import at_commit, provenance
from engine.training.record.write import FEATURES_FILE


def check_committed(bundle: Bundle) -> None:
    """Raise BadInput unless all work is committed, with the bundle's problem and features."""
    code = bundle.manifest.get("code") or {"dirty": True}
    if code["dirty"] or not code["commit"]:
        raise BadInput(
            f"Bundle {bundle.id[:12]} was trained on uncommitted work, which nobody else can "
            "repeat. Commit, then train, build and check again.",
            code="uncommitted-training",
        )
    named = f"Bundle {bundle.id[:12]} names commit {code['commit'][:12]}"
    for name, file in (("problem.toml", PROBLEM_FILE), ("code/features.py", FEATURES_FILE)):
        committed = at_commit(code["commit"], file)
        if committed is None:
            raise BadInput(
                f"{named}, in which git has no {file}. Sign in the project's repository after "
                "fetching that commit; or commit, train, build and check again.",
                code="unknown-commit",
            )
        if committed != (bundle.path / name).read_text(encoding="utf-8"):
            raise BadInput(
                f"{named}, whose {file} differs from the bundle's {name}. Fetch that commit, or "
                "train, build and check again.",
                code="other-commit",
            )
    if provenance().dirty:
        raise BadInput(
            "The working tree has uncommitted changes (see `git status`). Commit the project's "
            "files, and move all others out of its folder.",
            code="uncommitted-changes",
        )


def check_recorded(bundle: Bundle, run: TrainedRun) -> None:
    """Raise BadInput unless the values that only training knows are those that it recorded."""
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
        raise BadInput(
            f"Bundle {bundle.id[:12]} differs from MLflow run {run.id} in {', '.join(differ)}. "
            f"Build it again with `python -m handoff build --run {run.id}`.",
            code="other-run",
        )
