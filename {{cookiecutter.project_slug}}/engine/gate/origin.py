"""Where a bundle comes from: a commit that anyone can check out, and a run that MLflow recorded."""

from engine.bundle.bundle import Bundle, file_digest
from engine.bundle.run import TEST_EVALUATIONS, TrainedRun
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.training.record.provenance import at_commit, provenance
from engine.training.record.write import FEATURES_FILE


def check_committed(bundle: Bundle) -> None:
    """Anyone can take up the commit that the bundle names, and finds there what it was made of."""
    code = bundle.manifest.get("code") or {"dirty": True}
    if code["dirty"] or not code["commit"]:
        raise BadInput(
            f"bundle {bundle.id[:12]} was trained on work that is not committed; commit, then "
            "train, build and check again, so that anyone can repeat it"
        )
    for own, file in (("problem.toml", PROBLEM_FILE), ("code/features.py", FEATURES_FILE)):
        committed = at_commit(code["commit"], file)
        if committed is None:
            raise BadInput(
                f"bundle {bundle.id[:12]} names commit {code['commit'][:12]}, and git knows no "
                f"{file} in it here; sign where the project's repository is, with that commit "
                "fetched, or commit, train, build and check again"
            )
        if committed != (bundle.path / own).read_text(encoding="utf-8"):
            raise BadInput(
                f"bundle {bundle.id[:12]} names commit {code['commit'][:12]}, where {file} is not "
                f"what the bundle holds as {own}; fetch that commit, or train, build and check "
                "again"
            )
    if provenance().dirty:
        raise BadInput(
            "the work tree has changes that are not committed; `git status` lists them: commit "
            "what belongs to the project, and move the rest out of its folder"
        )


def check_recorded(bundle: Bundle, run: TrainedRun) -> None:
    """What only training could know is what training recorded."""
    manifest, said = bundle.manifest, bundle.evaluation
    pairs = {
        "model": (manifest["files"]["model/model.skops"], file_digest(run.model_file)),
        "threshold": (bundle.threshold, run.facts["threshold"]),
        "candidate": (said.get("candidate", {}).get("name"), run.facts["candidate"]),
        TEST_EVALUATIONS: (said.get(TEST_EVALUATIONS), run.looks),
        "code": (manifest.get("code"), run.facts["code"]),
        "data_digest": (manifest.get("data_digest"), run.facts["data_digest"]),
        "trained_at": (manifest.get("trained_at"), run.trained_at.isoformat()),
    }
    differ = [name for name, (one, other) in pairs.items() if one != other]
    if differ:
        raise BadInput(
            f"bundle {bundle.id[:12]} is not what MLflow recorded of run {run.id}: "
            f"{', '.join(differ)}; build it anew with `python -m handoff build --run {run.id}`"
        )
