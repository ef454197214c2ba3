"""Quality issues of features: constants, placeholder values, long tails, words for missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.bins import is_numeric, numbers
from engine.eda.target import written
from engine.pages.formatting import count, listed, number, percent

NEARLY_CONSTANT = 0.995
ID_SHARE = 0.9  # of distinct values: such a column identifies rows
PLACEHOLDER_SHARE, PLACEHOLDER_GAP = 0.01, 1.0
LONG_TAIL = 30.0
WORDS_FOR_MISSING = frozenset(
    {"", "-", "?", ".", "n/a", "na", "nan", "nil", "none", "null", "unknown", "missing"}
)
MOST_CATEGORIES = 5_000  # with more, spellings are not compared


@dataclass(frozen=True)
class QualityIssue:
    """A feature, the issue with its values, and what to do about it."""

    column: str
    what: str
    next: str


def quality_issues(
    columns: Sequence[Column], frame: pd.DataFrame, different: Mapping[str, int]
) -> list[QualityIssue]:
    """The issues of all features.

    Args:
        frame: a sample of rows.
        different: how many distinct values each column has in all rows, missing not counted.
    """
    issues: list[QualityIssue] = []
    for column in columns:
        values = frame[column.name]
        pairs = list(_constant(values, different[column.name]))
        if not pairs:
            further = _numbers if is_numeric(column) else _categories
            pairs = list(further(column, values))
        issues += [QualityIssue(column.name, what, advice) for what, advice in pairs]
    return issues


def _constant(values: pd.Series, different: int) -> Iterator[tuple[str, str]]:
    """One value, or nearly one."""
    if different == 0:
        yield "has no value at all", "exclude it, or fix its source"
        return
    present = values.dropna()
    if not len(present):
        return
    counts = present.value_counts()
    first = written(counts.index[0])
    if different == 1 and len(present) == len(values):
        yield f"is always {first}", "exclude it: a constant carries no information"
    elif different == 1:
        yield f"is {first} or missing", "describe what a missing value means here"
    elif counts.iloc[0] >= NEARLY_CONSTANT * len(values):
        rest = len(values) - int(counts.iloc[0])
        share = percent(counts.iloc[0] / len(values))
        yield f"is {first} in {share} of rows", f"{count(rest, 'other row')}: too few to learn from"


def _numbers(column: Column, values: pd.Series) -> Iterator[tuple[str, str]]:
    if column.type != "date":
        infinite = int(np.isinf(values.to_numpy(np.float64, na_value=0)).sum())
        if infinite:
            yield f"is infinite in {count(infinite, 'row')}", "make these missing at the source"
    present = numbers(column, values)
    present = present[~np.isnan(present)]
    distinct, rows = np.unique(present, return_counts=True)
    if column.type == "date" or len(distinct) < 20:
        return
    if (at := _placeholder(distinct, rows)) is not None:
        share = percent(rows[at] / len(present))
        yield (
            f"is {number(float(distinct[at]))} in {share} of rows, far from all others",
            "if it means missing, make it missing",
        )
        present = present[present != distinct[at]]
    low, middle, high = np.quantile(present, (0.25, 0.5, 0.75))
    furthest = float(np.abs(present - middle).max())
    if high > low and furthest > LONG_TAIL * (high - low):
        yield (
            f"has a long tail: the furthest value lies {number(furthest / (high - low))} times the "
            "middle half's width away",
            "check the extremes; for a linear model take its logarithm or ranks",
        )


def _placeholder(distinct: np.ndarray, rows: np.ndarray) -> int | None:
    """The smallest or largest value if many rows share it and it is far away, such as −999."""
    total, inner = rows.sum(), np.repeat(distinct[1:-1], rows[1:-1])
    width = float(np.subtract(*np.quantile(inner, (0.75, 0.25)))) if len(inner) else 0.0
    for at, beside in ((0, 1), (len(distinct) - 1, len(distinct) - 2)):
        apart = abs(float(distinct[at] - distinct[beside]))
        if rows[at] >= PLACEHOLDER_SHARE * total and apart > PLACEHOLDER_GAP * width > 0:
            return at
    return None


def _categories(column: Column, values: pd.Series) -> Iterator[tuple[str, str]]:
    if column.type != "category":
        return
    counts = values.value_counts()
    if len(counts) > ID_SHARE * counts.sum() and counts.sum() > 1:
        yield "is different in almost every row", "exclude it: it identifies rows"
    if len(counts) > MOST_CATEGORIES:
        return
    spelled = counts.index.astype(str).str.strip().str.casefold()
    gaps = [str(word) for word, plain in zip(counts.index, spelled, strict=True)
            if plain in WORDS_FOR_MISSING]  # fmt: skip
    if gaps:
        rows = int(counts[gaps].sum())
        quoted = listed([f"“{word}”" for word in gaps[:3]])
        yield f"is {quoted} in {count(rows, 'row')}", "if it means missing, make it missing"
    if doubled := len(spelled) - spelled.nunique():
        both = counts.index[spelled.duplicated(keep=False)][:2]
        pair = listed([f"“{word}”" for word in both])
        yield (
            f"{count(doubled, 'value differs', 'values differ')} from another by case or spaces "
            f"only, such as {pair}",
            "unify the spelling at the source",
        )
