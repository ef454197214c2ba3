"""Correlated features, and features that are missing in the same rows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.bins import cut, is_numeric, numbers
from engine.eda.stability import cramer

CORRELATED = 0.95
ENOUGH_ROWS = 5_000  # a rank correlation of so many rows is right to about 0.01
MOST_VALUES = 50  # categories of more values are associated by chance


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
    return sorted(
        [*_numbers(columns, frame), *_categories(columns, frame)], key=lambda a: -a.strength
    )


def shared_missingness(columns: Sequence[Column], frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Groups of features that are missing in exactly the same rows, the largest group first."""
    groups: defaultdict[bytes, list[str]] = defaultdict(list)
    for column in columns:
        is_missing = frame[column.name].isna().to_numpy()
        if is_missing.any() and not is_missing.all():
            groups[np.packbits(is_missing).tobytes()].append(column.name)
    result = [tuple(names) for names in groups.values() if len(names) > 1]
    return sorted(result, key=len, reverse=True)


def _numbers(columns: Sequence[Column], frame: pd.DataFrame) -> list[CorrelatedPair]:
    ranks = {c.name: pd.Series(numbers(c, frame[c.name])).rank() for c in columns if is_numeric(c)}
    # Two common rows always lie on a line: require enough of them.
    table = pd.DataFrame(ranks).corr(min_periods=max(10, len(frame) // 100)).abs()
    strengths, names = table.to_numpy(), list(table.columns)
    pairs = np.argwhere(np.triu(np.nan_to_num(strengths) >= CORRELATED, k=1))
    return [
        CorrelatedPair(names[i], names[j], float(strengths[i, j]), "rank correlation")
        for i, j in pairs
    ]


def _categories(columns: Sequence[Column], frame: pd.DataFrame) -> list[CorrelatedPair]:
    bins = {
        c.name: cut(c, frame[c.name], MOST_VALUES)
        for c in columns
        if not is_numeric(c) and 2 <= frame[c.name].nunique() <= MOST_VALUES
    }
    result = []
    for (first, a), (second, b) in combinations(bins.items(), 2):
        if (strength := cramer(a.codes, b.codes)) >= CORRELATED:
            result.append(CorrelatedPair(first, second, strength, "Cramér's V"))
    return result
