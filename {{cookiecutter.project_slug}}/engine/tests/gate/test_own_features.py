"""A team's own feature code is trained, built, validated and served without poc."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.tests.gate.made import copy_code, make_project
from engine.tests.project import source

OWN = '''

from sklearn.preprocessing import FunctionTransformer


def per_item(frame: pd.DataFrame) -> Floats:
    """Weight an item, as a function of our own."""
    ratio = frame["weight"].to_numpy(np.float64) / frame["items"].to_numpy(np.float64)
    return np.nan_to_num(ratio, nan=-1.0).reshape(-1, 1)


class FarFromUsual(TransformerMixin, BaseEstimator):
    """How far a number lies from its median in training, as a transformer of our own."""

    def fit(self, frame: pd.DataFrame, target: Any = None) -> Self:
        self.usual_ = np.nanmedian(frame.to_numpy(np.float64), axis=0)
        return self

    def transform(self, frame: pd.DataFrame) -> Floats:
        return np.nan_to_num(frame.to_numpy(np.float64) - self.usual_)
'''
LAST = "    return ColumnTransformer([one for one in transformers if one[2]], sparse_threshold=0)\n"
ADDED = """\
    transformers.append(("per item", FunctionTransformer(per_item), ["weight", "items"]))
    transformers.append(("far from usual", FarFromUsual(), ["weight", "items"]))
"""
TRAIN = """
import json
from engine.bundle.build import build
from engine.gate.gate import validate
from engine.gate.gate import STANDARD_CHECKS
from poc.train import train
from engine.problem.spec import read
from poc.model import MODEL

run = train(read(), MODEL, progress=lambda _: None)
made = build(MODEL, run.run_id, progress=lambda _: None)
names = ("complete", "current", "safe", "parity", "robust")
checks = [one for one in STANDARD_CHECKS if one.name in names]
findings = validate(made.path, MODEL, checks).findings
results = {one.check: [one.outcome, one.measured] for one in findings}
print(json.dumps({"bundle": str(made.path), "results": results}))
"""
SERVE = """
import importlib.util, json, sys
from pathlib import Path
assert importlib.util.find_spec("poc") is None
from engine.bundle.bundle import read
from engine.serving.model.predictor import load

predictor = load(read(Path(sys.argv[1])), rehearsal=True)
assert predictor.unrolled is not None
steps = [name for name, *_ in predictor._model[0].transformers_]
print(json.dumps(steps))
"""


def python(root: Path, code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=root, env={**os.environ, "PYTHONPATH": ""},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def built(root: Path, own: str) -> dict[str, Any]:
    """The results of a project whose feature code has `own` at its end."""
    copy_code(root)
    shutil.copytree(source("eda"), root / "eda", dirs_exist_ok=True)  # the gate's runner
    make_project(root, "regression")
    features = root / "poc/features.py"
    text = features.read_text()
    assert LAST in text, "poc/features.py has another end: fix this test"
    features.write_text(text.replace(LAST, ADDED + LAST) + own)
    done = python(root, TRAIN)
    assert done.returncode == 0, done.stderr
    output: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return output


@pytest.mark.usefixtures("store")
def test_own_features_are_served_without_the_project(
    tmp_path: Path,
) -> None:
    output = built(tmp_path / "project", OWN)
    assert {verdict for verdict, _ in output["results"].values()} == {"pass"}, output["results"]
    # A server: its own packages and the bundle, and nothing of the PoC.
    server = tmp_path / "server"
    for name in ("engine", "handoff", "serving"):
        left_out = shutil.ignore_patterns("__pycache__", "records", "tests")
        shutil.copytree(source(name), server / name, ignore=left_out)
    shutil.copytree(tmp_path / "project" / output["bundle"], server / "bundle")
    done = python(server, SERVE, "bundle")
    assert done.returncode == 0, done.stderr
    assert {"per item", "far from usual"} <= set(json.loads(done.stdout))


@pytest.mark.usefixtures("store")
def test_own_features_importing_the_project_are_refused(tmp_path: Path) -> None:
    leaning = OWN + "\n\nfrom engine.data.simulator import simulate\n"
    line = source("poc/features.py").read_text().count("\n") + ADDED.count("\n")
    line += leaning.count("\n")
    verdict, measured = built(tmp_path / "project", leaning)["results"]["safe"]
    assert verdict == "refuse"
    assert f"features.py line {line} imports engine, which serving does not install" in measured
