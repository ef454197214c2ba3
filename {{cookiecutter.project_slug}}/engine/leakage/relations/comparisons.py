"""Two numbers that only together part classes: by their difference, their ratio, a line."""

from collections.abc import Iterator, Mapping

import numpy as np

from engine.leakage.fit import least_squares, means_and_spreads
from engine.leakage.leak import Leak
from engine.leakage.outcome import Array, Codes, Outcome, rows_of_each
from engine.leakage.relations.sets import promising
from engine.leakage.threshold_rules import FEWEST, Flags, ThresholdRule, borders, candidates

# Rows of each class for a quick look at all pairs and for a line, and lines that are tried.
SAMPLE_SIZE, FOR_A_LINE, TRIED = 200, 2_000, 60
# All pairs of so many numbers are tried; of more, those that tell most.
NUMBERS = 120
# Two numbers are compared only where neither alone does the work: else one of them is a strong
# feature, and the other merely a yardstick that happens to lie between the classes.
ALONE = 0.95
# Many pairs are tried, so hardly a row may contradict one; a share of the rarest class.
WRONG_ORDER = 0.002
# Of two numbers that are held against each other, one is a yardstick (a deadline, a limit) if it
# tells so much less than the other, which came later.
YARDSTICK = 0.1


def comparisons(numbers: Mapping[str, Array], dates: set[str], outcome: Outcome) -> Iterator[Leak]:
    """Two numbers or dates whose sum, difference, ratio or product a border parts by class."""
    sizes = np.bincount(outcome.codes, minlength=len(outcome.classes))
    if (sizes >= FEWEST).sum() < 2 or len(numbers) < 2:
        return
    names = _most_telling(numbers, outcome)
    named: set[str] = set()
    tried = [*_by_pairs(names, numbers, dates, outcome), *_by_lines(names, numbers, outcome)]
    for one, formula, other, values in tried:
        if {one, other} & named:
            continue
        there = np.isfinite(values)
        found = borders(values, outcome)
        if found is None or sum(border.wrong for border in found) > WRONG_ORDER * sizes.min():
            continue
        alone = {name: _alone(numbers[name], outcome, there) for name in (one, other)}
        most, least = max(alone, key=lambda name: alone[name]), min(alone.values())
        if alone[most] <= ALONE:
            named |= {one, other}
            held_against = formula in "−/" or formula.startswith("-")
            latest = (most,) if held_against and alone[most] - least > YARDSTICK else ()
            yield Leak(*_said(one, formula, other, found, outcome), latest)


def _said(
    one: str, sign: str, other: str, found: list[ThresholdRule], outcome: Outcome
) -> tuple[tuple[str, ...], str]:
    """The two columns, in the order in which the formula reads best, and the formula."""
    if len(outcome.classes) > 2:
        ats = ", ".join(f"{border.at:.4g}" for border in found)
        return (one, other), f"{outcome.name} changes just where {one} {sign} {other} reaches {ats}"
    [border] = found
    low, high, is_more = border.below, border.at, border.above == 1
    if sign == "−" and not is_more:
        one, other, low, high, is_more = other, one, -high, -low, True
    if sign == "−" and low <= 0 <= high:
        compared = f"{one} {'>' if high > 0 else '>='} {other}"
    else:
        compared = f"{one} {sign} {other} {f'>= {high:.4g}' if is_more else f'<= {low:.4g}'}"
    return (one, other), f"{outcome.name} is whether {compared}"


def _by_pairs(
    names: list[str], numbers: Mapping[str, Array], dates: set[str], outcome: Outcome
) -> Iterator[tuple[str, str, str, Array]]:
    """Pairs that a border parts on a few rows of each class, and what is made of them."""
    glance = rows_of_each(outcome, SAMPLE_SIZE)
    table = np.column_stack([numbers[name] for name in names])[glance]
    target, is_date = outcome.codes[glance], np.array([name in dates for name in names])
    two = np.isin(target, np.argsort(-np.bincount(target))[:2])
    table, target = table[two], np.unique(target[two], return_inverse=True)[1]
    for place, one in enumerate(names[:-1]):
        first, rest = table[:, [place]], table[:, place + 1 :]
        both_numbers = ~is_date[place + 1 :] & ~is_date[place]
        alike = is_date[place + 1 :] == is_date[place]
        for sign, compute, allowed_for in (
            ("−", np.subtract, alike), ("+", np.add, both_numbers),
            ("/", np.divide, both_numbers), ("×", np.multiply, both_numbers),
        ):  # fmt: skip
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                made = compute(first, rest)
            made[~np.isfinite(made)] = np.nan
            for at in np.flatnonzero(candidates(made, target) & allowed_for):
                other = names[place + 1 + int(at)]
                with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                    values = compute(numbers[one], numbers[other])
                values[~np.isfinite(values)] = np.nan
                yield one, sign, other, values


