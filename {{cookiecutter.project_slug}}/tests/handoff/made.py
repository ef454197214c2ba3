"""Makes small projects with a real run and a real bundle, and bundles that lie."""

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

from handoff.build import build
from handoff.bundle import MANIFEST, Bundle
from handoff.bundle import read as read_bundle
from handoff.checks.finding import Evidence, Result
from handoff.gate import CHECKS, Judgement, judge
from poc.dataset import gather
from poc.train import train
from problem.spec import Task, read

PROJECT = Path(__file__).parents[2]

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
slices = [{{ column = "shop", floor = {floor} }}]

[value]
currency = "EUR"
{value}

[budget]
latency_p99_ms = 100.0
throughput_rps = 50.0
memory_mb = 800.0

[monitoring]
window_days = 7
minimum_rows = 30

[guardrails]
worse_by = 0.01
slower_by = 1.5
failed_share = 0.01
"""
OUTCOMES = {"binary": "late", "multiclass": "speed", "regression": "days"}
BY_TASK: dict[Task, dict[str, Any]] = {
    "binary": {
        "target": 'column = "late"\ntask = "binary"\npositive = true',
        "rows": 'time = "ordered_at"',
        "success": 'metric = "brier_score"\nminimum = 0.2\nmargin = 0.02',
        "floor": 0.25,
        "value": "true_positive = 8.0\nfalse_positive = -2.0\ntrue_negative = 0.0\n"
        "false_negative = 0.0",
    },
    "multiclass": {
        "target": 'column = "speed"\ntask = "multiclass"',
        "rows": 'unit = "customer"',
        "success": 'metric = "accuracy"\nminimum = 0.5\nmargin = 0.1',
        "floor": 0.4,
        "value": "correct = 1.0\nwrong = -1.0",
    },
    "regression": {
        "target": 'column = "days"\ntask = "regression"',
        "rows": "",
        "success": 'metric = "mean_absolute_error"\nminimum = 1.0\nmargin = 0.1',
        "floor": 1.2,
        "value": "per_unit_error = -0.5",
    },
}
ORDERS = pa.DataFrameSchema(
    {
        "order": pa.Column(str, unique=True),
        "customer": pa.Column(str),
        "ordered_at": pa.Column("datetime64[us]"),
        "shop": pa.Column(str, pa.Check.isin(["north", "south"])),
        "carrier": pa.Column(str, nullable=True),
        "weight": pa.Column(float, pa.Check.in_range(0, 40), nullable=True),
        "items": pa.Column(int, pa.Check.in_range(1, 20)),
        "fragile": pa.Column(bool),
        "insured": pa.Column("boolean", nullable=True),
        "arrived_at": pa.Column("datetime64[us]"),
        "late": pa.Column(bool),
        "speed": pa.Column(str),
        "days": pa.Column(float),
    },
    strict=True,
    coerce=True,
)


def orders(rows: int = 900, seed: int = 0) -> pd.DataFrame:
    """Orders with a number, a class and a yes or no to predict, and columns of every type."""
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


@dataclass(frozen=True)
class Workshop:
    """A project folder, the contract of its rows, and a bundle that was built there."""

    root: Path
    schema: pa.DataFrameSchema
    bundle: Path

    def judge(self) -> Judgement:
        """What the gate says; the working directory must be `root`."""
        return judge(self.bundle, self.schema)

    def refused_by(self) -> set[str]:
        """The checks that refuse the bundle."""
        return {one.check for one in self.judge().refusals}

    def ask(self, check: str) -> Result:
        """What one check alone says, which is faster."""
        evidence = Evidence(read_bundle(self.bundle), self.schema, gather(read(), self.schema))
        return next(one for one in CHECKS if one.name == check).ask(evidence)

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


def make_project(root: Path, task: Task) -> None:
    """A project folder with rows, a problem and the feature code; nothing is trained yet."""
    others = "\n".join(
        f'{name} = "another outcome"' for key, name in OUTCOMES.items() if key != task
    )
    parts = BY_TASK[task] | {"task": task, "others": others}
    files = {
        "problem/problem.toml": PROBLEM.format(**parts).encode(),
        "poc/features.py": (PROJECT / "poc/features.py").read_bytes(),
        "requirements/serving.txt": (PROJECT / "requirements/serving.txt").read_bytes(),
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "data/raw").mkdir(parents=True)
    orders().to_parquet(root / "data/raw/orders.parquet")


def train_and_build() -> Bundle:
    """A run and its bundle, in the working directory."""
    run = train(read(), ORDERS, say=lambda _: None)
    return build(ORDERS, run.run_id, say=lambda _: None)


def reseal(bundle: Path) -> str:
    """A manifest that is true of the files as they are now; the bundle's new id."""
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
    """The same project and bundle elsewhere, to be changed."""
    shutil.copytree(workshop.root, root, dirs_exist_ok=True)
    bundle = root / workshop.bundle.relative_to(workshop.root)
    return replace(workshop, root=root, bundle=bundle)
