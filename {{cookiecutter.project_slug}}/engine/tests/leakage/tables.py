"""Tables with and without a leak, and short ways to search them."""

from typing import Any

import numpy as np
import pandas as pd

from engine.contract.column import Column, ColumnType
from engine.leakage import Leak, single_class_values
from engine.leakage import find as find_in
from engine.problem.spec import Label, Problem, Task
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

SEEDS = range(3)
TARGET = "the target"
SUCCESS: dict[Task, Success] = {
    "binary": Success(metric="roc_auc", minimum=0.5, margin=0.0),
    "multiclass": Success(metric="accuracy", minimum=0.5, margin=0.0),
    "regression": Success(metric="r2", minimum=0.5, margin=0.0),
}
VALUES: dict[Task, Value] = {
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


def problem(
    task: Task,
    positive: Label | None = None,
    known_after: dict[str, str] | None = None,
    time: str | None = None,
    known_in_time: dict[str, str] | None = None,
    unit: str | None = None,
) -> Problem:
    """A problem about `TARGET`, with columns that are `known_after` the outcome."""
    text = "Stated in a test."
    return Problem(
        decision=Decision(
            name="a-test", question=text, action=text, stakeholder=text, intended_use=text,
            not_for=text,
        ),
        target=Target(column=TARGET, task=task, positive=positive, label_delay_days=1),
        rows=Rows(source="parcels", time=time, unit=unit),
        columns=Columns(known_after=known_after or {}, known_in_time=known_in_time or {}),
        success=SUCCESS[task],
        value=VALUES[task],
        budget=Budget(latency_p99_ms=50.0, throughput_rps=50.0, memory_mb=500.0),
        monitoring=Monitoring(window_days=7, minimum_rows=100),
        guardrails=Guardrails(worse_by=0.01),
    )  # fmt: skip


def find(
    frame: pd.DataFrame,
    target: "pd.Series[Any] | np.ndarray[Any, Any]",
    known_after: dict[str, str] | None = None,
    time: str | None = None,
    unit: str | None = None,
) -> list[Leak]:
    """The leaks in `frame`; a target of floats is a number, any other has classes."""
    return find_in(*_arguments(frame, target, known_after, time, unit))


def questions(
    frame: pd.DataFrame, target: "pd.Series[Any] | np.ndarray[Any, Any]"
) -> dict[str, str]:
    """The questions about `frame`: columns and their single-class values."""
    return {
        leak.columns[0]: leak.mechanism for leak in single_class_values(*_arguments(frame, target))
    }


def _arguments(
    frame: pd.DataFrame,
    target: "pd.Series[Any] | np.ndarray[Any, Any]",
    known_after: dict[str, str] | None = None,
    time: str | None = None,
    unit: str | None = None,
) -> tuple[Problem, pd.DataFrame, list[Column]]:
    outcome = pd.Series(target).reset_index(drop=True)
    classes = outcome.unique().tolist()
    task: Task = "binary" if len(classes) == 2 else "multiclass"
    task = "regression" if outcome.dtype == float else task
    positive = max(classes) if task == "binary" else None
    definition = problem(task, positive, known_after, time, unit=unit)
    inputs = [Column(str(n), kind(frame[n])) for n in frame if n not in definition.kept_out]
    return definition, frame.reset_index(drop=True).assign(**{TARGET: outcome}), inputs


def named(leaks: list[Leak]) -> set[str]:
    """The columns that the leaks name."""
    return {name for leak in leaks for name in leak.columns}


def kind(values: pd.Series) -> ColumnType:
    if pd.api.types.is_bool_dtype(values.dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "date"
    if pd.api.types.is_integer_dtype(values.dtype):
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(values.dtype) else "category"


def noise(rng: np.random.Generator, rows: int, columns: int = 12) -> pd.DataFrame:
    """Honest columns of each type, some with missing values."""
    numbers = rng.normal(size=(rows, columns))
    numbers[rng.random((rows, columns)) < 0.03] = np.nan
    frame = pd.DataFrame(numbers, columns=[f"noise {number}" for number in range(columns)])
    frame["shop"] = pd.Series(rng.choice(["a", "b", "c"], rows), dtype="str")
    frame["flag"] = pd.array(rng.random(rows) < 0.3, dtype="boolean")
    frame["items"] = rng.integers(0, 9, rows)
    frame["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 99, rows), "D")
    return frame


def missing(rng: np.random.Generator, values: Any, share: float = 0.1) -> pd.Series:
    """`values`, some of them missing."""
    return pd.Series(values).mask(rng.random(len(values)) < share)


def parts_of_target(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Columns to compute a target from."""
    start = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), "s")
    a = rng.gamma(2, 30, rows) + 1
    return pd.DataFrame(
        {
            "a": a,
            "b": rng.gamma(3, 10, rows) + 1,
            "c": rng.gamma(3, 20, rows) + 1,
            "near a": a + rng.gamma(2, 0.1, rows),
            "from": start,
            "until": start + pd.to_timedelta(rng.integers(3600, 10**6, rows), "s"),
            "m": rng.integers(0, 200, rows),
            "n": rng.integers(0, 300, rows),
        }
    )
