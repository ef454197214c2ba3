"""What moves over time: how many rows, the target, and which features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.contract.column import Column
from engine.eda.bins import cut, numbers, timestamp
from engine.eda.target import Array, Codes

PERIODS = 12
FEWEST_IN_PERIOD = 100
DRIFT_BINS = 10
# A small effect by Cohen's convention (1988): below it, a difference is real but hardly matters.
MOVES = 0.1


@dataclass(frozen=True)
class Periods:
    """Equal stretches of time: the one of each row (`codes`, n; −1 for no time) and their starts.

    `ends` are the limits of the stretches, one more than starts.
    """

    codes: Codes
    starts: tuple[str, ...]
    ends: tuple[str, ...]

    def take(self, rows: NDArray[np.bool_]) -> "Periods":
        """The same stretches, of some rows."""
        return Periods(self.codes[rows], self.starts, self.ends)


def periods(times: pd.Series) -> Periods | None:
    """Cut time into stretches that hold enough rows on average; None where there is no span."""
    seconds = numbers(Column("time", "date"), times)
    known = seconds[~np.isnan(seconds)]
    if not len(known) or known.min() == known.max():
        return None
    how_many = int(np.clip(len(known) / FEWEST_IN_PERIOD, 2, PERIODS))
    limits = np.linspace(known.min(), known.max(), how_many + 1)
    codes = np.searchsorted(limits[1:-1], seconds, side="right").astype(np.intp)
    codes[np.isnan(seconds)] = -1
    named = tuple(_names(limits))
    return Periods(codes, named[:-1], named)


def drift(columns: Sequence[Column], frame: pd.DataFrame, spans: Periods) -> dict[str, float]:
    """How far each column's values hang together with the period, from the most to the least.

    Cramér's V between period and bins (missing is a bin): 0 is stable, 1 means that the value tells
    the period. Dates are left out.
    """
    found = {}
    for column in columns:
        if column.type != "date":
            bins = cut(column, frame[column.name], DRIFT_BINS).with_missing()
            strength = cramer(spans.codes, len(spans.starts), bins.codes, len(bins.labels))
            found[column.name] = strength
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def cramer(first: Codes, groups: int, second: Codes, others: int) -> float:
    """Cramér's V between two groupings of rows, less what chance alone gives (Bergsma 2013).

    A code of −1 belongs to no group. 0: they have nothing to do with each other; 1: one tells the
    other.
    """
    inside = (first >= 0) & (second >= 0)
    flat = first[inside] * others + second[inside]
    table = np.bincount(flat, minlength=groups * others).reshape(groups, others)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (r, k) = table.sum(), table.shape
    if n < 2 or min(r, k) < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = float(((table - expected) ** 2 / expected).sum() / n)
    corrected = max(0.0, phi2 - (r - 1) * (k - 1) / (n - 1))
    rows, cols = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    room = min(rows - 1, cols - 1)
    return float(np.sqrt(corrected / room)) if room > 0 else 0.0


def _names(limits: Array) -> list[str]:
    """Limits as days, or with the hour where days would repeat."""
    days = [timestamp(limit) for limit in limits]
    if len(set(days)) == len(days):
        return days
    return [str(np.datetime64(int(limit), "s")).replace("T", " ")[5:16] for limit in limits]
