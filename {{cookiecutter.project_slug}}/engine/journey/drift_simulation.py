"""A drift drill: one input is shifted on purpose, and the monitor has to say which."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
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
class Drill:
    """Which column was shifted, and whether the monitor named it."""

    column: str
    noticed: bool


def drift_drill(
    bundle: Bundle, logs: Path, rows: pd.DataFrame, monitor: Callable[[Bundle, Path], Result]
) -> Drill | None:
    """Answer `rows` with one input shifted, log it as the server does, and run the monitor.

    None where there are too few rows for the monitor to say anything.
    """
    column = _richest(bundle)
    if column is None or len(rows) < bundle.problem.monitoring.minimum_rows:
        return None
    shifted = rows.assign(**{column.name: _shifted(rows[column.name], column)})
    asked = json_rows(shifted, bundle.contract.inputs)
    answers = load(bundle, rehearsal=True).predict(asked)
    with PredictionLog(logs / "predictions", personal=bundle.problem.columns.personal) as log:
        for row, answer in zip(asked, answers, strict=True):
            head: dict[str, Any] = {"prediction_id": uuid4().hex, "at": now(), "bundle": bundle.id}
            log.add({**head, "rehearsal": True, "row": row, **answer})
    wrong = monitor(bundle, logs).wrong
    return Drill(column.name, any(finding.subject == column.name for finding in wrong))


def _richest(bundle: Bundle) -> Column | None:
    """The input whose values fill the most bins: shifting it shows the most."""
    bins = {one["name"]: len(one["counts"]) for one in bundle.reference["features"]}
    able = [column for column in bundle.contract.inputs if column.type != "date"]
    return max(able, key=lambda column: bins.get(column.name, 0), default=None)


def _shifted(values: pd.Series, column: Column) -> pd.Series:
    """Numbers squeezed into their upper half, anything else all the same value."""
    if column.type not in ("number", "integer"):
        return pd.Series([values.dropna().iloc[0]] * len(values), values.index, dtype=values.dtype)
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    middle = np.nanmedian(numbers)
    moved = np.where(numbers < middle, 2 * middle - numbers, numbers)
    limits = (column.minimum, column.maximum)
    moved = np.clip(moved, *(limits if limits != (None, None) else (-np.inf, np.inf)))
    if column.type == "integer":
        moved = np.round(moved)
    return pd.Series(moved, values.index).astype(values.dtype)
