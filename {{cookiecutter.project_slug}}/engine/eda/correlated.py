"""Features that say the same as another, and gaps that fall together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.bins import cut, is_numeric, numbers
from engine.eda.stability import cramer

ALIKE = 0.95
ENOUGH_ROWS = 5_000  # a rank correlation of so many rows is right to about 0.01
MOST_VALUES = 50  # words of more values pair up by chance


@dataclass(frozen=True)
class Alike:
    """Two features and how far one says what the other says: 1 is all of it."""

    first: str
    second: str
    strength: float
    measure: str


def alike(columns: Sequence[Column], frame: pd.DataFrame) -> list[Alike]:
    """Pairs of features that say nearly the same, from the most to the least.

    Numbers and dates by the rank correlation (Spearman 1904), on rows where both are known; words
    and truth values by Cramér's V (Bergsma 2013).

    Args:
        frame: rows to look at; of more than `ENOUGH_ROWS`, so many are drawn.
    """
    if len(frame) > ENOUGH_ROWS:
        frame = frame.sample(ENOUGH_ROWS, random_state=0)
    return sorted([*_numbers(columns, frame), *_words(columns, frame)], key=lambda a: -a.strength)


def shared_missingness(columns: Sequence[Column], frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Groups of features that are missing in the very same rows, the largest group first."""
    groups: defaultdict[bytes, list[str]] = defaultdict(list)
    for column in columns:
        gone = frame[column.name].isna().to_numpy()
        if gone.any() and not gone.all():
            groups[np.packbits(gone).tobytes()].append(column.name)
    found = [tuple(names) for names in groups.values() if len(names) > 1]
    return sorted(found, key=len, reverse=True)


def _numbers(columns: Sequence[Column], frame: pd.DataFrame) -> list[Alike]:
    ranks = {c.name: pd.Series(numbers(c, frame[c.name])).rank() for c in columns if is_numeric(c)}
    # Two rows in common lie on a line: enough rows must know both.
    table = pd.DataFrame(ranks).corr(min_periods=max(10, len(frame) // 100)).abs()
    strengths, names = table.to_numpy(), list(table.columns)
    firsts, seconds = np.nonzero(np.triu(np.nan_to_num(strengths) >= ALIKE, k=1))
    return [
        Alike(names[i], names[j], float(strengths[i, j]), "rank correlation")
        for i, j in zip(firsts.tolist(), seconds.tolist(), strict=True)
    ]


def _words(columns: Sequence[Column], frame: pd.DataFrame) -> list[Alike]:
    bins = {
        c.name: cut(c, frame[c.name], MOST_VALUES)
        for c in columns
        if not is_numeric(c) and 2 <= frame[c.name].nunique() <= MOST_VALUES
    }
    found = []
    for (first, a), (second, b) in combinations(bins.items(), 2):
        strength = cramer(a.codes, len(a.labels), b.codes, len(b.labels))
        if strength >= ALIKE:
            found.append(Alike(first, second, strength, "Cramér's V"))
    return found
