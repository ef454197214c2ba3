"""Two columns that are equal, or differ, exactly where a class occurs: reserved and assigned."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.contract.column import kind_of
from engine.leakage.categorical import Categories, reencodes
from engine.leakage.fit import FILLED
from engine.leakage.outcome import Array, Codes, Leak, Outcome, as_numbers, rows_of_each

# Rows of each class for a quick test of all pairs; the share of them that may contradict it, and
# how many must be filled.
SAMPLE_SIZE, WRONG, FEWEST = 200, 0.03, 20
# Fewer rows of either side could agree by chance, as many pairs are tried.
FEWEST_OF_EITHER = 40

Keys = Callable[[list["pd.Series[Any]"]], list[Array]]


def equalities(columns: "Mapping[str, pd.Series[Any]]", outcome: Outcome) -> Iterator[Leak]:
    """Two texts, numbers or dates that are equal exactly when a class occurs, or does not.

    Texts are compared without case and blanks at their ends, dates also by their days. Two flags
    are left to `pairs_of_categories`.
    """
    rows, named = rows_of_each(outcome, SAMPLE_SIZE), set[str]()
    for kinds, when, keys in COMPARED:
        names = [name for name, values in columns.items() if kind_of(values.dtype) in kinds]
        if len(names) < 2:
            continue
        table = np.column_stack(keys([columns[name].iloc[rows] for name in names]))
        for one, other in _alike(table, outcome.take(rows).codes, len(outcome.classes)):
            pair = (names[one], names[other])
            if named.isdisjoint(pair) and (
                mechanism := _mechanism(keys([columns[name] for name in pair]), outcome)
            ):
                named |= {*pair}
                yield Leak(pair, mechanism + when)


def _alike(table: Array, target: Codes, classes: int) -> Iterator[tuple[int, int]]:
    """Pairs of columns that agree in nearly all rows of a class and hardly another, or reverse."""
    present = (target == np.arange(classes)[:, None]).astype(np.float32)
    filled = np.isfinite(table)
    for one in range(table.shape[1] - 1):
        both = (filled[:, [one]] & filled[:, one + 1 :]).astype(np.float32)
        same = (table[:, [one]] == table[:, one + 1 :]).astype(np.float32)
        inside, agree = present @ both, present @ same
        outside, elsewhere = inside.sum(axis=0) - inside, agree.sum(axis=0) - agree
        enough = (inside >= FEWEST) & (outside >= FEWEST)
        equal = (inside - agree <= WRONG * inside) & (elsewhere <= WRONG * outside)
        differ = (agree <= WRONG * inside) & (outside - elsewhere <= WRONG * outside)
        for at in np.flatnonzero((enough & (equal | differ)).any(axis=0)):
            yield one, one + 1 + int(at)


def _mechanism(keys: list[Array], outcome: Outcome) -> str | None:
    """When two columns are equal, where both are filled; None if that is no class."""
    one, other = keys
    filled = np.flatnonzero(np.isfinite(one) & np.isfinite(other))
    if len(filled) < FILLED * len(one):
        return None
    equal = Categories((one == other)[filled].astype(np.intp), (False, True))
    for label, size in enumerate(np.bincount(outcome.codes[filled])):
        is_class = Outcome(outcome.name, (outcome.codes[filled] == label) * 1.0, (False, True))
        if min(size, len(filled) - size) < FEWEST_OF_EITHER:
            continue
        if reencodes(equal, is_class, strict=True):
            are_equal = equal.codes[outcome.codes[filled] == label].mean() > 0.5
            state = "are equal" if are_equal else "differ"
            return f"they {state} exactly when {outcome.name} is {outcome.classes[label]!r}"
    return None


def _texts(columns: "list[pd.Series[Any]]") -> list[Array]:
    # Each different text is normalised once.
    factorized = [values.factorize() for values in columns]
    parts = [pd.Series(labels.astype(str)).str.strip().str.casefold() for _, labels in factorized]
    numbers = np.split(pd.factorize(pd.concat(parts))[0], np.cumsum([*map(len, parts)])[:-1])
    pairs = zip(factorized, numbers, strict=True)
    return [np.append(own, np.nan)[codes] for (codes, _), own in pairs]


def _numbers(columns: "list[pd.Series[Any]]") -> list[Array]:
    return [as_numbers(values) for values in columns]


def _days(columns: "list[pd.Series[Any]]") -> list[Array]:
    return [np.floor(as_numbers(values)) for values in columns]


# What is compared with its like: the types, the words behind the mechanism, and the keys.
COMPARED: tuple[tuple[set[str], str, Keys], ...] = (
    ({"category"}, "", _texts),
    ({"number", "integer"}, "", _numbers),
    ({"date"}, "", _numbers),
    ({"date"}, ", by their days", _days),
)
