"""What tells the target: each feature alone, missing values, and what tells suspiciously much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.contract.column import Column
from engine.eda.bins import Bins, cut, is_numeric, numbers
from engine.eda.target import Array, Codes, Target
from engine.pages.formatting import number, percent

# A feature that alone explains so much, or ranks so well, deserves a look before it is believed.
SUSPECT_SHARE, SUSPECT_AUC = 0.9, 0.985
FINEST, FEWEST_IN_BIN, PRIOR = 50, 40, 5.0
FEWEST_MISSING = 10
FEWEST_RANKED = 10  # of either outcome: fewer are often in order by chance


@dataclass(frozen=True)
class Suspect:
    """Features that might give the target away, one alone or several together, and how.

    `excluded` are those of them to keep out, where a mechanism is named: a copy of the target is
    one, whenever it is known. Where a feature only tells much, it is a question when it is known.
    """

    columns: tuple[str, ...]
    why: str
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Missing:
    """How the outcome differs where a column is missing; `tells` if chance is a poor excuse."""

    column: str
    outcome: str
    when_missing: float
    when_present: float
    low: float
    high: float

    @property
    def tells(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return not self.low <= 0 <= self.high


def associations(
    columns: Sequence[Column], frame: pd.DataFrame, target: Target
) -> dict[str, float]:
    """How much each column alone tells: the share of the target's variance that its bins explain.

    Judged on rows that the bin means were not made from, so 0 is chance and 1 is the target in
    other words, whatever the number of bins. For classes this is Goodman and Kruskal's tau.
    Returned from the most to the least telling.
    """
    finest = int(np.clip(len(frame) / FEWEST_IN_BIN, 2, FINEST))
    found = {c.name: _explained(cut(c, frame[c.name], finest), target) for c in columns}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def missing(columns: Sequence[Column], frame: pd.DataFrame, target: Target) -> list[Missing]:
    """Whether missing tells, for each column with enough missing (and present) rows to say.

    Intervals hold for all columns and outcomes together (Bonferroni): one in twenty pages shows
    a false alarm, not one in twenty columns. Of several classes the most different one is named.
    """
    gone = {c.name: frame[c.name].isna().to_numpy() for c in columns}
    worth = {name: rows for name, rows in gone.items()
             if FEWEST_MISSING <= rows.sum() <= len(frame) - FEWEST_MISSING}  # fmt: skip
    outcomes = target.outcomes()
    z = NormalDist().inv_cdf(1 - 0.025 / max(len(worth) * len(outcomes), 1))
    return [
        max((_difference(name, label, rows, values, z) for label, values in outcomes), key=_clear)
        for name, rows in worth.items()
    ]


def suspects(
    columns: Sequence[Column], frame: pd.DataFrame, target: Target, tells: Mapping[str, float]
) -> list[Suspect]:
    """Columns that tell the target almost perfectly alone. Suspects only: the gate decides."""
    found = []
    for column in columns:
        if tells[column.name] >= SUSPECT_SHARE:
            share = percent(tells[column.name])
            found.append(Suspect((column.name,), f"alone explains {share} of {target.name}"))
            continue
        auc = _auc(column, frame[column.name], target)
        if auc >= SUSPECT_AUC:
            why = f"alone orders {target.name} almost perfectly (AUC {number(auc)})"
            found.append(Suspect((column.name,), why))
    return found


def _explained(bins: Bins, target: Target) -> float:
    """1 − (squared error of the bin means) / (that of the overall mean), both out of sample."""
    codes = bins.with_missing().codes
    half = np.random.default_rng(0).permutation(len(codes)) % 2 == 0
    error = chance = 0.0
    outcomes = [values for _, values in target.outcomes()]
    if target.task == "regression":
        # A handful of extreme values must not decide what tells: pull in one in two hundred.
        outcomes = [np.clip(values, *np.quantile(values, (0.005, 0.995))) for values in outcomes]
    for values in outcomes:
        for learn in (half, ~half):
            overall = values[learn].mean() if learn.any() else 0.0
            means = _means(codes[learn], values[learn], codes.max(initial=0) + 1, overall)
            error += float(((values[~learn] - means[codes[~learn]]) ** 2).sum())
            chance += float(((values[~learn] - overall) ** 2).sum())
    return max(0.0, 1 - error / chance) if chance else 0.0


def _means(codes: Codes, values: Array, groups: int, overall: float) -> Array:
    """Bin means, those of few rows drawn towards the overall mean."""
    rows = np.bincount(codes, minlength=groups)
    sums = np.bincount(codes, weights=values, minlength=groups)
    means: Array = (sums + PRIOR * overall) / (rows + PRIOR)
    return means


def _auc(column: Column, values: pd.Series, target: Target) -> float:
    """How well a number alone orders a binary target, in the better direction; else 0.5."""
    if target.task != "binary" or not is_numeric(column):
        return 0.5
    found = numbers(column, values)
    known, hits = ~np.isnan(found), target.values == 1
    n, positive = int(known.sum()), int((known & hits).sum())
    if min(positive, n - positive) < FEWEST_RANKED:
        return 0.5
    ranks = pd.Series(found[known]).rank().to_numpy()
    auc = (ranks[hits[known]].sum() - positive * (positive + 1) / 2) / (positive * (n - positive))
    return float(max(auc, 1 - auc))


def _difference(name: str, label: str, gone: NDArray[np.bool_], values: Array, z: float) -> Missing:
    """Missing against present, with the interval of the difference at `z` standard errors."""
    there, not_there = values[~gone], values[gone]
    error = np.sqrt(_error(there) ** 2 + _error(not_there) ** 2)
    gap = not_there.mean() - there.mean()
    return Missing(
        name,
        label,
        float(not_there.mean()),
        float(there.mean()),
        float(gap - z * error),
        float(gap + z * error),
    )


def _error(values: Array) -> float:
    """Standard error of a mean; a share of 0 or 1 gets the room that its few rows deserve."""
    n = len(values)
    if np.isin(values, (0.0, 1.0)).all():
        p = (values.sum() + 2) / (n + 4)  # Agresti and Caffo's two and two
        return float(np.sqrt(p * (1 - p) / n))
    return float(values.std(ddof=1) / np.sqrt(n))


def _clear(one: Missing) -> float:
    """How many interval half-widths the difference is away from zero."""
    half = (one.high - one.low) / 2
    return abs(one.high + one.low) / 2 / half if half else 0.0
