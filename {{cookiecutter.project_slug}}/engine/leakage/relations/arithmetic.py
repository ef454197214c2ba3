"""The few columns that a number is computed from: sums, differences, products, ratios."""

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import takewhile

import numpy as np

from engine.leakage.fit import (
    FEWEST_VALUES,
    are_many,
    exact,
    least_squares,
    means_and_spreads,
    with_extras,
)
from engine.leakage.outcome import Array, Outcome
from engine.leakage.relations.extremes import extremes
from engine.leakage.relations.sets import promising

Found = tuple[tuple[str, ...], str]


def combinations(
    numbers: Mapping[str, Array], dates: Set[str], outcome: Outcome
) -> Iterator[Found]:
    """Up to five columns whose sum or difference, or up to three whose product or ratio, is the
    outcome, exactly or with one of a few fixed extras; a sum of squares or its root; the greatest
    or the least of a few: their names and the formula.

    A column is named once. `dates` are in days: two of them may have a difference, no product.
    """
    if len(np.unique(outcome.values[np.isfinite(outcome.values)])) <= FEWEST_VALUES:
        return
    left = dict(numbers)
    while (
        found := _sum(left, outcome)
        or _product(left, dates, outcome)
        or _squares(left, dates, outcome)
        or extremes({name: left[name] for name in left if name not in dates}, outcome)
    ):
        names, formula = found
        yield names, formula
        for name in names:
            del left[name]


def _sum(numbers: Mapping[str, Array], outcome: Outcome) -> Found | None:
    names, target = list(numbers), outcome.values
    table = _table(numbers.values(), target)
    tried = [] if outcome.late else [[number] for number in _nearest(table, target)]
    for chosen in map(sorted, [*tried, *promising(table, target)]):
        part = table[:, chosen]
        weights = exact(part, target, late=outcome.late) if len(chosen) > 1 else None
        extras: list[float] = []
        if weights is None and not outcome.late and len(chosen) <= 3:
            weights, extras = with_extras(part, target) or (None, [])
        if weights is None:
            continue
        # A column that adds nothing only stood beside those that do.
        told = np.abs(weights) * means_and_spreads(part)[1] > 1e-4 * np.nanstd(target)
        if told.sum() >= (1 if extras else 2):
            terms = (f"{w:+.4g} × {names[n]}" for n, w, t in zip(chosen, weights, told, strict=True)
                     if t)  # fmt: skip
            formula = " ".join(terms) + _said(extras)
            return tuple(names[n] for n, t in zip(chosen, told, strict=True) if t), formula
    return None


def _product(numbers: Mapping[str, Array], dates: Set[str], outcome: Outcome) -> Found | None:
    """A product is a sum of logarithms; what the logarithms propose is held against the numbers."""
    names, target = [name for name in numbers if name not in dates], outcome.values
    table = _table((numbers[name] for name in names), target)
    logs, log_target = _logarithms(table), _logarithms(target)
    for chosen in promising(logs, log_target):
        powers = _powers(logs[:, chosen], log_target) if len(chosen) <= 3 else None
        if powers is None:
            continue
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            product = np.prod(table[:, chosen] ** powers, axis=1)
        product[~np.isfinite(product)] = np.nan
        extras: list[float] = []
        if exact(product[:, None], target, late=outcome.late) is None:
            found = None if outcome.late else with_extras(product[:, None], target)
            if found is None:
                continue
            extras = found[1]
        parts = (_power(names[n], p) for n, p in zip(chosen, powers, strict=True))
        return tuple(names[number] for number in chosen), " × ".join(parts) + _said(extras)
    return None


def _squares(numbers: Mapping[str, Array], dates: Set[str], outcome: Outcome) -> Found | None:
    """Up to three columns whose squares add up to the outcome, or to its square: a distance."""
    names = [name for name in numbers if name not in dates]
    table = _table((numbers[name] ** 2 for name in names), outcome.values)
    for power, root in ((1, ""), (2, "^0.5")):
        target = outcome.values**power
        for chosen in takewhile(lambda some: len(some) <= 3, promising(table, target)):
            weights = exact(table[:, chosen], target, late=outcome.late)
            if weights is not None:
                terms = (f"{w:+.4g} × {names[n]}²" for n, w in zip(chosen, weights, strict=True))
                return tuple(names[n] for n in chosen), f"({' '.join(terms)}){root}"
    return None


def _said(extras: list[float]) -> str:
    return f" and one of {', '.join(f'{extra:.4g}' for extra in extras)}" if extras else ""


def _nearest(table: Array, target: Array) -> list[int]:
    """The columns that go most with the target: single ones that may lack only an extra."""
    there = np.isfinite(table) & np.isfinite(target)[:, None]
    found = []
    for number in range(table.shape[1]):
        rows = there[:, number]
        if are_many(rows):
            both = np.corrcoef(_ranks(table[rows, number]), _ranks(target[rows]))
            found.append((abs(float(both[0, 1])), number))
    return [number for share, number in sorted(found, reverse=True)[:10] if share > 0.5]


def _ranks(values: Array) -> Array:
    return np.argsort(np.argsort(values)).astype(np.float64)


def _power(name: str, power: float) -> str:
    return name if power == 1 else f"{name}^{power:g}"


def _table(columns: Iterable[Array], target: Array) -> Array:
    return np.column_stack([np.empty((len(target), 0)), *columns])


def _logarithms(numbers: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(numbers))
    return np.where(np.isfinite(logs), logs, np.nan)


def _powers(logs: Array, target: Array) -> Array | None:
    """Whole or half powers of each column, if these are what the logarithms say."""
    rows = np.isfinite(logs).all(axis=1) & np.isfinite(target)
    if not are_many(rows):
        return None
    weights = np.round(2 * least_squares(logs[rows], target[rows])) / 2
    return weights if (weights != 0).all() and (np.abs(weights) <= 3).all() else None
