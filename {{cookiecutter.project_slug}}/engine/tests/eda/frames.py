"""Small tables with a known truth, and the problem that goes with each."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.contract.column import Column, ColumnType
from engine.problem.spec import Problem
from engine.problem.tables import (
    Budget,
    Columns,
    Decision,
    Guardrails,
    Monitoring,
    Rows,
    Success,
    Target,
    Value,
)

Task = Literal["binary", "multiclass", "regression"]

TYPES: dict[str, ColumnType] = {
    "float64": "number",
    "int64": "integer",
    "bool": "boolean",
    "boolean": "boolean",
    "str": "category",
    "datetime64[us]": "date",
}
METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "r2"}
VALUES = {
    "binary": Value(
        currency="EUR",
        true_positive=1.0,
        false_positive=-1.0,
        true_negative=0.0,
        false_negative=0.0,
    ),
    "multiclass": Value(currency="EUR", correct=1.0, wrong=-1.0),
    "regression": Value(currency="EUR", per_unit_error=-1.0),
}


def problem(task: Task, target: str = "outcome", time: str | None = None) -> Problem:
    """A problem about `target`; the positive outcome of a binary one is True."""
    text = "A sentence."
    return Problem(
        decision=Decision(
            name="a-test", question="Will it rain?", action=text, stakeholder=text,
            intended_use=text, not_for=text,
        ),
        target=Target(
            column=target, task=task, positive=True if task == "binary" else None,
            label_delay_days=3,
        ),
        rows=Rows(source="parcels", time=time),
        columns=Columns(),
        success=Success(metric=METRICS[task], minimum=0.5, margin=0.0),
        value=VALUES[task],
        budget=Budget(latency_p99_ms=50.0, throughput_rps=50.0, memory_mb=500.0),
        monitoring=Monitoring(window_days=7, minimum_rows=100),
        guardrails=Guardrails(worse_by=0.01),
    )  # fmt: skip


def columns(frame: pd.DataFrame, target: str = "outcome") -> tuple[Column, ...]:
    """The inputs of `frame`: everything but the target."""
    return tuple(
        Column(str(name), TYPES[str(dtype)], nullable=bool(frame[name].isna().any()))
        for name, dtype in frame.dtypes.items()
        if name != target
    )


def mixed(task: Task, rows: int = 1_000, seed: int = 0, lost: float = 0.1) -> pd.DataFrame:
    """Every type of column, in order of time; a share `lost` of each but the time is missing.

    `outcome` depends on `signal` and `word` alone.
    """
    rng = np.random.default_rng(seed)
    minutes = np.sort(rng.integers(0, 200 * 24 * 60, rows))
    frame = pd.DataFrame(
        {
            "when": (np.datetime64("2026-01-01T00:00") + minutes).astype("datetime64[us]"),
            "signal": rng.normal(size=rows),
            "noise": rng.exponential(size=rows),
            "many": rng.integers(0, 1_000, rows).astype(float),
            "few": rng.integers(0, 4, rows).astype(float),
            "flag": pd.array(rng.random(rows) < 0.3, dtype="boolean"),
            "word": pd.Series(rng.choice(["a", "b", "c"], rows), dtype="str"),
            "name": pd.Series([f"n{i}" for i in rng.integers(0, 500, rows)], dtype="str"),
            "made": (np.datetime64("2020-01-01") + rng.integers(0, 900, rows)).astype(
                "datetime64[us]"
            ),
        }
    )
    pull = frame["word"].map({"a": -1.0, "b": 0.0, "c": 1.0}).to_numpy(np.float64)
    strength = 2 * frame["signal"].to_numpy(np.float64) + pull + rng.normal(size=rows)
    for name in frame.columns.drop("when"):
        frame.loc[rng.random(rows) < lost, name] = None
    frame["outcome"] = _outcome(task, strength)
    return frame


def _outcome(task: Task, strength: NDArray[np.float64]) -> "pd.Series[Any]":
    if task == "regression":
        return pd.Series(strength)
    if task == "binary":
        return pd.Series(strength > 1)
    return pd.Series(
        np.array(["low", "middle", "high"])[np.digitize(strength, (-1, 1))], dtype="str"
    )
