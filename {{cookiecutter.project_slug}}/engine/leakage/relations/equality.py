"""Two columns that are equal, or differ, exactly where a class occurs: reserved and assigned."""

from collections.abc import Iterator, Mapping, Sequence
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


def equalities(columns: "Mapping[str, pd.Series[Any]]", outcome: Outcome) -> Iterator[Leak]:
    """Two texts, numbers or dates that are equal exactly when a class occurs, or does not.

    Two flags are left to `pairs_of_categories`.
    """
    kinds = {name: kind_of(values.dtype) for name, values in columns.items()}
    values = {name: columns[name] for name, kind in kinds.items() if kind != "boolean"}
    days = {name: columns[name].dt.floor("D") for name, kind in kinds.items() if kind == "date"}
    rows, named = rows_of_each(outcome, SAMPLE_SIZE), set[str]()
    sample = outcome.take(rows)
    for compared, suffix in ((values, ""), (days, ", by their days")):
        names = list(compared)
        table = _codes([one.iloc[rows] for one in compared.values()])
        for pair in _candidates(table, sample.codes, len(outcome.classes)):
            one, other = (names[at] for at in pair)
            if {one, other} & named:
                continue
            if mechanism := _mechanism(_codes([compared[one], compared[other]]), outcome):
                named |= {one, other}
                yield Leak((one, other), mechanism + suffix)


def _codes(columns: "Sequence[pd.Series[Any]]") -> Array:
    """Equal numbers for equal values, NaN where missing: shape (n, columns).

    Texts are compared without case and blanks at their ends; one that is a number is that number.
    """
    if not columns:
        return np.empty((0, 0))
    cells = []
    for values in columns:
        if kind_of(values.dtype) == "category":
            own, labels = values.factorize()
            texts = pd.Series(labels.astype(str)).str.strip().str.casefold()
            numbers = pd.to_numeric(texts, errors="coerce").astype(object)
            cells.append(np.array([*numbers.fillna(texts), None], object)[own])
        else:
            cells.append(as_numbers(values).astype(object))
    codes = pd.factorize(np.concatenate(cells))[0].astype(np.float64)
    return np.where(codes < 0, np.nan, codes).reshape(len(columns), -1).T


def _candidates(table: Array, target: Codes, classes: int) -> Iterator[tuple[int, int]]:
    """Pairs that are equal in nearly all rows of a class and hardly another, or the reverse."""
    present = (target == np.arange(classes)[:, None]).astype(np.float32)
    filled = np.isfinite(table)
    for one in range(table.shape[1] - 1):
        both = (filled[:, [one]] & filled[:, one + 1 :]).astype(np.float32)
        same = (table[:, [one]] == table[:, one + 1 :]).astype(np.float32)
        inside, equal = present @ both, present @ same
        outside, elsewhere = inside.sum(axis=0) - inside, equal.sum(axis=0) - equal
        enough = (inside >= FEWEST) & (outside >= FEWEST)
        equals = (inside - equal <= WRONG * inside) & (elsewhere <= WRONG * outside)
        differs = (equal <= WRONG * inside) & (outside - elsewhere <= WRONG * outside)
        for at in np.flatnonzero((enough & (equals | differs)).any(axis=0)):
            yield one, one + 1 + int(at)


def _mechanism(codes: Array, outcome: Outcome) -> str | None:
    """When two columns are equal, where both are filled; None if that is no class."""
    filled = np.isfinite(codes).all(axis=1)
    if filled.mean() < FILLED:
        return None
    equal = Categories((codes[filled, 0] == codes[filled, 1]).astype(np.intp), (False, True))
    for label, name in enumerate(outcome.classes):
        is_class = outcome.codes[filled] == label
        if min(is_class.sum(), (~is_class).sum()) < FEWEST_OF_EITHER:
            continue
        if reencodes(equal, Outcome(name, is_class * 1.0, (False, True)), strict=True):
            state = "are equal" if equal.codes[is_class].mean() > 0.5 else "differ"
            return f"they {state} exactly when {outcome.name} is {name!r}"
    return None
