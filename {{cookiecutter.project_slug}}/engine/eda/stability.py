"""Change over time: the number of rows, the target, and the features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.contract.column import Column
from engine.eda.bins import cut, numbers, timestamp
from engine.eda.target import Codes

PERIODS = 12
FEWEST_IN_PERIOD = 100
DRIFT_BINS = 10
SMALL_EFFECT = 0.1  # Cohen 1988: smaller differences hardly matter


@dataclass(frozen=True)
class Periods:
    """Equal periods of time: `codes` (n,) is each row's period, −1 without a time.

    `ends` are the limits of the periods, one more than `starts`.
    """

    codes: Codes
    starts: tuple[str, ...]
    ends: tuple[str, ...]

    def take(self, rows: NDArray[np.bool_]) -> "Periods":
        """The same periods, for some rows."""
        return Periods(self.codes[rows], self.starts, self.ends)


def periods_of(times: pd.Series) -> Periods | None:
    """Cut time into periods that hold enough rows on average; None for a single time."""
    seconds = numbers(Column("time", "date"), times)
    present = seconds[~np.isnan(seconds)]
    if not len(present) or present.min() == present.max():
        return None
    number_of_periods = int(np.clip(len(present) / FEWEST_IN_PERIOD, 2, PERIODS))
    limits = np.linspace(present.min(), present.max(), number_of_periods + 1)
    codes = np.searchsorted(limits[1:-1], seconds, side="right").astype(np.intp)
    codes[np.isnan(seconds)] = -1
    named = tuple(timestamp(limit) for limit in limits)
    if len(set(named)) < len(named):  # with the hour where days would repeat
        hours = [str(np.datetime64(int(limit), "s")) for limit in limits]
        named = tuple(hour.replace("T", " ")[5:16] for hour in hours)
    return Periods(codes, named[:-1], named)


def drift(columns: Sequence[Column], frame: pd.DataFrame, periods: Periods) -> dict[str, float]:
    """The association of each column with the period, the strongest first.

    Cramér's V between period and bins (missing is a bin): 0 is stable, at 1 the value determines
    the period. Dates are left out.
    """
    compared = [column for column in columns if column.type != "date"]
    bins = {one.name: cut(one, frame[one.name], DRIFT_BINS).with_missing() for one in compared}
    result = {name: cramer(periods.codes, one.codes) for name, one in bins.items()}
    return dict(sorted(result.items(), key=lambda item: -item[1]))


def cramer(first: Codes, second: Codes) -> float:
    """Cramér's V between two groupings of rows, corrected for chance (Bergsma 2013).

    A code of −1 belongs to no group. 0: independent; 1: one determines the other.
    """
    inside = (first >= 0) & (second >= 0)
    groups, others = first.max(initial=0) + 1, second.max(initial=0) + 1
    flat = first[inside] * others + second[inside]
    table = np.bincount(flat, minlength=groups * others).reshape(groups, others)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (r, k) = table.sum(), table.shape
    if n < 2 or min(r, k) < 2:
        return 0.0
    phi2 = (table**2 / np.outer(table.sum(axis=1), table.sum(axis=0))).sum() - 1
    corrected = max(0.0, phi2 - (r - 1) * (k - 1) / (n - 1))
    rows, cols = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    room = min(rows - 1, cols - 1)
    return float(np.sqrt(corrected / room)) if room > 0 else 0.0
