"""How good a model is: targets, predictions, metrics, slices and bootstrap intervals."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.pipeline import Pipeline

from engine.problem.errors import BadInput
from engine.problem.files import location_of
from engine.problem.known_metrics import metrics_of
from engine.problem.metrics import (
    METRICS,
    Array,
    Groups,
    Interval,
    interval,
    measure,
    resamples,
)
from engine.problem.spec import Problem, Task

# A bootstrap of so many rows is enough to estimate the spread; but it needs at least so many rows
# of each class, and so many groups.
MOST_ROWS, FEWEST_OF_CLASS, FEWEST_GROUPS, REPEATS = 2_000, 50, 50, 200
# A group with fewer rows gives no reliable measure.
FEWEST_IN_SLICE = 30
CANDIDATE_FAILED = "candidate-failed"
# More values than that are no groups.
MOST_SLICES = 50


@dataclass(frozen=True)
class Targets:
    """Outcomes as numbers: 0/1 for binary, 0…k-1 for multiclass, values for regression.

    `classes` are the labels in that order, as in the data; none for regression. `groups` holds the
    number of each row's unit; None where no unit has two rows.
    """

    values: Array
    classes: tuple[Any, ...]
    groups: Groups | None = None

    @property
    def labels(self) -> NDArray[Any]:
        """The labels that a model is fitted on and predicts."""
        if not self.classes:
            return self.values
        labels: NDArray[Any] = np.asarray(self.classes)[self.values.astype(int)]
        return labels


def targets_of(problem: Problem, frame: pd.DataFrame, classes: Sequence[Any] = ()) -> Targets:
    """The outcomes of `frame` as numbers, by `classes` or by the classes in `frame`."""
    target, outcome = problem.target, frame[problem.target.column]
    groups = None
    if unit := problem.rows.unit:
        numbers, names = frame[unit].factorize(use_na_sentinel=False)
        groups = numbers if len(names) < len(frame) else None
    if target.task == "regression":
        values = outcome.to_numpy(np.float64, na_value=np.nan)
        if not np.isfinite(values).all():
            raise BadInput(
                f"Column '{target.column}' has {np.sum(~np.isfinite(values))} values that are not "
                "finite numbers. Fix them at their source, or give the column a range in "
                "data/contract.py.",
                code="target-not-finite",
            )
        return Targets(values, (), groups)
    labels = list(classes) or sorted(outcome.unique().tolist())
    if target.task == "binary" and not classes:
        if target.positive not in labels:
            raise BadInput(
                f"target.positive is {target.positive!r}, but column '{target.column}' holds "
                f"{labels}. Name one of them in problem.toml.",
                code="unknown-positive-class",
            )
        if len(labels) != 2:
            raise BadInput(
                f"Column '{target.column}' has {len(labels)} different values ({labels!r:.60}); a "
                "binary target has two. Fix the rows, or list the values with "
                "pa.Check.isin([...]) in data/contract.py.",
                code="target-not-binary",
            )
        labels.sort(key=lambda label: label == target.positive)
    codes = outcome.map({label: number for number, label in enumerate(labels)})
    if codes.isna().any():
        raise BadInput(
            f"Column '{target.column}' holds {outcome[codes.isna()].unique().tolist()}, which no "
            f"training row has ({labels}). Join rare classes, or exclude their rows.",
            code="unknown-class",
        )
    return Targets(codes.to_numpy(np.float64), tuple(labels), groups)


def predict(model: Any, inputs: Any, task: str, classes: Sequence[Any]) -> Array:
    """Scores: P(positive) (n,), probabilities (n, k) in the order of `classes`, or values (n,).

    `model` is a pipeline and `inputs` its table, or the last step of one and its features.
    BadInput if the model fails, returns another number of rows, or a score that is not finite.
    """
    last = model[-1] if isinstance(model, Pipeline) else model
    with model_errors(f"Prediction by {type(last).__name__}"):
        if task == "regression":
            scores = np.asarray(model.predict(inputs), dtype=np.float64)
        else:
            order = [model.classes_.tolist().index(label) for label in classes]
            scores = np.asarray(model.predict_proba(inputs), dtype=np.float64)[:, order]
            scores = scores[:, 1] if task == "binary" else scores
        if len(scores) != inputs.shape[0]:
            raise ValueError(f"{inputs.shape[0]} rows have {len(scores)} predictions")
        if not np.isfinite(scores).all():
            raise ValueError("a prediction is not finite")
    return scores


@contextmanager
def model_errors(what: str) -> Iterator[None]:
    """Turn an error of the team's features or of a library into BadInput; `what` has failed."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        message, place = str(error).partition("\n")[0], location_of(error)
        raise BadInput(
            f"{what} failed: {type(error).__name__}: {message:.300}. "
            f"{f'Fix {place}' if place else 'Check what poc/features.py makes of the rows'}, "
            "and run `make test`.",
            code=CANDIDATE_FAILED,
        ) from error


