"""The few columns that a number is computed from: sums, products, distances, the best of a few."""

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import takewhile

import numpy as np

from engine.leakage import fit
from engine.leakage.outcome import Array, Leak, Outcome, step_of
from engine.leakage.relations.fees import Fees
from engine.leakage.relations.sets import correlations, cover, promising

Formula = tuple[tuple[str, ...], str]
# The columns of which a number may be the greatest, and the share of the rows each must bring.
MOST, FEWEST_TIMES = 4, 0.05


def combinations(numbers: Mapping[str, Array], dates: Set[str], outcome: Outcome) -> Iterator[Leak]:
    """Columns that the outcome is computed from; a column is named once.

    Up to five columns whose sum or difference, or up to three whose product or ratio, is the
    outcome, exactly or with one of a few fixed fees; a sum of squares or its root; the greatest
    or the least of a few. `dates` (in days) have differences, no products.
    """
    if len(np.unique(outcome.values[np.isfinite(outcome.values)])) <= fit.FEWEST_VALUES:
        return
    left = dict(numbers)
    while True:
        plain = {name: values for name, values in left.items() if name not in dates}
        formula = _sum(left, outcome) or _product(plain, outcome)
        formula = formula or _squares(plain, outcome) or _extreme(plain, outcome.values)
        if formula is None:
            return
        verb = "together they give" if len(formula[0]) > 1 else "it gives"
        yield Leak(formula[0], f"{verb} {outcome.name}: {formula[1]}")
        for name in formula[0]:
            del left[name]


def _sum(numbers: Mapping[str, Array], outcome: Outcome) -> Formula | None:
    names, target = list(numbers), outcome.values
    table = _table(numbers.values(), target)
    spread = fit.spread_of(target[np.isfinite(target)])
    # A single column may lack only a fee.
    between, with_target = correlations(table, target)
    shares = np.abs(with_target)
    nearest = [[int(n)] for n in np.argsort(-shares)[:10] if shares[n] > 0.5 and not outcome.late]
    sets = [sorted(chosen) for chosen in (*nearest, *promising(between, with_target))]
    for chosen in sets[len(nearest) :]:
        columns = table[:, chosen]
        weights = fit.exact(columns, target, late=outcome.late)
        if weights is None:
            continue
        # A column that adds nothing only stood beside those that do.
        adds = np.abs(weights) * fit.means_and_spreads(columns)[1] > 1e-4 * spread
        if adds.sum() > 1:
            terms = {names[n]: w for n, w, a in zip(chosen, weights, adds, strict=True) if a}
            return tuple(terms), _added(terms)
    # With a fee: of these sets, the one that leaves the fewest rows, then the smallest.
    paid = [(fees, one) for one in sets if (fees := Fees.of(table[:, one], outcome))]
    if not paid:
        return None
    fees, chosen = max(paid, key=lambda one: (round(one[0].share, 2), -len(one[1])))
    terms = {names[n]: weight for n, weight in zip(chosen, fees.weights, strict=True)}
    return tuple(terms), _added(terms) + fees.description


def _added(terms: Mapping[str, float]) -> str:
    return " ".join(f"{weight:+.4g} × {name}" for name, weight in terms.items())


def _product(numbers: Mapping[str, Array], outcome: Outcome) -> Formula | None:
    """A product is a sum of logarithms; these propose it, and the numbers themselves confirm it."""
    names, target = list(numbers), outcome.values
    table = _table(numbers.values(), target)
    logs, log_target = fit.finite(np.log(np.abs(table))), fit.finite(np.log(np.abs(target)))
    for chosen in promising(*correlations(logs, log_target)):
        rows = np.isfinite(logs[:, chosen]).all(axis=1) & np.isfinite(log_target)
        if len(chosen) > 3 or not fit.are_many(rows):
            continue
        # Whole or half powers of each column, if the logarithms are near to such.
        powers = np.round(2 * fit.least_squares(logs[:, chosen][rows], log_target[rows])) / 2
        if (powers == 0).any() or (np.abs(powers) > 3).any():
            continue
        product = fit.finite(np.prod(table[:, chosen] ** powers, axis=1))[:, None]
        fees = None
        if fit.exact(product, target, late=outcome.late) is not None or (
            fees := Fees.of(product, outcome)
        ):
            factors = {names[n]: power for n, power in zip(chosen, powers, strict=True)}
            formula = " × ".join(n if p == 1 else f"{n}^{p:g}" for n, p in factors.items())
            return tuple(factors), formula + (fees.description if fees else "")
    return None


def _squares(numbers: Mapping[str, Array], outcome: Outcome) -> Formula | None:
    """Up to three columns whose squares add up to the outcome, or to its square: a distance."""
    names = list(numbers)
    table = _table((values**2 for values in numbers.values()), outcome.values)
    for power, root in ((1, ""), (2, "^0.5")):
        target = outcome.values**power
        sets = promising(*correlations(table, target))
        for chosen in takewhile(lambda chosen: len(chosen) <= 3, sets):
            weights = fit.exact(table[:, chosen], target, late=outcome.late)
            if weights is not None:
                terms = (f"{w:+.4g} × {names[n]}²" for n, w in zip(chosen, weights, strict=True))
                return tuple(names[n] for n in chosen), f"({' '.join(terms)}){root}"
    return None


def _extreme(numbers: Mapping[str, Array], target: Array) -> Formula | None:
    """Columns of which the greatest, or the least, is the outcome: none is ever beyond it.

    An honest column that often equals it, such as the value before, is beyond it now and then.
    """
    present = target[np.isfinite(target)]
    near = min(step_of(present) / 2 * 1.001, 1e-3 * fit.spread_of(present)) + 1e-9 * np.abs(target)
    for label, sign in (("greatest", 1.0), ("least", -1.0)):
        within, rows = {}, len(target)
        for name, values in numbers.items():
            off = fit.finite(sign * (values - target))
            filled = ~np.isnan(off)
            if fit.are_many(filled) and (off[filled] > near[filled]).mean() <= fit.BROKEN:
                within[name] = off
        names, left = cover(
            {name: np.abs(off) <= near for name, off in within.items()},
            np.ones(rows, bool),
            most=MOST,
            fewest=FEWEST_TIMES * rows,
            enough=fit.BROKEN * rows,
            missing={name: np.isnan(off) for name, off in within.items()},
        )
        if len(names) > 1 and left <= fit.BROKEN * rows:
            return tuple(sorted(names)), f"the {label} of {', '.join(sorted(names))}"
    return None


def _table(columns: Iterable[Array], target: Array) -> Array:
    return np.column_stack([np.empty((len(target), 0)), *columns])
