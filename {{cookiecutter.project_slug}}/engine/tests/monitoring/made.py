"""Makes what the monitor reads: a bundle with a frozen reference, a prediction log, labels."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.bundle.bundle import FORMAT, MANIFEST, Bundle, Contract
from engine.bundle.reference import freeze
from engine.contract.column import Column
from engine.problem import spec

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOSTILE = 'weight "kg"; DROP TABLE x; --\'/~ é'
COLUMNS = (
    Column(HOSTILE, "number", nullable=True),
    Column("items", "integer"),
    Column("Items", "integer", nullable=True),
    Column("carrier", "category", nullable=True, categories=("blue", "red", "green")),
    Column("service", "category", categories=("slow", "fast"), closed=True),
    Column("fragile", "boolean", nullable=True),
    Column("ordered_at", "date"),
)
# Its own, not the project's: these tests hold whatever the project predicts.
PROBLEM = """
[decision]
name = "late-parcels"
question = "Will it be late?"
action = "Send it by express."
stakeholder = "Head of delivery"
intended_use = "At checkout."
not_for = "Rating carriers."
[target]
column = "late"
task = "binary"
positive = true
label_delay_days = 14
[rows]
source = "parcels"
[success]
metric = "roc_auc"
minimum = 0.7
margin = 0.1
[value]
currency = "EUR"
true_positive = 8.0
false_positive = -2.0
true_negative = 0.0
false_negative = 0.0
[budget]
latency_p99_ms = 50.0
throughput_rps = 50.0
memory_mb = 600.0
[monitoring]
window_days = 7
minimum_rows = 200

[guardrails]
worse_by = 0.01
"""
METRICS = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "mean_absolute_error"}
CLASSES = {"binary": (False, True), "multiclass": ("low", "mid", "high"), "regression": ()}


def rows(count: int, seed: int, *, shift: float = 0.0, day: int = 0) -> pd.DataFrame:
    """Rows of all types, some values missing; `shift` moves the weight by standard deviations."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            HOSTILE: rng.normal(loc=shift, size=count),
            "items": rng.poisson(3, count),
            "Items": rng.poisson(30, count).astype(float),
            "carrier": pd.Series(rng.choice(["blue", "red", "green"], count)).astype("str"),
            "service": pd.Series(rng.choice(["slow", "fast"], count)).astype("str"),
            "fragile": pd.array(rng.random(count) < 0.3, dtype="boolean"),
            "ordered_at": NOW.replace(tzinfo=None) + pd.to_timedelta(rng.random(count) + day, "D"),
        }
    )
    for name in (HOSTILE, "Items", "carrier", "fragile"):
        frame.loc[rng.random(count) < 0.1, name] = None
    return frame


def bundle_of(
    reference: dict[str, Any],
    task: str = "binary",
    performance: tuple[float, float, float] = (0.8, 0.75, 0.85),
    minimum_rows: int = 100,
) -> Bundle:
    """A bundle that the monitor can judge: its outcomes come after 14 days, its window is 7."""
    problem = spec.parse(PROBLEM, "problem.toml")
    value, low, high = performance
    positive = True if task == "binary" else None
    changed = {
        "target": problem.target.model_copy(update={"task": task, "positive": positive}),
        "success": problem.success.model_copy(update={"metric": METRICS[task]}),
        "monitoring": problem.monitoring.model_copy(update={"minimum_rows": minimum_rows}),
    }
    usual = {"metric": METRICS[task], "value": value, "low": low, "high": high, "rows": 1000}
    return Bundle(
        path=Path("nowhere"),
        id="b" * 64,
        manifest={},
        problem=problem.model_copy(update=changed),
        contract=Contract(task, CLASSES[task], COLUMNS, ()),
        evaluation={},
        reference={**reference, "performance": usual},
    )


@cache
def frozen(count: int = 2000, seed: int = 0) -> dict[str, Any]:
    """The reference of rows without drift, their scores even between 0 and 1."""
    return freeze(rows(count, seed), COLUMNS, np.random.default_rng(seed).random(count))


def write_bundle(folder: Path, bundle: Bundle) -> str:
    """The bundle as files that `bundle.bundle` accepts; the monitor never opens the model."""
    files = {
        "problem.toml": PROBLEM,
        "contract.json": json.dumps(bundle.contract.to_json()),
        "reference.json": json.dumps(bundle.reference),
        "evaluation.json": "{}",
        **dict.fromkeys(("model/model.skops", "code/features.py", "golden.jsonl"), ""),
        "model_card.md": "",
    }
    digests = {}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
        digests[name] = hashlib.sha256(text.encode()).hexdigest()
    about = {"name": "late-parcels", "version": 1, "features_module": "poc.features"}
    manifest = json.dumps({"format": FORMAT, **about, "files": digests}).encode()
    (folder / MANIFEST).write_bytes(manifest)
    return hashlib.sha256(manifest).hexdigest()


def write_log(
    logs: Path,
    frame: pd.DataFrame,
    answers: Sequence[float] | Sequence[dict[str, Any]],
    *,
    bundle: str = "b" * 64,
    at: datetime = NOW,
    rehearsal: bool = False,
    segment: str = "one",
) -> list[str]:
    """A segment with a record for each row, as the server writes it; the predictions' ids."""
    ids = [f"{segment}-{i}" for i in range(len(frame))]
    # pandas writes values as the contract has them in JSON: dates as text, missing as null.
    values = json.loads(frame.to_json(orient="records", date_format="iso"))
    records = [
        {
            "prediction_id": name,
            "at": at.isoformat(),
            "bundle": bundle,
            "rehearsal": rehearsal,
            "row": row,
            **(answer if isinstance(answer, dict) else {"score": answer}),
        }
        for name, row, answer in zip(ids, values, answers, strict=True)
    ]
    write_lines(logs / "predictions" / f"{segment}.jsonl", records)
    return ids


def write_labels(
    logs: Path,
    ids: Sequence[str],
    labels: Sequence[Any],
    *,
    at: datetime = NOW,
    segment: str = "one",
) -> None:
    """A segment of labels, as the server writes it."""
    records = [
        {"prediction_id": name, "label": label, "at": at.isoformat()}
        for name, label in zip(ids, labels, strict=True)
    ]
    write_lines(logs / "labels" / f"{segment}.jsonl", records)


def write_lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)
