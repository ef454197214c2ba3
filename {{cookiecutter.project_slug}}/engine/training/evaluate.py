"""How good a model is, in the success metric, in others beside it, by group and in money."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.problem.errors import BadInput
from engine.problem.known_metrics import metrics_of
from engine.problem.metrics import METRICS, Interval, Units, interval, measure, resamples
from engine.problem.spec import Problem, Value

Array = NDArray[np.float64]

# A group with fewer rows says nothing about how well it is served.
FEWEST_IN_SLICE = 30
# A group for each of hundreds of values is no group any more.
MOST_SLICES = 50
# Above any probability: acting never is what earns most.
NEVER = math.nextafter(1.0, 2.0)


@dataclass(frozen=True)
class Targets:
    """Outcomes as numbers: 0/1 for binary, 0…k-1 for multiclass, values for regression.

    `classes` are the labels in that order, as they stand in the data; none for regression. `units`
    say which rows are of one unit; None where none has two.
    """

    values: Array
    classes: tuple[Any, ...]
    units: Units | None = None

    @property
    def labels(self) -> NDArray[Any]:
        """What a model is fitted on: the labels themselves, so that it answers in them."""
        if not self.classes:
            return self.values
        labels: NDArray[Any] = np.asarray(self.classes)[self.values.astype(int)]
        return labels


def targets_of(problem: Problem, frame: pd.DataFrame, classes: Sequence[Any] = ()) -> Targets:
    """The outcomes of `frame` as numbers, by `classes` or by those that `frame` holds.

    Raises:
        BadInput: an outcome is no number or of a class that training never saw, or a binary
            target has other values than two, one of them positive.
    """
    target, outcome = problem.target, frame[problem.target.column]
    if target.task == "regression":
        values = outcome.to_numpy(np.float64, na_value=np.nan)
        if not np.isfinite(values).all():
            raise BadInput(
                f"'{target.column}' has {np.sum(~np.isfinite(values))} values that are no finite "
                "number; mend them at their source, or give the column a range in data/contract.py"
            )
        return Targets(values, (), _units(problem, frame))
    known = list(classes) or sorted(outcome.unique().tolist())
    if target.task == "binary" and not classes:
        if target.positive not in known:
            raise BadInput(
                f"target.positive is {target.positive!r}, but '{target.column}' holds {known}; "
                "name one of them in problem.toml"
            )
        if len(known) != 2:
            raise BadInput(
                f"'{target.column}' holds {len(known)} different values ({known!r:.60}); a binary "
                "target has two: mend the rows, or close it with pa.Check.isin([...]) in "
                "data/contract.py"
            )
        known.sort(key=lambda label: label == target.positive)
    codes = outcome.map({label: number for number, label in enumerate(known)})
    if codes.isna().any():
        strange = outcome[codes.isna()].unique().tolist()
        raise BadInput(
            f"'{target.column}' holds {strange}, which no row to learn from has ({known}); join "
            "rare classes, or leave their rows out"
        )
    return Targets(codes.to_numpy(np.float64), tuple(known), _units(problem, frame))


def _units(problem: Problem, frame: pd.DataFrame) -> Units | None:
    if not problem.rows.unit:
        return None
    codes, known = frame[problem.rows.unit].factorize(use_na_sentinel=False)
    return codes if len(known) < len(frame) else None


def among(units: Units | None, rows: NDArray[np.intp]) -> Units | None:
    """The units of some of the rows."""
    return None if units is None else units[rows]


def predict(model: Any, inputs: Any, task: str, classes: Sequence[Any]) -> Array:
    """Scores: P(positive) (n,), probabilities (n, k) in the order of `classes`, or values (n,).

    `model` is a pipeline and `inputs` its table, or the last step of one and its features.
    """
    if task == "regression":
        return np.asarray(model.predict(inputs), dtype=np.float64)
    known = model.classes_.tolist()
    probabilities = np.asarray(model.predict_proba(inputs), dtype=np.float64)
    ordered = probabilities[:, [known.index(label) for label in classes]]
    return ordered[:, 1] if task == "binary" else ordered


def money(
    value: Value, task: str, outcome: Array, score: Array, threshold: float | Array | None
) -> Array:
    """What each row earns, shape (n,), if the model's decision is followed.

    `threshold` is one for all rows, or one for each.
    """
    if task == "regression":
        return (value.per_unit_error or 0.0) * np.abs(outcome - score)
    if task == "multiclass":
        right = score.argmax(axis=1) == outcome
        return np.where(right, value.correct or 0.0, value.wrong or 0.0)
    acts = score >= (0.5 if threshold is None else threshold)
    hit = np.where(acts, value.true_positive or 0.0, value.false_negative or 0.0)
    miss = np.where(acts, value.false_positive or 0.0, value.true_negative or 0.0)
    return np.where(outcome == 1, hit, miss)


def best_threshold(value: Value, outcome: Array, score: Array) -> float:
    """The score from which acting earns most, on rows the model was not fitted on, or `NEVER`.

    Every score is tried: sorted once, the earnings of all thresholds are a running sum.
    """
    order = np.argsort(-score, kind="stable")
    ranked, hits = score[order], outcome[order] == 1
    gain = np.where(
        hits,
        (value.true_positive or 0.0) - (value.false_negative or 0.0),
        (value.false_positive or 0.0) - (value.true_negative or 0.0),
    )
    earned = np.cumsum(gain)
    # A threshold can only fall between different scores.
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    best = ends[np.argmax(earned[ends])]
    if earned[best] <= 0:
        return NEVER
    after = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + after) / 2)


def measures(
    problem: Problem, outcome: Array, score: Array, units: Units | None = None
) -> dict[str, Interval]:
    """Every metric that fits the task and is defined on these rows, with its interval.

    Raises:
        BadInput: the success metric is not.
    """
    fitting = metrics_of(problem.target.task)
    return {
        name: measure(METRICS[name], outcome, score, stratify=_strata(problem), units=units)
        for name in fitting
        if name == problem.success.metric or np.isfinite(METRICS[name].compute(outcome, score))
    }


def slices(
    problem: Problem,
    frame: pd.DataFrame,
    outcome: Array,
    score: Array,
    units: Units | None = None,
) -> list[dict[str, Any]]:
    """The success metric in each group that problem.toml names; null where there are too few rows.

    Raises:
        BadInput: a column has so many values that its groups are none.
    """
    metric, found = METRICS[problem.success.metric], []
    for part in problem.success.slices:
        labels = frame[part.column].astype("str").fillna("(missing)")
        if labels.nunique() > MOST_SLICES:
            raise BadInput(
                f"success.slices names '{part.column}', which has {labels.nunique()} values; name "
                f"a column with at most {MOST_SLICES}"
            )
        for label in sorted(labels.unique()):
            rows = np.flatnonzero((labels == label).to_numpy())
            measured: dict[str, float | None] = {"value": None, "low": None, "high": None}
            if len(rows) >= FEWEST_IN_SLICE and len(np.unique(outcome[rows])) > 1:
                own, strata = among(units, rows), _strata(problem)
                here = measure(metric, outcome[rows], score[rows], stratify=strata, units=own)
                measured |= here.to_json()
            found.append(
                {
                    "column": part.column,
                    "value": label,
                    "rows": len(rows),
                    "metric": measured["value"],
                    "low": measured["low"],
                    "high": measured["high"],
                    "floor": part.floor,
                }
            )
    return found


def _strata(problem: Problem) -> bool:
    return problem.target.task != "regression"


def calibration(outcome: Array, score: Array, groups: int = 10) -> list[dict[str, float]]:
    """Rows in `groups` of equal size by score: what was said against what came."""
    ranked = np.array_split(np.argsort(score, kind="stable"), groups)
    return [
        {
            "mean_score": float(score[rows].mean()),
            "share": float(outcome[rows].mean()),
            "rows": len(rows),
        }
        for rows in ranked
        if len(rows)
    ]


def worth(
    problem: Problem,
    outcome: Array,
    score: Array,
    baseline: Array,
    threshold: float | None,
    units: Units | None = None,
) -> dict[str, Any]:
    """Money for 1,000 rows with the model, its interval, and without it.

    Without: never acting (binary), or the baseline's answer (multiclass, regression).
    """
    task, value = problem.target.task, problem.value
    earned = money(value, task, outcome, score, threshold)
    without = money(value, task, outcome, baseline, threshold=np.inf if task == "binary" else None)
    samples = resamples(outcome, 200, 0, _strata(problem), units)
    result = interval(np.asarray([earned[rows].mean() for rows in samples]), float(earned.mean()))
    return {
        "currency": value.currency,
        "per_1000_rows": 1000 * result.value,
        "low": 1000 * result.low,
        "high": 1000 * result.high,
        "do_nothing": 1000 * float(without.mean()),
    }
