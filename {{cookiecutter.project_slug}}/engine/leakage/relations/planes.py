"""Sums and differences of three to five numbers with a threshold that separates the classes.

The parts of a sum may each be unrelated to the class: of an arrival, the flight's planned and real
time. So the search starts from all columns and drops those that matter least. A sum is accepted
only with simple weights: any few columns that separate well can be weighed to do so wholly.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from engine.leakage.fit import finite, least_squares, means_and_spreads, without_float_noise
from engine.leakage.outcome import Array, Codes, Leak, Outcome, rows_of_each
from engine.leakage.relations.sets import MOST, correlations
from engine.leakage.threshold_rules import FEWEST, threshold_rules

# Rows of each class that a sum is fitted to, and rows that each column needs.
ROWS, ROWS_PER_COLUMN = 2_000, 3
# How well the sum of least squares orders the classes, and the share of rows on the wrong side of
# the best sum. With simple weights hardly a row may be, of all rows and of the rarest class.
NEARLY, WRONG_IN_FIT, WRONG = 0.95, 0.02, 0.002
# The highest whole weight, and how far off a part of the sum may be with it, in the largest part.
HIGHEST, NEAR = 10, 0.03
# A part that is smaller, in the largest, adds nothing; of a few minutes beside dates, this.
LEAST_OF_UNIT = 5e-4
# A weight beyond these is one of units, such as minutes beside days.
UNITS = np.array([12, 24, 60, 100, 1_000, 1_440, 3_600, 86_400])


def thresholds_on_sums(numbers: Mapping[str, Array], outcome: Outcome) -> Iterator[Leak]:
    """Three to five numbers (dates in days) of which a weighted sum separates the classes."""
    if (outcome.class_sizes >= FEWEST).sum() < 2:
        return
    left = dict(numbers)
    while len(left) > 2 and (leak := _sum(left, outcome)):
        yield leak
        left = {name: values for name, values in left.items() if name not in leak.columns}


def _sum(numbers: Mapping[str, Array], outcome: Outcome) -> Leak | None:
    """The fewest columns whose sum separates the classes."""
    names, two = list(numbers), np.argsort(-outcome.class_sizes, kind="stable")[:2]
    rows = rows_of_each(outcome, ROWS)
    codes, table = outcome.codes[rows], np.column_stack([v[rows] for v in numbers.values()])
    of_two = np.isin(codes, two)
    sets = _fewer_and_fewer(table[of_two], (codes[of_two] == two[0]) * 1.0)
    for chosen in reversed([*sets]):
        columns = np.column_stack([numbers[names[number]] for number in chosen])
        for weights in _simple_weights(table[:, chosen], codes, two):
            total = finite(columns @ weights)
            # The rule may have been computed with the noise of floats, or without it.
            rules = threshold_rules(total, outcome) or threshold_rules(
                without_float_noise(total, columns * weights), outcome
            )
            if rules and sum(rule.wrong for rule in rules) <= WRONG * outcome.class_sizes.min():
                own = tuple(names[number] for number in chosen)
                terms = (
                    f"{weight:+.4g} × {name}" for weight, name in zip(weights, own, strict=True)
                )
                borders = ", ".join(f"{rule.at:.6g}" for rule in rules)
                mechanism = f"{outcome.name} changes exactly at {' '.join(terms)} = {borders}"
                return Leak(own, mechanism)
    return None


def _fewer_and_fewer(table: Array, target: Array) -> Iterator[list[int]]:
    """The five, four and three columns that explain most of the class by backward elimination.

    By least squares on the class, whose weights are those of a linear discriminant (Fisher 1936).
    """
    between, with_target = correlations(table, target)
    chosen = np.flatnonzero(np.abs(between).sum(axis=0) > 0)
    if len(chosen) * ROWS_PER_COLUMN > len(target):
        strongest = np.argsort(-np.abs(with_target[chosen]), kind="stable")
        chosen = np.sort(chosen[strongest[: len(target) // ROWS_PER_COLUMN]])
    # A little on the diagonal: of columns that are one another's sum, any will do.
    inverse = np.linalg.inv(between[np.ix_(chosen, chosen)] + 1e-6 * np.eye(len(chosen)))
    while len(chosen) > 2:
        if len(chosen) <= MOST:
            yield chosen.tolist()
        weights = inverse @ with_target[chosen]
        # What is explained less without a column; then the inverse without it.
        least = int(np.argmin(weights**2 / np.diag(inverse)))
        inverse = inverse - np.outer(inverse[:, least], inverse[least]) / inverse[least, least]
        others = np.arange(len(chosen)) != least
        inverse, chosen = inverse[np.ix_(others, others)], chosen[others]


def separating_weights(columns: Array, target: Array) -> Array | None:
    """The weights of a logistic regression of 0 or 1 on the columns, in the filled rows."""
    filled = np.isfinite(columns).all(axis=1)
    columns, target = columns[filled], target[filled]
    spread = means_and_spreads(columns)[1]
    too_few = np.bincount(target.astype(int), minlength=2).min() < FEWEST
    if too_few or not (np.isfinite(spread) & (spread > 0)).all():
        return None
    scaled = (columns - columns.mean(axis=0)) / spread
    if roc_auc_score(target, scaled @ least_squares(scaled, target)) < NEARLY:
        return None
    model = LogisticRegression(C=1e6, max_iter=1_000).fit(scaled, target)
    is_wrong = model.score(scaled, target) < 1 - WRONG_IN_FIT
    return None if is_wrong else np.asarray(model.coef_[0] / spread)


def _simple_weights(columns: Array, codes: Codes, two: Codes) -> Iterator[Array]:
    """Simple weights of sums that may separate neighbours of the classes, of which `two` are large.

    Classes with others between them lie apart: any weights near the right ones separate these.
    """
    filled = np.isfinite(columns).all(axis=1)
    columns, codes = columns[filled], codes[filled]
    of_two = np.isin(codes, two)
    if of_two.sum() < 2 * FEWEST:
        return
    score = columns @ least_squares(columns[of_two], (codes[of_two] == two[0]) * 1.0)
    for pair in pairwise(pd.Series(score).groupby(codes).median().sort_values().index):
        sides = np.isin(codes, pair)
        weights = separating_weights(columns[sides], (codes[sides] == pair[1]) * 1.0)
        if weights is not None:
            yield from _simplified(weights, means_and_spreads(columns[sides])[1])


def _simplified(weights: Array, spread: Array) -> Iterator[Array]:
    """The simple weights that are near to these; the weight of the largest part is known best."""
    largest = int(np.abs(weights * spread).argmax())
    ratios, parts = weights / weights[largest], spread / spread[largest]
    factors = np.concatenate([1 / UNITS, UNITS])
    nearest = np.abs(np.log(np.abs(ratios)[:, None] / factors)).argmin(axis=1)
    is_unit = np.abs(np.log(np.abs(ratios))) > np.log(HIGHEST)
    if (np.abs(ratios * parts) < np.where(is_unit, LEAST_OF_UNIT, NEAR)).any():
        return
    for unit in range(1, HIGHEST + 1):
        of_units = unit * factors[nearest] * np.sign(ratios)
        simple = np.where(is_unit, of_units, np.round(unit * ratios))
        off = np.abs(simple / unit - ratios) * parts
        is_lowest = np.gcd.reduce(simple[~is_unit].astype(int)) == 1
        if is_lowest and simple.all() and off.max() <= NEAR:
            yield simple * np.sign(simple[0])