def _by_lines(
    names: list[str], numbers: Mapping[str, Array], outcome: Outcome
) -> Iterator[tuple[str, str, str, Array]]:
    """Two classes parted by a line: one number against another times a factor."""
    if len(outcome.classes) != 2:
        return
    table = np.column_stack([numbers[name] for name in names])
    glance = rows_of_each(outcome, SAMPLE_SIZE)
    wide = rows_of_each(outcome, FOR_A_LINE)
    target = outcome.codes[glance]
    tried = 0
    for chosen in promising(table, outcome.values, least=0.1):
        if len(chosen) != 2 or tried >= TRIED:
            return
        tried += 1
        weights = _line(table[wide][:, chosen], outcome.codes[wide])
        if weights is None:
            continue
        values = table[:, chosen] @ weights
        if candidates(values[glance][:, None], target)[0]:
            one, other = names[chosen[0]], names[chosen[1]]
            yield one, f"{weights[1]:+.4g} ×", other, values


def _line(part: Array, target: Codes) -> Array | None:
    """The direction across the line that parts two classes, its first weight 1.

    Least squares first; then the rows near the line alone, again and again: far ones say little.
    """
    there = np.isfinite(part).all(axis=1)
    if there.sum() < FEWEST:
        return None
    part, sides = part[there], target[there].astype(np.float64)
    near = np.ones(len(part), bool)
    weights = np.ones(part.shape[1])
    for share in (1.0, 0.7, 0.5, 0.35, 0.25):
        weights = least_squares(part[near], sides[near])
        score = part @ weights
        ends = np.quantile(score[sides == 1], 0.05), np.quantile(score[sides == 0], 0.95)
        off = np.abs(score - np.mean(ends))
        near = off <= np.quantile(off, share)
        if min(sides[near].sum(), (1 - sides[near]).sum()) < 10:
            break
    if weights[0] == 0 or not np.isfinite(weights).all():
        return None
    return _turned(part[near], sides[near], weights / weights[0])


def _turned(part: Array, sides: Array, weights: Array) -> Array:
    """The direction turned a little, to where the fewest rows are on the wrong side."""
    turns = [np.array([1.0, weights[1] * (1 + by)]) for by in np.linspace(-0.15, 0.15, 61)]
    fewest = []
    for turned in turns:
        ranked = sides[np.argsort(part @ turned, kind="stable")]
        apart = np.cumsum(ranked) - np.arange(1, len(ranked) + 1) * ranked.mean()
        fewest.append(-np.abs(apart).max())
    best = np.flatnonzero(np.array(fewest) <= min(fewest) + 1e-9)
    return turns[int(best[len(best) // 2])]


def _most_telling(numbers: Mapping[str, Array], outcome: Outcome) -> list[str]:
    """The numbers that differ most from class to class, by their means in spreads."""
    names = list(numbers)
    if len(names) <= NUMBERS:
        return names
    table = np.column_stack(list(numbers.values()))
    means = [
        means_and_spreads(table[outcome.codes == one])[0] for one in range(len(outcome.classes))
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.ptp(np.array(means), axis=0) / means_and_spreads(table)[1]
    apart = np.nan_to_num(apart, posinf=0.0)
    return [names[number] for number in np.sort(np.argsort(-apart)[:NUMBERS])]


def _alone(values: Array, outcome: Outcome, rows: Flags) -> float:
    """How well the best border on one column parts two classes, 0 to 1 (Youden's J); the most
    that it does of any class against the others.
    """
    there = rows & np.isfinite(values)
    order = np.argsort(values[there], kind="stable")
    ranked, codes = values[there][order], outcome.codes[there][order]
    ends = np.append(ranked[1:] != ranked[:-1], True)
    best = []
    for label in range(len(outcome.classes)):
        hit = codes == label
        if 0 < hit.sum() < len(hit):
            apart = np.cumsum(hit) / hit.sum() - np.cumsum(~hit) / (~hit).sum()
            best.append(float(np.abs(apart[ends]).max()))
    return min(best, default=0.0)
