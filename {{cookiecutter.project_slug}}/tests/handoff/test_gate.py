"""The gate's quick checks on a bundle of the project's own rows.

The sample is too small to tell whether the model is worth it. So these are the checks that do not
depend on how good the model is. `python -m handoff check` runs all of them on the whole table.
"""

import shutil
from pathlib import Path

import pytest

from engine.bundle.bundle import Bundle
from engine.gate.checks.check import Check, CheckContext, Outcome, Result
from engine.gate.gate import Verdict, validate
from handoff.gate import CHECKS
from poc.model import MODEL

ON_A_SAMPLE = (
    "evaluation", "split", "current", "contract", "parity", "robust", "complete", "safe",
)  # fmt: skip
CHECKED = [check for check in CHECKS if check.name in ON_A_SAMPLE]


@pytest.fixture(scope="module")
def verdict(workshop: Path, bundle: Bundle) -> Verdict:
    """The verdict on the sample's bundle."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workshop)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{(workshop / 'mlflow.db').as_posix()}")
        return validate(bundle.path, MODEL, CHECKED)


def test_gate_quick_checks_pass(verdict: Verdict) -> None:
    assert [f"{one.check}: {one.measured}" for one in verdict.refusals] == []
    assert len(verdict.findings) == len(CHECKED)


def test_gate_changed_bundle_is_refused(
    bundle: Bundle, tmp_path: Path, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / bundle.path.name
    shutil.copytree(bundle.path, changed)
    with (changed / "code/features.py").open("a") as file:
        file.write("# changed after the bundle was built\n")
    monkeypatch.chdir(workshop)
    assert [one.check for one in validate(changed, MODEL, CHECKED).refusals] == ["complete"]


def model_size(limit: int) -> Check:
    """An own check, as it could stand in handoff/gate.py: the saved model is small enough."""

    def check(context: CheckContext) -> Result:
        size = context.bundle.model_path.stat().st_size
        outcome: Outcome = "pass" if size <= limit else "refuse"
        return Result(outcome, f"{size:,} bytes", f"at most {limit:,} bytes", "fewer trees")

    return Check("model size", "safe to own", check)


@pytest.mark.parametrize(("limit", "outcome"), [(10**9, "passed"), (1, "refused")])
def test_gate_own_check_passes_and_refuses(
    limit: int,
    outcome: str,
    bundle: Bundle,
    workshop: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test a check of your own with a bundle that must pass and with one that it must refuse."""
    monkeypatch.chdir(workshop)
    assert validate(bundle.path, MODEL, [model_size(limit)]).outcome == outcome
