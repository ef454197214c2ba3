"""What looks odd in a feature's values: stand-ins, long tails, words for missing, nothing new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.bins import is_numeric, numbers
from engine.eda.target import written
from engine.pages.formatting import count, listed, number, percent

NEARLY_CONSTANT = 0.995
NAMELIKE = 0.9  # a word of which so many rows have their own names rows rather than describes them
STAND_IN_SHARE, STAND_IN_GAP = 0.01, 1.0
LONG_TAIL = 30.0
WORDS_FOR_MISSING = frozenset(
    {"", "-", "?", ".", "n/a", "na", "nan", "nil", "none", "null", "unknown", "missing"}
)
MOST_WORDS = 5_000  # of more different words, spelling says little


@dataclass(frozen=True)
class Odd:
    """A feature, what is odd about its values, and what to do about it."""

    column: str
    what: str
    next: str


def odd(columns: Sequence[Column], frame: pd.DataFrame, different: Mapping[str, int]) -> list[Odd]:
    """What is odd, feature by feature.

    Args:
        frame: rows to look at; a sample will do.
        different: how many different values each column has in all rows, missing not counted.
    """
    found: list[Odd] = []
    for column in columns:
        values = frame[column.name]
        said = list(_unchanging(column, values, different[column.name]))
        if not said:
            said = list(_numbers(column, values) if is_numeric(column) else _words(column, values))
        found += [Odd(column.name, what, advice) for what, advice in said]
    return found


def _unchanging(column: Column, values: pd.Series, different: int) -> Iterator[tuple[str, str]]:
    """One value, or as good as one."""
    if different == 0:
        yield "has no value at all", "exclude it, or mend its source"
        return
    known = values.dropna()
    if not len(known):
        return
    counts = known.value_counts()
    first = written(counts.index[0])
    if different == 1 and len(known) == len(values):
        yield f"is always {first}", "exclude it: no model can use it"
    elif different == 1:
        yield f"is {first} or missing", "say what a gap means; it is all this column tells"
    elif counts.iloc[0] >= NEARLY_CONSTANT * len(values):
        rest = len(values) - int(counts.iloc[0])
        share = percent(counts.iloc[0] / len(values))
        yield f"is {first} in {share} of rows", f"{count(rest, 'row')} can hardly be learnt from"


def _numbers(column: Column, values: pd.Series) -> Iterator[tuple[str, str]]:
    if column.type != "date" and (
        endless := int(np.isinf(values.to_numpy(np.float64, na_value=0)).sum())
    ):
        yield f"is infinite in {count(endless, 'row')}", "make these missing at the source"
    known = numbers(column, values)
    known = known[~np.isnan(known)]
    distinct, rows = np.unique(known, return_counts=True)
    if column.type == "date" or len(distinct) < 20:
        return
    if (at := _stand_in(distinct, rows)) is not None:
        share = percent(rows[at] / len(known))
        yield (
            f"is {number(float(distinct[at]))} in {share} of rows, far from all else",
            "if it stands for missing, make it missing",
        )
        known = known[known != distinct[at]]
    low, middle, high = np.quantile(known, (0.25, 0.5, 0.75))
    furthest = float(np.abs(known - middle).max())
    if high > low and furthest > LONG_TAIL * (high - low):
        yield (
            f"has a long tail: the furthest value lies {number(furthest / (high - low))} times the "
            "middle half's width away",
            "check the extremes; a linear model wants its logarithm or ranks",
        )


def _stand_in(distinct: np.ndarray, rows: np.ndarray) -> int | None:
    """An end value that many rows share and a wide gap sets apart, such as −999."""
    total, inner = rows.sum(), np.repeat(distinct[1:-1], rows[1:-1])
    width = float(np.subtract(*np.quantile(inner, (0.75, 0.25)))) if len(inner) else 0.0
    for at, beside in ((0, 1), (len(distinct) - 1, len(distinct) - 2)):
        apart = abs(float(distinct[at] - distinct[beside]))
        if rows[at] >= STAND_IN_SHARE * total and apart > STAND_IN_GAP * width > 0:
            return at
    return None


def _words(column: Column, values: pd.Series) -> Iterator[tuple[str, str]]:
    if column.type != "category":
        return
    counts = values.value_counts()
    if len(counts) > NAMELIKE * counts.sum() and counts.sum() > 1:
        yield "almost every row has its own", "exclude it: it names rows, it does not describe them"
    if len(counts) > MOST_WORDS:
        return
    spelled = counts.index.astype(str).str.strip().str.casefold()
    gaps = [str(word) for word, plain in zip(counts.index, spelled, strict=True)
            if plain in WORDS_FOR_MISSING]  # fmt: skip
    if gaps:
        rows = int(counts[gaps].sum())
        quoted = listed([f"“{word}”" for word in gaps[:3]])
        yield f"is {quoted} in {count(rows, 'row')}", "if it stands for missing, make it missing"
    if doubled := len(spelled) - spelled.nunique():
        both = counts.index[spelled.duplicated(keep=False)][:2]
        pair = listed([f"“{word}”" for word in both])
        yield (
            f"{count(doubled, 'value differs', 'values differ')} from another by case or spaces "
            f"only, such as {pair}",
            "write them alike at the source",
        )
