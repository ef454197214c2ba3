"""Two numbers, two columns of categories or a few gaps that only together give the classes."""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from engine.leakage.categorical import WRONG, Categories, allowed, count_pairs, reencodes
from engine.leakage.fit import finite, means_and_spreads, without_float_noise
from engine.leakage.outcome import Array, Flags, Leak, Outcome, rows_of_each
from engine.leakage.relations.planes import separating_weights
from engine.leakage.relations.sets import correlations, cover, promising
from engine.leakage.threshold_rules import FEWEST, ThresholdRule, candidates, threshold_rules

# Rows of each class for a quick test of all pairs and for a line, and lines that are tried.
SAMPLE_SIZE, FOR_A_LINE, TRIED = 200, 2_000, 60
# All pairs of so many numbers are tried; of more, the strongest.
NUMBERS = 120
# Two numbers are compared only where neither alone does the work: else one of them is a strong
# feature, and the other merely a yardstick that happens to lie between the classes.
ALONE = 0.95
# Many pairs are tried, so hardly a row may contradict one; a share of the rarest class.
WRONG_ORDER = 0.002
# Of two compared numbers, one is a yardstick (a deadline, a limit) if it separates the classes so
# much less than the other, which came later.
YARDSTICK = 0.1
SIGNS: dict[str, Callable[[Array, Array], Array]] = {
    "−": np.subtract, "+": np.add, "/": np.divide, "×": np.multiply,
    "|−|": lambda one, other: np.abs(one - other),
}  # fmt: skip
# Categories of a column, so that two of them make a table that rows can fill.
MOST_CATEGORIES, MOST_COLUMNS = 12, 200
# Fewer sampled rows of a class could match categories by chance.
FEWEST_SAMPLED = 40
# Columns whose gaps may make up a class together; and the rows that each of them must bring.
MOST_GAPS, FEWEST_GAPS = 5, 5


def comparisons(numbers: Mapping[str, Array], dates: set[str], outcome: Outcome) -> Iterator[Leak]:
    """Two numbers or dates whose sum, difference, ratio or product separates the classes."""
    sizes = outcome.class_sizes
    if (sizes >= FEWEST).sum() < 2 or len(numbers) < 2:
        return
    names = _strongest(numbers, outcome)
    named: set[str] = set()
    tried = [*_by_pairs(names, numbers, dates, outcome), *_by_lines(names, numbers, outcome)]
    for one, sign, other, values in tried:
        if {one, other} & named:
            continue
        rules = threshold_rules(values, outcome)
        if rules is None or sum(rule.wrong for rule in rules) > WRONG_ORDER * sizes.min():
            continue
        filled = np.isfinite(values)
        alone = {name: _alone(numbers[name], outcome, filled) for name in (one, other)}
        most, least = max(alone, key=lambda name: alone[name]), min(alone.values())
        if alone[most] <= ALONE:
            named |= {one, other}
            compares = sign in "−/" or sign.startswith("-")
            latest = (most,) if compares and alone[most] - least > YARDSTICK else ()
            yield Leak(*_described(one, sign, other, rules, outcome), latest)


def _described(
    one: str, sign: str, other: str, rules: list[ThresholdRule], outcome: Outcome
) -> tuple[tuple[str, str], str]:
    """The two columns, in the order in which the formula reads best, and the formula."""
    computed = f"|{one} − {other}|" if sign == "|−|" else f"{one} {sign} {other}"
    if len(outcome.classes) > 2:
        borders = ", ".join(f"{rule.at:.4g}" for rule in rules)
        return (one, other), f"{outcome.name} changes exactly at {computed} = {borders}"
    [rule] = rules
    low, high, is_more = rule.below, rule.at, rule.above == 1
    if sign == "−" and not is_more:
        one, other, low, high, is_more = other, one, -high, -low, True
    if sign == "−" and low <= 0 <= high:
        compared = f"{one} {'>' if high > 0 else '>='} {other}"
    else:
        computed = f"{one} − {other}" if sign == "−" else computed
        compared = f"{computed} {f'>= {high:.4g}' if is_more else f'<= {low:.4g}'}"
    return (one, other), f"{outcome.name} is whether {compared}"


def _by_pairs(
    names: list[str], numbers: Mapping[str, Array], dates: set[str], outcome: Outcome
) -> Iterator[tuple[str, str, str, Array]]:
    """Pairs that a border separates on a few rows of each class, with sign and result."""
    rows = rows_of_each(outcome, SAMPLE_SIZE)
    table = np.column_stack([numbers[name] for name in names])[rows]
    target, is_date = outcome.codes[rows], np.array([name in dates for name in names])
    largest = np.isin(target, np.argsort(-np.bincount(target))[:2])
    table, target = table[largest], np.unique(target[largest], return_inverse=True)[1]
    for place, one in enumerate(names[:-1]):
        others = is_date[place + 1 :]
        for sign, compute in SIGNS.items():
            # Two dates have a difference, and nothing else.
            valid = others == is_date[place] if "−" in sign else ~others & ~is_date[place]
            results = finite(compute(table[:, [place]], table[:, place + 1 :]))
            for at in np.flatnonzero(candidates(results, target) & valid):
                other = names[place + 1 + int(at)]
                values = finite(compute(numbers[one], numbers[other]))
                yield one, sign, other, values
                if sign in "−+|−|":
                    values = without_float_noise(values, numbers[one], numbers[other])
                    yield one, sign, other, values


