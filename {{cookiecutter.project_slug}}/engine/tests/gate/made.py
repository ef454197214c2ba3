"""Makes small projects with a real run and a real bundle, and changes bundles."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from engine.bundle.build import build
from engine.bundle.bundle import MANIFEST, Bundle
from engine.gate.checks.check import Finding
from engine.gate.gate import STANDARD_CHECKS, Verdict, validate
from engine.problem.spec import Task, read
from engine.tests.gate import contract
from engine.tests.project import source
from engine.training.candidates import ModelDefinition
from poc.model import candidates
from poc.train import train

ORDERS = contract.ROW
MODEL = ModelDefinition(ORDERS, candidates)
# The checks that need no process of their own: seconds in all.
QUICK = tuple(check for check in STANDARD_CHECKS if not check.slow_note)

PROBLEM = """\
assumed = []

[decision]
name = "{task}-for-tests"
question = "How will this order go?"
action = "Call the customer."
stakeholder = "Head of delivery"
intended_use = "Orders at checkout."
not_for = "Rating customers."

[target]
{target}
label_delay_days = 3

[rows]
source = "data/raw/orders.parquet"
id = "order"
{rows}

[columns.excluded]
arrived_at = "known only after the outcome"
{others}

[columns.personal]
customer = "names a person"

[success]
{success}
{calibration}
slices = [{{ column = "shop", floor = {floor} }}]

[value]
currency = "EUR"
{value}

[budget]
latency_p99_ms = 5000.0
throughput_rps = 1.0
memory_mb = 4000.0

[monitoring]
window_days = 7
minimum_rows = 30

[guardrails]
worse_by = 0.01

[[expectations.invariance]]
column = "shop"
within = {within}
because = "both shops pack alike"
{direction}
[[expectations.minimum]]
row = {{ items = 20, weight = 39.0, carrier = "red" }}
{plain}
because = "everything that takes long at once"
"""
DIRECTION = """
[[expectations.direction]]
column = "items"
step = 5.0
score = "rises"
because = "more items take longer to pack"
"""
OUTCOMES = {"binary": "late", "multiclass": "speed", "regression": "days"}
BY_TASK: dict[Task, dict[str, Any]] = {
    "binary": {
        "target": 'column = "late"\ntask = "binary"\npositive = true',
        "rows": 'time = "ordered_at"',
        "success": 'metric = "brier_score"\nminimum = 0.2\nmargin = 0.02',
        "floor": 0.25,
        "calibration": "calibration_error = 0.15",
        "within": 0.15,
        "direction": DIRECTION,
        "plain": "above = 0.5",
        "value": "true_positive = 8.0\nfalse_positive = -2.0\ntrue_negative = 0.0\n"
        "false_negative = 0.0",
    },
    "multiclass": {
        "target": 'column = "speed"\ntask = "multiclass"',
        "rows": 'unit = "customer"',
        "success": 'metric = "accuracy"\nminimum = 0.5\nmargin = 0.1',
        "floor": 0.4,
        "calibration": "calibration_error = 0.15",
        "within": 0.3,
        "direction": "",
        "plain": 'decision = "slow"',
        "value": "correct = 1.0\nwrong = -1.0",
    },
    "regression": {
        "target": 'column = "days"\ntask = "regression"',
        "rows": "",
        "success": 'metric = "mean_absolute_error"\nminimum = 1.0\nmargin = 0.1',
        "floor": 1.2,
        "calibration": "",
        "within": 0.5,
        "direction": DIRECTION,
        "plain": "above = 8.0",
        "value": "per_unit_error = -0.5",
    },
}


def orders(rows: int = 900, seed: int = 0) -> pd.DataFrame:
    """Orders with columns of every type and a target for each task."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "order": [f"o{number}" for number in range(rows)],
            "customer": [f"c{number}" for number in rng.integers(0, rows // 2, rows)],
            "ordered_at": pd.Timestamp("2026-01-01")
            + pd.to_timedelta(np.sort(rng.integers(0, 10**7, rows)), "s"),
            "shop": rng.choice(["north", "south"], rows),
            "carrier": rng.choice(["blue", "red", "green"], rows),
            "weight": rng.gamma(2, 4, rows).clip(0, 40).round(2),
            "items": rng.integers(1, 20, rows),
            "fragile": rng.random(rows) < 0.3,
            "insured": pd.array(rng.random(rows) < 0.5, dtype="boolean"),
        }
    )
    days = 1 + 0.3 * frame["items"] + 0.2 * frame["weight"] + 2 * (frame["carrier"] == "red")
    frame["days"] = (days * np.exp(rng.normal(0, 0.15, rows))).round(3)
    frame["arrived_at"] = frame["ordered_at"] + pd.to_timedelta(frame["days"], "D").dt.round("us")
    frame["late"] = frame["days"] > 6.5
    frame["speed"] = np.select([frame["days"] < 5, frame["days"] < 7], ["fast", "usual"], "slow")
    for name in ("carrier", "weight", "insured"):
        frame.loc[rng.random(rows) < 0.05, name] = None
    return frame


