"""Makes a small real bundle: a fitted pipeline with feature code of its own, hashed and golden."""

import hashlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

from engine.bundle.bundle import FORMAT, MANIFEST, Contract
from engine.contract.column import Column
from engine.problem.spec import Task
from engine.tests.training.made import written

COLUMNS = (
    Column("mean radius (mm)", "number", minimum=0, maximum=50, meaning="size", example=12.5),
    Column("items", "integer", minimum=1, maximum=100, example=3),
    Column("days", "integer", nullable=True),
    Column("fragile", "boolean", example=False),
    Column("insured", "boolean", nullable=True),
    Column("service", "category", categories=("slow", "fast"), closed=True, example="fast"),
    Column("carrier", "category", nullable=True, categories=("blue", "red"), example="red"),
    Column("ordered_at", "date", example="2026-03-01T09:30:00"),
)
ROW: dict[str, Any] = {column.name: column.example for column in COLUMNS}
CLASSES = {"binary": (False, True), "multiclass": ("high", "low", "middle"), "regression": ()}
FEATURES = '''
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

FACTOR = 1.0

class Floats(TransformerMixin, BaseEstimator):
    """Numbers, flags and the hour of dates, as float32."""

    def fit(self, frame, target=None):
        self.n_features_in_ = frame.shape[1]
        return self

    def transform(self, frame):
        return np.column_stack([self._floats(column) for _, column in frame.items()]) * FACTOR

    def get_feature_names_out(self, names=None):
        return names

    def _floats(self, column):
        if column.dtype.kind == "M":
            column = column.dt.hour
        return column.to_numpy(np.float32, na_value=np.nan)
'''


def make_bundle(path: Path, task: Task = "binary", code: str = FEATURES) -> str:
    """Write a bundle whose model was trained with this feature code; returns its id."""
    rows = _rows()
    # Unlike the server's table: another code path, and all rows at once.
    table = pd.DataFrame(rows).astype({column.name: column.dtype for column in COLUMNS})
    model, answers = _train(code, table, task)
    golden = [
        {"kind": "typical", "row": row, "answer": answer}
        for row, answer in zip(rows[:20], answers, strict=False)
    ]
    contract = Contract(task, CLASSES[task], COLUMNS, ({"name": "score", "meaning": "how sure"},))
    files = {
        "problem.toml": written(task).encode(),
        "contract.json": _json(contract.to_json()),
        "model/model.skops": model,
        "code/features.py": code.encode(),
        "golden.jsonl": b"".join(_json(line) + b"\n" for line in golden),
        "reference.json": _json({"score": {"edges": [0.25, 0.5, 0.75], "counts": [1, 1, 1, 1]}}),
        "evaluation.json": _json({"threshold": 0.5 if task == "binary" else None}),
        "model_card.md": b"# A model for tests\n",
    }
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return write_manifest(path)


def write_manifest(path: Path) -> str:
    """Write the manifest of the present files; returns the bundle's new id."""
    (path / MANIFEST).unlink(missing_ok=True)
    files = {
        file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }
    manifest = {
        "format": FORMAT,
        "name": "parcels-for-tests",
        "version": 1,
        "features_module": "poc.features",
        "files": files,
    }
    (path / MANIFEST).write_bytes(_json(manifest))
    return hashlib.sha256(_json(manifest)).hexdigest()


def accept(bundle: str, records: Path) -> None:
    """Write a record of acceptance: the verdict and both signatures."""
    folder = records / bundle
    folder.mkdir(parents=True)
    verdict = _json({"bundle": bundle, "verdict": "passed"})
    (folder / "verdict.json").write_bytes(verdict)
    digest = hashlib.sha256(verdict).hexdigest()
    for team in ("data-science", "ml-engineering"):
        signed = {
            "team": team,
            "bundle": bundle,
            "verdict": digest,
            "person": "A",
            "signed_at": "B",
        }
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in signed.items()]
        (folder / f"{team}.toml").write_text("".join(lines))


def _rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [
        {
            "mean radius (mm)": round(float(rng.uniform(0, 50)), 3),
            "items": int(rng.integers(1, 100)),
            "days": None if rng.random() < 0.2 else int(rng.integers(0, 30)),
            "fragile": bool(rng.random() < 0.3),
            "insured": None if rng.random() < 0.2 else bool(rng.random() < 0.5),
            "service": str(rng.choice(["slow", "fast"])),
            "carrier": None if rng.random() < 0.2 else str(rng.choice(["blue", "red"])),
            "ordered_at": f"2026-03-{rng.integers(1, 29):02d}T{rng.integers(0, 24):02d}:30:00",
        }
        for _ in range(300)
    ]


def _train(code: str, table: pd.DataFrame, task: str) -> tuple[bytes, list[dict[str, Any]]]:
    """The model as a skops archive, and its predictions."""
    features = ModuleType("poc.features")
    before = {name: sys.modules.get(name) for name in ("poc", "poc.features")}
    sys.modules |= {"poc": ModuleType("poc"), "poc.features": features}
    try:
        exec(code, features.__dict__)  # noqa: S102
        numbers = [column.name for column in COLUMNS if column.type != "category"]
        branches = [
            ("numbers", features.Floats(), numbers),
            ("labels", OneHotEncoder(handle_unknown="ignore"), ["service", "carrier"]),
        ]
        regression = task == "regression"
        kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        model = make_pipeline(ColumnTransformer(branches, sparse_threshold=0), kind(max_iter=10))
        size = table["mean radius (mm)"] + table["days"].fillna(0)
        bands = np.select([size < 20, size < 45], ["low", "middle"], "high").astype(object)
        target = {"binary": size > 35, "multiclass": bands, "regression": size}[task]
        with threadpool_limits(1):
            model.fit(table, target)
        return skops.io.dumps(model), _answers(model, table, task)
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


def _answers(model: Any, table: pd.DataFrame, task: str) -> list[dict[str, Any]]:
    if task == "regression":
        return [{"score": float(value)} for value in model.predict(table)]

    def scores(row: list[float]) -> dict[str, float]:
        return dict(zip(model.classes_, row, strict=True))

    shares = model.predict_proba(table)
    if task == "binary":
        return [{"score": float(p), "decision": bool(p >= 0.5)} for p in shares[:, 1]]
    return [
        {"score": max(row), "decision": str(decided), "scores": scores(row)}
        for row, decided in zip(shares.tolist(), model.predict(table), strict=True)
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