def _by_lines(
    names: list[str], numbers: Mapping[str, Array], outcome: Outcome
) -> Iterator[tuple[str, str, str, Array]]:
    """Two classes separated by a line: one number against another times a factor."""
    if len(outcome.classes) != 2:
        return
    table = np.column_stack([numbers[name] for name in names])
    few, many = rows_of_each(outcome, SAMPLE_SIZE), rows_of_each(outcome, FOR_A_LINE)
    pairs = promising(*correlations(table, outcome.values), least=0.1)
    for tried, chosen in enumerate(pairs):
        if len(chosen) != 2 or tried >= TRIED:
            return
        weights = separating_weights(table[:, chosen][many], outcome.values[many])
        if weights is None:
            continue
        # Across the line that separates the classes, as a sum in which the first weight is 1.
        weights /= weights[0]
        values = table[:, chosen] @ weights
        if candidates(values[few][:, None], outcome.codes[few])[0]:
            one, other = names[chosen[0]], names[chosen[1]]
            yield one, f"{weights[1]:+.4g} ×", other, values


def _strongest(numbers: Mapping[str, Array], outcome: Outcome) -> list[str]:
    """The numbers that differ most from class to class, by their means in spreads."""
    names = list(numbers)
    if len(names) <= NUMBERS:
        return names
    table = np.column_stack(list(numbers.values()))
    classes = range(len(outcome.classes))
    means = [means_and_spreads(table[outcome.codes == one])[0] for one in classes]
    apart = np.nan_to_num(np.ptp(np.array(means), axis=0) / means_and_spreads(table)[1], posinf=0.0)
    return [names[number] for number in np.sort(np.argsort(-apart)[:NUMBERS])]


def _alone(values: Array, outcome: Outcome, rows: Flags) -> float:
    """The least of Kolmogorov and Smirnov's statistics of each class against the others, 0 to 1."""
    filled = rows & np.isfinite(values)
    column, codes = values[filled], outcome.codes[filled]
    labels = np.unique(codes)
    if len(labels) < 2:
        return 0.0
    sides = [(column[codes == label], column[codes != label]) for label in labels]
    return min(float(ks_2samp(*side, method="asymp").statistic) for side in sides)


def pairs_of_categories(
    columns: "Mapping[str, pd.Series[Any]]", outcome: Outcome
) -> Iterator[Leak]:
    """Two columns of few categories, each pair of which maps to one class: 'one, not both'."""
    few = {}
    for name, values in columns.items():
        categories = Categories.of(values)
        if len(categories.labels) > MOST_CATEGORIES:  # then whether it is missing
            categories = Categories.of(values.isna())
        if len(categories.labels) > 1:
            few[name] = categories
    rows = rows_of_each(outcome, SAMPLE_SIZE)
    sample = outcome.take(rows)
    sizes = sample.class_sizes
    if (sizes >= FEWEST_SAMPLED).sum() < 2:
        return
    named: set[str] = set()
    for one, other in combinations(list(few)[:MOST_COLUMNS], 2):
        if {one, other} & named:
            continue
        codes = few[one].codes[rows] * MOST_CATEGORIES + few[other].codes[rows]
        table = count_pairs(codes, sample.codes, MOST_CATEGORIES**2, len(sizes))
        if len(rows) - table.max(axis=1).sum() > 0.02 * len(rows):
            continue
        codes, pairs = pd.factorize(few[one].codes * len(few[other].labels) + few[other].codes)
        if reencodes(Categories(codes, pairs.tolist()), outcome, strict=True):
            named |= {one, other}
            reencoded = f"together they re-encode {outcome.name}"
            yield Leak((one, other), f"{reencoded}: each pair of values maps to one class")


def shared_missingness(columns: "Mapping[str, pd.Series[Any]]", outcome: Outcome) -> Iterator[Leak]:
    """Columns of which one at least is missing (or present) exactly in the rows of a class.

    Each of them is so in hardly another row, and together they are so in all of the class.
    """
    missing = {name: values.isna().to_numpy() for name, values in columns.items() if values.hasnans}
    for label, size in enumerate(outcome.class_sizes):
        is_class = outcome.codes == label
        if min(size, len(is_class) - size) < 4 * FEWEST_GAPS:
            continue
        lacking, strange = allowed(np.array([size, len(is_class) - size]), WRONG / 2)
        for state in ("missing", "present"):
            flags = {name: gaps == (state == "missing") for name, gaps in missing.items()}
            pure = {
                name: flag & is_class
                for name, flag in flags.items()
                if (flag & is_class).sum() >= FEWEST_GAPS
                and (flag & ~is_class).sum() <= 0.02 * (flag & is_class).sum()
            }
            chosen, left = cover(pure, is_class, most=MOST_GAPS, fewest=FEWEST_GAPS, enough=lacking)
            wrong = np.any([flags[n] & ~is_class for n in chosen], axis=0).sum() if chosen else 0
            if len(chosen) > 1 and left <= lacking and wrong <= strange:
                when = f"exactly when {outcome.name} is {outcome.classes[label]!r}"
                yield Leak(tuple(chosen), f"one of them is {state} {when}")
                return
