"""Quality issues of features: constants, placeholder values, long tails, words for missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import iqr

from engine.contract.column import Column
from engine.eda.bins import is_numeric, numbers, written
from engine.pages.formatting import count, listed, number, percent

NEARLY_CONSTANT = 0.995
ID_SHARE = 0.9  # of distinct values: such a column identifies rows
PLACEHOLDER_SHARE, PLACEHOLDER_GAP = 0.01, 1.0
LONG_TAIL = 30.0
WORDS_FOR_MISSING = frozenset(
    {
        "",
        "-",
        "?",
        ".",
        "n/a",
        "n.a.",
        "k.a.",
        "na",
        "nan",
        "nil",
        "none",
        "null",
        "unknown",
        "missing",
    }
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
    """The issues of all features in a sample of rows.

    `different` is the number of distinct values in all rows, missing not counted.
    """
    issues: list[QualityIssue] = []
    for column in columns:
        name, further = column.name, _numbers if is_numeric(column) else _categories
        pairs = list(_constant(frame[name], different[name])) or further(column, frame[name])
        issues += [QualityIssue(name, what, advice) for what, advice in pairs]
    return issues


def _constant(values: pd.Series, different: int) -> Iterator[tuple[str, str]]:
    """One value, or nearly one."""
    counts = values.value_counts()
    if different == 0:
        yield "has no value at all", "exclude it, or fix its source"
    if not len(counts):
        return
    first, rows = written(counts.index[0]), int(counts.iloc[0])
    if different == 1 and not values.isna().any():
        yield f"is always {first}", "exclude it: a constant carries no information"
    elif different == 1:
        yield f"is {first} or missing", "describe what a missing value means here"
    elif rows >= NEARLY_CONSTANT * len(values):
        others, share = count(len(values) - rows, "other row"), percent(rows / len(values))
        yield f"is {first} in {share} of rows", f"{others}: too few to learn from"


def _numbers(column: Column, values: pd.Series) -> Iterator[tuple[str, str]]:
    if column.type == "date":
        return
    if infinite := int(np.isinf(values.to_numpy(np.float64, na_value=0)).sum()):
        yield f"is infinite in {count(infinite, 'row')}", "make these missing at the source"
    present = numbers(column, values)
    present = present[~np.isnan(present)]
    distinct, rows = np.unique(present, return_counts=True)
    if len(distinct) < 20:
        return
    if (at := _placeholder(distinct, rows)) is not None:
        value, share = number(float(distinct[at])), percent(rows[at] / len(present))
        what = f"is {value} in {share} of rows, far from all others"
        yield what, "if it means missing, make it missing"
        present = present[present != distinct[at]]
    low, middle, high = np.quantile(present, (0.25, 0.5, 0.75))
    furthest = float(np.abs(present - middle).max())
    if high > low and furthest > LONG_TAIL * (high - low):
        what = f"has a long tail: the furthest value lies {number(furthest / (high - low))} "
        what += "interquartile ranges from the median"
        yield what, "check the extremes; for a linear model take its logarithm or ranks"


def _placeholder(distinct: np.ndarray, rows: np.ndarray) -> int | None:
    """The smallest or largest value if many rows share it and it is far away, such as −999."""
    width = iqr(np.repeat(distinct[1:-1], rows[1:-1]))
    for at, beside in ((0, 1), (-1, -2)):
        distance = abs(distinct[at] - distinct[beside])
        if rows[at] >= PLACEHOLDER_SHARE * rows.sum() and distance > PLACEHOLDER_GAP * width > 0:
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
    if len(missing := counts[spelled.isin(WORDS_FOR_MISSING)]):
        rows = count(int(missing.sum()), "row")
        yield f"is {_quoted(missing.index[:3])} in {rows}", "if it means missing, make it missing"
    if doubled := len(spelled) - spelled.nunique():
        pair = _quoted(counts.index[spelled.duplicated(keep=False)][:2])
        what = f"{count(doubled, 'value differs', 'values differ')} from another by case or spaces "
        yield f"{what}only, such as {pair}", "unify the spelling at the source"


def _quoted(values: Iterable[object]) -> str:
    return listed([f"“{value}”" for value in values])