def measures(
    problem: Problem, outcome: Array, score: Array, groups: Groups | None = None
) -> dict[str, Interval]:
    """Every metric that fits the task and is defined on these rows, with its interval."""
    stratify = problem.target.task != "regression"
    return {
        name: measure(METRICS[name], outcome, score, stratify=stratify, groups=groups)
        for name in metrics_of(problem.target.task)
        if name == problem.success.metric or np.isfinite(METRICS[name].compute(outcome, score))
    }


def slices(
    problem: Problem,
    frame: pd.DataFrame,
    outcome: Array,
    score: Array,
    groups: Groups | None = None,
) -> list[dict[str, Any]]:
    """The success metric in each slice that problem.toml names; null where rows are too few."""
    metric, results = METRICS[problem.success.metric], []
    stratify = problem.target.task != "regression"
    for one in problem.success.slices:
        labels = slice_labels(frame[one.column])
        if labels.nunique() > MOST_SLICES:
            raise BadInput(
                f"success.slices names column '{one.column}', which has {labels.nunique()} values. "
                f"Name a column with at most {MOST_SLICES}.",
                code="too-many-slices",
            )
        for label in sorted(labels.unique()):
            rows = np.flatnonzero((labels == label).to_numpy())
            values: tuple[float | None, ...] = (None, None, None)
            if len(rows) >= FEWEST_IN_SLICE and len(np.unique(outcome[rows])) > 1:
                own = None if groups is None else groups[rows]
                values = astuple(
                    measure(metric, outcome[rows], score[rows], stratify=stratify, groups=own)
                )
            result = {"column": one.column, "value": label, "rows": len(rows), "floor": one.floor}
            results.append(result | dict(zip(("metric", "low", "high"), values, strict=True)))
    return results


def slice_labels(values: "pd.Series[Any]") -> "pd.Series[str]":
    """The group of each row by a column."""
    return values.astype("str").fillna("(missing)")


def calibration(outcome: Array, score: Array, groups: int = 10) -> list[dict[str, float]]:
    """Mean score and share of positive outcomes in `groups` of equal size by score."""
    ranked = np.array_split(np.argsort(score, kind="stable"), groups)
    means = [(score[rows].mean(), outcome[rows].mean(), len(rows)) for rows in ranked if len(rows)]
    return [dict(zip(("mean_score", "share", "rows"), one, strict=True)) for one in means]


def bootstrap(
    compute: Callable[[Array, Array], float],
    outcome: Array,
    predictions: Array,
    task: Task,
    groups: Groups | None,
) -> Interval:
    """`compute` over all rows, with its 95 % bootstrap interval; BadInput where it is undefined.

    Of many rows it resamples a part and shrinks the spread by the root of the part's share (m out
    of n, Bickel et al. 1997): the same interval in a fraction of the time.

    `compute` makes one number of outcomes (n,) and n rows of predictions. Each class keeps its
    count in a resample, and each group is drawn as a whole.
    """
    is_regression = task == "regression"
    rows = _sample(outcome, is_regression, groups)
    centre = compute(outcome[rows], predictions[rows])
    own_groups = None if groups is None else groups[rows]
    draws = resamples(outcome[rows], REPEATS, 0, not is_regression, own_groups)
    samples = [compute(outcome[rows[draw]], predictions[rows[draw]]) for draw in draws]
    value = compute(outcome, predictions)
    shrunk = (np.asarray(samples) - centre) * np.sqrt(len(rows) / len(outcome))
    return interval(value + shrunk, value)


def t_interval(values: Array) -> Interval:
    """The mean of a value a fold, with its 95 % t interval."""
    mean, reach = values.mean(), stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return Interval(float(mean), float(mean - reach), float(mean + reach))


def mean_interval(amounts: Array, outcome: Array, task: Task, groups: Groups | None) -> Interval:
    """The mean of an amount a row, with its bootstrap interval."""
    return bootstrap(lambda _, part: float(part.mean()), outcome, amounts, task, groups)


def _sample(outcome: Array, is_regression: bool, groups: Groups | None) -> NDArray[np.intp]:
    """Rows drawn at random, groups as a whole: enough groups, rows, and rows of each class."""
    _, codes = np.unique(np.arange(len(outcome)) if groups is None else groups, return_inverse=True)
    number = codes.max() + 1
    # The rank at which a row's group is drawn: all of its rows at once.
    drawn = np.random.default_rng(0).permutation(number)[codes]
    enough = [min(FEWEST_GROUPS, number) - 1, np.sort(drawn)[min(MOST_ROWS, len(drawn)) - 1]]
    for label in () if is_regression else np.unique(outcome):
        own = np.sort(drawn[outcome == label])
        enough.append(own[min(FEWEST_OF_CLASS, len(own)) - 1])
    return np.flatnonzero(drawn <= max(enough))
