"""Each number that retraining gives is compared with the recorded one."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from engine.bundle.build import SNAPSHOT
from engine.gate.checks import reproducible
from engine.gate.checks.check import Outcome
from engine.tests.gate.untrained import context_of, run_of, write
from engine.training.record.runs import RUN_METADATA

RECORDED: dict[str, Any] = {
    "candidate": "linear",
    "parameters": {"C": 1.0, "penalty": "l2"},
    "calibrated": "sigmoid",
    "threshold": 0.25,
    "data_digest": "d",
}
OTHERWISE: dict[str, Any] = {
    "candidate": "boosting",
    "parameters": {"C": 1.1, "penalty": "l2"},
    "calibrated": False,
    "threshold": 0.26,
    "data_digest": "e",
    "mean": 0.81,
}


@pytest.mark.parametrize(
    ("name", "outcome"), [*((name, "refuse") for name in OTHERWISE), ("", "warn")]
)
def test_reproducible_every_other_number_is_refused(
    empty: Path, monkeypatch: pytest.MonkeyPatch, name: str, outcome: Outcome
) -> None:
    """Retraining itself is left out here: see test_reproducible. Uncommitted work may warn."""
    write("binary")
    again = RECORDED | {"mean": 0.8} | ({name: OTHERWISE[name]} if name else {})

    def retrain(_: object, checkout: Path, out: Path) -> None:
        assert (checkout / "poc.py").exists()
        assert checkout.name == "checkout"  # by which a traceback's own places are known
        out.mkdir()
        (out / RUN_METADATA).write_text(json.dumps(again))

    monkeypatch.setattr(reproducible, "_retrain", retrain)
    for unneeded, value in (("_engine_differs", None), ("_replay_golden", [])):
        monkeypatch.setattr(reproducible, unneeded, lambda *_, value=value: value)
    with ZipFile(SNAPSHOT, "w") as archive:
        archive.writestr("poc.py", "")
    run = run_of(RECORDED | {"trials": [{"name": "linear", "mean": 0.8}]})
    context = context_of(run=run)
    context.bundle.manifest["code"] = {"commit": None, "dirty": True, "snapshot": ""}
    monkeypatch.setattr(type(context.bundle), "golden", lambda _: [])
    result = reproducible.reproducible(context)
    assert result.outcome == outcome, result.measured
    assert name in result.measured
