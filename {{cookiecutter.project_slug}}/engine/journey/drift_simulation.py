"""A drift simulation: one input is shifted on purpose, and the monitor must name it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd

from engine.bundle.bundle import Bundle
from engine.contract.column import Column
from engine.data.columns import json_rows
from engine.monitoring.result import Result
from engine.serving.log.predictions import PredictionLog
from engine.serving.log.segments import now
from engine.serving.model.predictor import load


@dataclass(frozen=True)
class Simulation:
    """The shifted column, and whether the monitor named it."""

    column: str
    noticed: bool


def simulate_drift(
    bundle: Bundle, logs: Path, rows: pd.DataFrame, monitor: Callable[[Bundle, Path], Result]
) -> Simulation | None:
    """Predict `rows` with one input shifted, log that as the server does, and run the monitor.

    None if there are fewer rows than the monitor needs.
    """
    # Shifting the input with the most bins changes the most.
    bins = {one["name"]: len(one["counts"]) for one in bundle.reference["features"]}
    able = [column for column in bundle.contract.inputs if column.type != "date"]
    column = max(able, key=lambda one: bins.get(one.name, 0), default=None)
    if column is None or len(rows) < bundle.problem.monitoring.minimum_rows:
        return None
    shifted = rows.assign(**{column.name: _shifted(rows[column.name], column)})
    sent = json_rows(shifted, bundle.contract.inputs)
    predictions = load(bundle, rehearsal=True).predict(sent)
    with PredictionLog(logs / "predictions", personal=bundle.problem.columns.personal) as log:
        for row, prediction in zip(sent, predictions, strict=True):
            head = {"prediction_id": uuid4().hex, "at": now(), "bundle": bundle.id}
            log.add({**head, "rehearsal": True, "row": row, **prediction})
    wrong = monitor(bundle, logs).wrong
    return Simulation(column.name, any(finding.subject == column.name for finding in wrong))


def _shifted(values: pd.Series, column: Column) -> pd.Series:
    """Numbers mirrored into their upper half; all else becomes one value."""
    if column.type not in ("number", "integer"):
        return pd.Series([values.dropna().iloc[0]] * len(values), values.index, dtype=values.dtype)
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    middle = np.nanmedian(numbers)
    shifted = np.where(numbers < middle, 2 * middle - numbers, numbers)
    low = -np.inf if column.minimum is None else column.minimum
    shifted = np.clip(shifted, low, np.inf if column.maximum is None else column.maximum)
    if column.type == "integer":
        shifted = np.round(shifted)
    return pd.Series(shifted, values.index).astype(values.dtype)