def assert_says_what_to_do(finding: Finding) -> None:
    """Every finding has facts; each that refuses or warns has a next step, whatever the test."""
    assert finding.measured, finding
    assert finding.required, finding
    assert finding.next.strip() or finding.outcome not in ("refuse", "warn"), finding


@dataclass(frozen=True)
class Workshop:
    """A project folder, the contract of its rows, and a bundle that was built there."""

    root: Path
    schema: pa.DataFrameSchema
    bundle: Path

    @property
    def definition(self) -> ModelDefinition:
        """The contract, with the candidates of the template."""
        return ModelDefinition(self.schema, candidates)

    def validate(self) -> Verdict:
        """The verdict of the quick checks; the working directory must be `root`."""
        verdict = validate(self.bundle, self.definition, QUICK)
        for finding in verdict.findings:
            assert_says_what_to_do(finding)
        return verdict

    def refused_by(self) -> set[str]:
        """The checks that refuse the bundle."""
        return {one.check for one in self.validate().refusals}

    def run(self, check: str) -> Finding:
        """The finding of one check."""
        checks = [one for one in STANDARD_CHECKS if one.name == check]
        [finding] = validate(self.bundle, self.definition, checks).findings
        assert_says_what_to_do(finding)
        return finding

    def edit(self, name: str, old: str, new: str, *, also: str = "") -> None:
        """Replace text in a file of the bundle, and in a file of the project as well."""
        for path in [self.bundle / name, *([self.root / also] if also else [])]:
            text = path.read_text(encoding="utf-8")
            assert old in text, f"{old!r} is not in {path}"
            path.write_text(text.replace(old, new), encoding="utf-8")
        reseal(self.bundle)

    def edit_json(self, name: str, change: Callable[[Any], object]) -> None:
        """Change the values of a JSON file of the bundle."""
        value = json.loads((self.bundle / name).read_text(encoding="utf-8"))
        change(value)
        (self.bundle / name).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        reseal(self.bundle)


# The folders that a checkout needs to train.
PACKAGES = ("engine", "problem", "data", "poc", "handoff", "serving", "monitoring")


def copy_code(root: Path) -> None:
    """The project's own code, with the contract of orders: a checkout that can train again."""
    # No notebooks: they have tests of their own, and each would take seconds here.
    left_out = shutil.ignore_patterns(
        "__pycache__", "records", "raw", "*.ipynb", "rough.py", "tests"
    )
    for name in PACKAGES:
        shutil.copytree(
            source(name),
            root / name,
            ignore=left_out,
            dirs_exist_ok=True,
        )
    shutil.copyfile(source("engine/tests/gate/contract.py"), root / "data/contract.py")


def make_project(root: Path, task: Task) -> None:
    """A project folder with rows, a problem and the feature code; nothing is trained yet."""
    others = "\n".join(
        f'{name} = "another outcome"' for key, name in OUTCOMES.items() if key != task
    )
    values = BY_TASK[task] | {"task": task, "others": others}
    files = {
        "problem/problem.toml": PROBLEM.format(**values).encode(),
        "deploy/release.toml": b'champion = ""\n',
        "poc/features.py": source("poc/features.py").read_bytes(),
        "requirements/serving.txt": source("requirements/serving.txt").read_bytes(),
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "data/raw").mkdir(parents=True)
    orders().to_parquet(root / "data/raw/orders.parquet")


def train_and_build() -> Bundle:
    """A run and its bundle, in the working directory."""
    run = train(read(), MODEL, lambda _: None)
    return build(MODEL, run.run_id, progress=lambda _: None)


def reseal(bundle: Path) -> str:
    """Make the manifest agree with the files, and return the bundle's new id."""
    path = bundle / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"] = {
        file.relative_to(bundle).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(bundle.rglob("*"))
        if file.is_file() and file != path
    }
    path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def copied(workshop: Workshop, root: Path) -> Workshop:
    """A copy of the project and its bundle in `root`."""
    shutil.copytree(workshop.root, root, dirs_exist_ok=True)
    bundle = root / workshop.bundle.relative_to(workshop.root)
    return replace(workshop, root=root, bundle=bundle)
