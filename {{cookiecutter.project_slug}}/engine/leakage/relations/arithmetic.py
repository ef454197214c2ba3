"""The few columns that a number is computed from: sums, products, distances, the best of a few."""

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import takewhile

import numpy as np

from engine.leakage import fit
from engine.leakage.outcome import Array, Codes, Leak, Outcome, step_of
from engine.leakage.relations.fees import Fees, usual_step
from engine.leakage.relations.sets import correlations, cover, promising

Formula = tuple[tuple[str, ...], str]
# The columns of which a number may be the greatest, and the share of the rows each must bring.
MOST, FEWEST_TIMES = 4, 0.05
# Fixed extras: at most so many, each in so many of the rows, far apart for what is left of them.
MOST_EXTRAS, FEWEST_WITH_EXTRA, APART = 8, 0.005, 20
# Of the steps between the least and the greatest extra so many are none.
SPARSE = 0.5


def combinations(numbers: Mapping[str, Array], dates: Set[str], outcome: Outcome) -> Iterator[Leak]:
    """Columns that the outcome is computed from; a column is named once.

    Up to five columns whose sum or difference, or up to three whose product or ratio, is the
    outcome, exactly or with one of a few fixed extras; a sum of squares or its root; the greatest
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
    # A single column may lack only an extra.
    between, with_target = correlations(table, target)
    shares = np.abs(with_target)
    nearest = [[int(n)] for n in np.argsort(-shares)[:10] if shares[n] > 0.5 and not outcome.late]
    sets = [sorted(chosen) for chosen in (*nearest, *promising(between, with_target))]
    for chosen in sets:
        columns = table[:, chosen]
        fitted = _fitted(columns, outcome, len(chosen))
        if fitted is None:
            continue
        weights, extras = fitted
        # A column that adds nothing only stood beside those that do.
        adds = np.abs(weights) * fit.means_and_spreads(columns)[1] > 1e-4 * np.nanstd(target)
        if adds.sum() >= (1 if extras else 2):
            terms = {names[n]: w for n, w, a in zip(chosen, weights, adds, strict=True) if a}
            return tuple(terms), _added(terms) + extras
    # All but a few rows: of these sets, the one that leaves the fewest, then the smallest.
    paid = [(fees, one) for one in sets if (fees := Fees.of(table[:, one], outcome))]
    if not paid:
        return None
    fees, chosen = max(paid, key=lambda one: (one[0].share, -len(one[1])))
    terms = {names[n]: weight for n, weight in zip(chosen, fees.weights, strict=True)}
    return tuple(terms), _added(terms) + fees.extras


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
        fitted = _fitted(product, outcome, len(chosen))
        fees = None if fitted else Fees.of(product, outcome)
        extras = fitted[1] if fitted else fees.extras if fees else None
        if extras is not None:
            factors = {names[n]: power for n, power in zip(chosen, powers, strict=True)}
            formula = " × ".join(n if p == 1 else f"{n}^{p:g}" for n, p in factors.items())
            return tuple(factors), formula + extras
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
    near = min(step_of(present) / 2 * 1.001, 1e-3 * present.std()) + 1e-9 * np.abs(present).max()
    for label, sign in (("greatest", 1.0), ("least", -1.0)):
        within, rows = {}, len(target)
        for name, values in numbers.items():
            off = fit.finite(sign * (values - target))
            filled = ~np.isnan(off)
            if fit.are_many(filled) and (off[filled] > near).mean() <= fit.BROKEN:
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


def _fitted(columns: Array, of: Outcome, size: int) -> tuple[Array, str] | None:
    """Weights with which the columns give the target, alone or with one of a few fixed extras.

    For extras the residuals are grouped where gaps separate them, and fitted again with an extra
    for each group, until the weights stay. Counts leave residuals at every step between extremes.
    Returns the weights, and the extras as the formula names them.
    """
    weights = fit.exact(columns, of.values, late=of.late) if size > 1 else None
    if weights is not None:
        return weights, ""
    rows = np.isfinite(of.values) & np.isfinite(columns).all(axis=1)
    if size > 3 or of.late or not fit.are_many(rows):
        return None
    columns, outcome = columns[rows], of.values[rows]
    if len(np.unique(outcome)) <= 4 * MOST_EXTRAS:
        return None
    weights = np.ones(1) if columns.shape[1] == 1 else fit.least_squares(columns, outcome)
    whole = np.round(weights)
    weights = np.where((np.abs(weights - whole) < 0.1) & (whole != 0), whole, weights)
    for _ in range(8):
        residual = outcome - columns @ weights
        group, levels = _grouped(residual)
        if not len(levels):
            return None
        inside = group >= 0
        previous = weights
        centred = np.column_stack([_within(column[inside], group[inside]) for column in columns.T])
        weights = np.asarray(np.linalg.lstsq(centred, _within(outcome[inside], group[inside]))[0])
        if np.allclose(weights, previous, rtol=1e-9, atol=1e-12):
            break
    off = np.abs((outcome - columns @ weights)[inside] - levels[group[inside]])
    spread = np.diff(np.sort(levels)).min()
    step = step_of(outcome)
    limit = max(1e-6 * outcome.std(), min(step * 0.51 * (1 + columns.shape[1]), spread / APART))
    # Values in steps of 5 differ by any of these; what was before is above and below what is now.
    usual = usual_step(outcome)
    steps = np.ptp(levels) / usual + 1 if usual else np.inf
    one_sided = levels.min() >= -limit or levels.max() <= limit
    is_near = np.quantile(off, 0.99) <= limit <= spread / APART
    if not (is_near and one_sided) or len(levels) > SPARSE * steps:
        return None
    rounded = np.round(levels / step) * step if step else levels
    extras = ", ".join(f"{extra:.4g}" for extra in np.sort(rounded))
    return weights, f" and one of {extras}"


def _grouped(residual: Array) -> tuple[Codes, Array]:
    """Groups of residuals with gaps between, -1 for rows in none, and the middle of each group."""
    order = np.argsort(residual)
    ranked = residual[order]
    reach = np.quantile(ranked, 0.995) - np.quantile(ranked, 0.005)
    group = np.full(len(residual), -1)
    if not reach > 0:
        return group, np.empty(0)
    number = np.concatenate([[0], np.cumsum(np.diff(ranked) > 0.03 * reach)])
    sizes = np.bincount(number)
    large = np.flatnonzero(sizes >= max(5, FEWEST_WITH_EXTRA * len(residual)))
    if not 2 <= len(large) <= MOST_EXTRAS or sizes[large].sum() < (1 - fit.BROKEN) * len(residual):
        return group, np.empty(0)
    position = np.full(len(sizes), -1)
    position[large] = np.arange(len(large))
    group[order] = position[number]
    return group, np.array([np.median(residual[group == one]) for one in range(len(large))])


def _within(values: Array, group: Codes) -> Array:
    """Differences from the mean of the group."""
    return np.asarray(values - (np.bincount(group, values) / np.bincount(group))[group])


def _table(columns: Iterable[Array], target: Array) -> Array:
    return np.column_stack([np.empty((len(target), 0)), *columns])
