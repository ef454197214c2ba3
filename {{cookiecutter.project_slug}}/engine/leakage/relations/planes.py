"""Sums and differences of three to five numbers with a threshold that separates the classes.

The parts of a sum may each be unrelated to the class: of an arrival, the flight's planned and real
time. So the search starts from all columns and drops those that matter least. A sum is accepted
only with simple weights: any few columns that separate well can be weighed to do so wholly.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from engine.leakage.fit import finite, least_squares
from engine.leakage.outcome import Array, Leak, Outcome, rows_of_each
from engine.leakage.relations.sets import MOST, correlations
from engine.leakage.threshold_rules import FEWEST, threshold_rules

# Rows of each class that a sum is fitted to, and rows that each column needs.
ROWS, ROWS_PER_COLUMN = 2_000, 3
# How well the sum of least squares orders the classes, and the share of rows on the wrong side of
# the best sum. With whole weights hardly a row may be, of all rows and of the rarest class.
NEARLY, WRONG_IN_FIT, WRONG = 0.95, 0.02, 0.002
# The highest weight, and how far off a part of the sum may be with it, in the largest part.
HIGHEST, NEAR = 10, 0.03


def thresholds_on_sums(numbers: Mapping[str, Array], outcome: Outcome) -> Iterator[Leak]:
    """Three to five numbers (dates in days) of which a weighted sum separates the classes."""
    sizes = outcome.class_sizes
    if (sizes >= FEWEST).sum() < 2 or len(numbers) < 3:
        return
    left = dict(numbers)
    while len(left) > 2 and (found := _sum(left, outcome)):
        yield Leak(*found)
        left = {name: values for name, values in left.items() if name not in found[0]}


def _sum(numbers: Mapping[str, Array], outcome: Outcome) -> tuple[tuple[str, ...], str] | None:
    """The fewest columns, and the sum that separates the classes."""
    names, two = list(numbers), np.argsort(-outcome.class_sizes, kind="stable")[:2]
    rows = rows_of_each(outcome, ROWS)
    rows = rows[np.isin(outcome.codes[rows], two)]
    target = (outcome.codes[rows] == two.max()) * 1.0
    table = np.column_stack([values[rows] for values in numbers.values()])
    for chosen in _fewer_and_fewer(table, target):
        columns = np.column_stack([numbers[names[number]] for number in chosen])
        for weights in _weights(table[:, chosen], target):
            used = np.flatnonzero(weights)
            values = finite(columns[:, used] @ weights[used])
            rules = threshold_rules(values, outcome)
            if rules and sum(rule.wrong for rule in rules) <= WRONG * outcome.class_sizes.min():
                terms = {names[chosen[at]]: f"{weights[at]:+.4g} ×" for at in used}
                formula = " ".join(f"{weight} {name}" for name, weight in terms.items())
                borders = ", ".join(f"{rule.at:.6g}" for rule in rules)
                return tuple(terms), f"{outcome.name} changes exactly at {formula} = {borders}"
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
        kept = np.arange(len(chosen)) != least
        inverse, chosen = inverse[np.ix_(kept, kept)], chosen[kept]


def _weights(columns: Array, target: Array) -> Iterator[Array]:
    """Whole weights of sums that may separate two classes; 0 for a column that is not needed."""
    filled = np.isfinite(columns).all(axis=1)
    columns, classes = columns[filled], target[filled]
    if np.bincount(classes.astype(int), minlength=2).min() < FEWEST:
        return
    middle, spread = columns.mean(axis=0), columns.std(axis=0)
    if not (np.isfinite(spread) & (spread > 0)).all():
        return
    scaled = (columns - middle) / spread
    if roc_auc_score(classes, scaled @ least_squares(scaled, classes)) < NEARLY:
        return
    model = LogisticRegression(C=1e6, max_iter=1_000).fit(scaled, classes)
    if model.score(scaled, classes) < 1 - WRONG_IN_FIT:
        return
    parts = model.coef_[0]
    # The weight of the largest part is known best: it is 1, 2, … and the others follow.
    largest = int(np.abs(parts).argmax())
    ratios = parts / spread * (spread[largest] / parts[largest])
    small = np.abs(parts) <= NEAR * np.abs(parts[largest])
    for unit in range(1, HIGHEST + 1):
        every = np.round(unit * ratios)
        off = np.abs(every / unit - ratios) * spread / spread[largest]
        for whole in (np.where(small, 0, every), every):
            is_lowest = np.gcd.reduce(whole.astype(int)) == 1
            if is_lowest and (whole != 0).sum() > 2 and off.max() <= NEAR:
                yield whole * np.sign(whole[np.flatnonzero(whole)[0]])
