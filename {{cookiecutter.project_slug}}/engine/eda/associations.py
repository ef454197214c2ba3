"""Associations: of features and missing values with the target, and of features with each other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.bins import Array, Bins, Target, cramer, cut, is_numeric, numbers, stack_columns
from engine.pages.formatting import number, percent
from engine.problem.metrics import METRICS

# A feature that alone explains so much, or ranks so well, may leak the target.
SUSPECT_SHARE, SUSPECT_AUC = 0.9, 0.985
FINEST, FEWEST_IN_BIN, PRIOR = 50, 40, 5.0
FEWEST_MISSING = 10
FEWEST_RANKED = 10  # of either outcome: fewer are often in order by chance
CORRELATED = 0.95
ENOUGH_ROWS = 5_000  # a rank correlation of so many rows is right to about 0.01
ROUNDING = 1e-9  # it leaves so much of a constant's spread
MOST_VALUES = 50  # categories of more values are associated by chance


@dataclass(frozen=True)
class Suspect:
    """Features that may leak the target, alone or combined, and how.

    `excluded` are those to exclude, where a mechanism is known. Without one, a person must find
    out when the feature is known.
    """

    columns: tuple[str, ...]
    why: str
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Missing:
    """How the mean outcome differs where a column is missing: by `difference` ± `margin`."""

    column: str
    outcome: str
    when_missing: float
    when_present: float
    difference: float
    margin: float


def associations(
    columns: Sequence[Column], frame: pd.DataFrame, target: Target
) -> dict[str, float]:
    """The share of the target's variance that each column alone explains, the largest first.

    Measured on rows that the bin means were not fitted to, so 0 is chance and 1 determines the
    target, whatever the number of bins. For classes this is Goodman and Kruskal's tau.
    """
    finest = int(np.clip(len(frame) / FEWEST_IN_BIN, 2, FINEST))
    result = {c.name: _explained(cut(c, frame[c.name], finest), target) for c in columns}
    return dict(sorted(result.items(), key=lambda item: -item[1]))


def missing(columns: Sequence[Column], frame: pd.DataFrame, target: Target) -> list[Missing]:
    """The columns whose missing values are informative: the outcome differs beyond its margin.

    Intervals are corrected for all columns and outcomes (Bonferroni): one in twenty pages shows a
    false alarm, not one in twenty columns. Of several classes the most different one is named.
    """
    is_missing = {c.name: frame[c.name].isna().to_numpy() for c in columns}
    most, outcomes = len(frame) - FEWEST_MISSING, target.outcomes()
    enough = {name: one for name, one in is_missing.items() if FEWEST_MISSING <= one.sum() <= most}
    z = NormalDist().inv_cdf(1 - 0.025 / max(len(enough) * len(outcomes), 1))
    result = []
    for name, rows in enough.items():
        compared = []
        for label, values in outcomes:
            without, others = values[rows], values[~rows]
            margin = float(z * np.hypot(_error(without), _error(others)))
            means = float(without.mean()), float(others.mean())
            compared.append(Missing(name, label, *means, means[0] - means[1], margin))
        most_different = max(compared, key=lambda one: abs(one.difference) - one.margin)
        if abs(most_different.difference) > most_different.margin:
            result.append(most_different)
    return result


def suspects(
    columns: Sequence[Column], frame: pd.DataFrame, target: Target, strengths: Mapping[str, float]
) -> list[Suspect]:
    """Columns that alone predict the target almost perfectly. Suspects only: the gate decides."""
    result = []
    for column in columns:
        share, auc = strengths[column.name], 0.5
        if target.task == "binary" and is_numeric(column):
            values = numbers(column, frame[column.name])
            outcomes, values = target.values[~np.isnan(values)], values[~np.isnan(values)]
            if FEWEST_RANKED <= outcomes.sum() <= len(outcomes) - FEWEST_RANKED:
                auc = METRICS["roc_auc"].compute(outcomes, values)
                auc = max(auc, 1 - auc)  # in the better direction
        why = f"alone orders {target.name} almost perfectly (AUC {number(auc)})"
        if share >= SUSPECT_SHARE:
            why = f"alone explains {percent(share)} of {target.name}"
        if share >= SUSPECT_SHARE or auc >= SUSPECT_AUC:
            result.append(Suspect((column.name,), why))
    return result


def _explained(bins: Bins, target: Target) -> float:
    """1 − (squared error of the bin means) / (that of the overall mean), both out of sample."""
    codes = bins.with_missing().codes
    groups, half = codes.max(initial=0) + 1, np.random.default_rng(0).permutation(len(codes)) % 2
    error = chance = 0.0
    for _, values in target.outcomes():
        if target.task == "regression":
            # A few extreme values must not decide: clip one in two hundred.
            values = np.clip(values, *np.quantile(values, (0.005, 0.995)))  # noqa: PLW2901
        for learn in (half == 0, half == 1):
            overall = values[learn].mean() if learn.any() else 0.0
            rows = np.bincount(codes[learn], minlength=groups)
            sums = np.bincount(codes[learn], weights=values[learn], minlength=groups)
            # Means of few rows are shrunk towards the overall mean.
            means = (sums + PRIOR * overall) / (rows + PRIOR)
            error += float(((values[~learn] - means[codes[~learn]]) ** 2).sum())
            chance += float(((values[~learn] - overall) ** 2).sum())
    return max(0.0, 1 - error / chance) if chance else 0.0


def _error(values: Array) -> float:
    """Standard error of a mean; for shares by Agresti and Caffo (2000), right for few rows too."""
    n = len(values)
    if np.isin(values, (0.0, 1.0)).all():
        p = (values.sum() + 2) / (n + 4)
        return float(np.sqrt(p * (1 - p) / n))
    return float(values.std(ddof=1) / np.sqrt(n))


@dataclass(frozen=True)
class CorrelatedPair:
    """Two features and the strength of their association, up to 1."""

    first: str
    second: str
    strength: float
    measure: str


def correlated(columns: Sequence[Column], frame: pd.DataFrame) -> list[CorrelatedPair]:
    """Pairs of strongly associated features, the strongest first.

    Numbers and dates by rank correlation (Spearman 1904), on rows where both are present;
    categories and booleans by Cramér's V (Bergsma 2013). Uses `ENOUGH_ROWS` random rows of more.
    """
    if len(frame) > ENOUGH_ROWS:
        frame = frame.sample(ENOUGH_ROWS, random_state=0)
    pairs = list[CorrelatedPair]()
    ordered = [c for c in columns if is_numeric(c)]
    ranks = stack_columns(
        [pd.Series(numbers(c, frame[c.name])).rank() for c in ordered], len(frame)
    )
    # Two common rows always lie on a line: require enough of them.
    strengths = np.abs(_pairwise_correlations(ranks, max(10, len(frame) // 100)))
    for i, j in np.argwhere(np.triu(strengths >= CORRELATED, k=1)):
        names, strength = (ordered[i].name, ordered[j].name), float(strengths[i, j])
        pairs.append(CorrelatedPair(*names, strength, "rank correlation"))
    others = [c for c in columns if not is_numeric(c)]
    few = [c for c in others if 2 <= frame[c.name].nunique() <= MOST_VALUES]
    codes = stack_columns([cut(c, frame[c.name], MOST_VALUES).codes for c in few], len(frame))
    for i, first in enumerate(few):
        values = cramer(codes[:, i], codes[:, i + 1 :])
        for j in np.flatnonzero(values >= CORRELATED):
            second = few[i + 1 + int(j)].name
            pairs.append(CorrelatedPair(first.name, second, float(values[j]), "Cramér's V"))
    return sorted(pairs, key=lambda one: -one.strength)


def _pairwise_correlations(values: Array, fewest: int) -> Array:
    """Pearson's correlation of each two columns on the rows where both are present.

    NaN where these are fewer than `fewest` or one column is constant in them. Products of whole
    matrices: pandas takes each pair alone, a minute for a thousand columns.
    """
    present = ~np.isnan(values)
    centred = np.where(present, values - np.nanmean(values, axis=0), 0.0)
    # Of [i, j]: the rows in common; the sum of column i, of its squares, and of products in them.
    n = present.T.astype(np.float64) @ present
    sums, squares, products = (one.T @ other for one, other in (
        (centred, present), (centred**2, present), (centred, centred)))  # fmt: skip
    spread = n * squares - sums**2
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = (n * products - sums * sums.T) / np.sqrt(spread * spread.T)
    is_constant = spread <= ROUNDING * n * squares
    result[(n < fewest) | is_constant | is_constant.T] = np.nan
    return result


def shared_missingness(columns: Sequence[Column], frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Groups of features that are missing in exactly the same rows, the largest group first."""
    groups: defaultdict[bytes, list[str]] = defaultdict(list)
    for column in columns:
        is_missing = frame[column.name].isna().to_numpy()
        if is_missing.any() and not is_missing.all():
            groups[np.packbits(is_missing).tobytes()].append(column.name)
    result = [tuple(names) for names in groups.values() if len(names) > 1]
    return sorted(result, key=len, reverse=True)
