"""The target as numbers, and its mean in groups of rows with 95 % intervals."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.pages.formatting import number
from engine.problem.spec import Problem, Task

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

Z95 = 1.959964
SHOWN_CLASSES = 5  # more are drawn together as one


@dataclass(frozen=True)
class Target:
    """Outcomes of rows: `values` (n,) are 0/1 for binary, class numbers, or the values themselves.

    `classes` name the numbers: (other, positive) for binary, the most frequent first for
    multiclass, none for regression. Rows without an outcome are not included.
    """

    name: str
    task: Task
    values: Array
    classes: tuple[str, ...] = ()

    def outcomes(self) -> list[tuple[str, Array]]:
        """Named values to average: the target, or for each class whether a row has it."""
        if self.task == "regression":
            return [(f"mean {self.name}", self.values)]
        names = [f"share with {self.name} = {label}" for label in self.classes]
        if self.task == "binary":
            return [(names[1], self.values)]
        return [(name, (self.values == i).astype(np.float64)) for i, name in enumerate(names)]

    def shown(self, most: int = SHOWN_CLASSES) -> tuple[tuple[str, ...], Codes]:
        """At most `most` classes, the rarer ones merged into one, and each row's class number."""
        codes = self.values.astype(np.intp)
        if len(self.classes) <= most + 1:
            return self.classes, codes
        rest = f"{len(self.classes) - most} other classes"
        return (*self.classes[:most], rest), np.minimum(codes, most)


class Levels(NamedTuple):
    """The mean of an outcome in each group with its 95 % interval; NaN for a group of no rows."""

    mean: Array
    low: Array
    high: Array


def read(problem: Problem, frame: pd.DataFrame) -> Target:
    """The target of all rows of `frame`."""
    name, task, outcome = problem.target.column, problem.target.task, frame[problem.target.column]
    if task == "regression":
        return Target(name, task, outcome.to_numpy(np.float64))
    if task == "binary":
        positive = problem.target.positive
        is_positive = (outcome == positive).to_numpy().astype(np.float64)
        others = [written(label) for label in outcome.unique() if label != positive]
        return Target(name, task, is_positive, (" or ".join(others), written(positive)))
    labels = outcome.value_counts().index
    values = outcome.map({label: i for i, label in enumerate(labels)}).to_numpy(np.float64)
    return Target(name, task, values, tuple(written(label) for label in labels))


def written(value: object) -> str:
    """A value as text for people."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return number(value) if isinstance(value, float) else str(value)


def levels(outcome: Array, codes: Codes, groups: int) -> Levels:
    """The outcome's mean in each group; a row with code −1 belongs to none.

    A share has Wilson's interval, which stays within 0 and 1 for few rows (Wilson 1927); any
    other mean has the normal one.
    """
    inside = codes >= 0
    outcome, codes = outcome[inside], codes[inside]
    rows = np.bincount(codes, minlength=groups).astype(np.float64)
    sums = np.bincount(codes, weights=outcome, minlength=groups)
    squares = np.bincount(codes, weights=outcome**2, minlength=groups)
    # Groups of no row, or of one, have no mean or no interval: NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums / rows
        if np.isin(outcome, (0.0, 1.0)).all():
            shrink = 1 + Z95**2 / rows
            middle = (mean + Z95**2 / (2 * rows)) / shrink
            half = Z95 * np.sqrt(mean * (1 - mean) / rows + (Z95 / (2 * rows)) ** 2) / shrink
            return Levels(mean, np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0))
        variance = np.maximum(squares - rows * mean**2, 0.0) / (rows - 1)
        half = Z95 * np.sqrt(variance / rows)
        return Levels(mean, mean - half, mean + half)
