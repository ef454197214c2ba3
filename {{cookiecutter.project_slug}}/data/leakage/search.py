"""Finds inputs that give the target away, each by the mechanism it does so with.

A high score alone is no proof: honest data can be perfect. So nothing here looks at how well a
model does; each function names columns and the exact relation that they have to the target.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.leakage.arithmetic import combinations, is_transform
from data.leakage.leak import Leak
from problem.columns import Column
from problem.spec import Problem

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]

# Rows that may contradict a relation, as a share of the rarest class: a few entered wrongly.
WRONG_VALUES, WRONG_ORDER = 0.005, 0.002
# Fewer rows of a class are no evidence for anything; of two columns there are many pairs to try.
FEWEST, FEWEST_TO_COMPARE = 10, 100
# A column with more values than this is a feature, and not the target in other words.
MOST_VALUES = 12
# Two numbers are compared only where neither alone does the work: else one of them is a strong
# feature, and the other merely a yardstick that happens to lie between the classes.
ALONE = 0.95
SAMPLE, GLANCE = 20_000, 200


def find(problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]) -> list[Leak]:
    """Every leak that is found, the plainest mechanism first.

    Args:
        frame: rows with a known outcome: the target, the inputs and the columns kept out.
        columns: the model's inputs, as the contract or a guess describes them.
    """
    rows = np.arange(len(frame))
    if len(frame) > SAMPLE:
        rows = np.sort(np.random.default_rng(0).choice(rows, SAMPLE, replace=False))
    sample = frame.iloc[rows]
    known, target = _outcome(problem, sample)
    numbers = {
        column.name: as_numbers(sample[column.name])
        for column in columns
        if column.type in ("number", "integer", "date")
    }
    dates = {column.name for column in columns if column.type == "date"}
    if known:
        found = list(_recodings(sample, columns, known, target.astype(int)))
    elif len(values := np.unique(target)) <= MOST_VALUES:
        # A quantity of few values is re-coded like a class; it has no order worth the name.
        codes = np.searchsorted(values, target)
        found = list(_recodings(sample, columns, values.tolist(), codes))
    else:
        found = [
            Leak((name,), "it is a transform of the target: it puts all rows in the same order")
            for name, values in numbers.items()
            if name not in dates and is_transform(values, target)
        ]
    for leak in found:
        numbers.pop(leak.columns[0], None)
    if len(known) == 2:
        return found + _comparisons(numbers, target == 1)
    if known:
        return found
    return found + [Leak(*one) for one in combinations(numbers, dates, target)]


def _outcome(problem: Problem, frame: pd.DataFrame) -> tuple[list[Any], Array]:
    """The classes, of two the positive one last, and each row's number; or none and its value."""
    values = frame[problem.target.column]
    if problem.target.task == "regression":
        return [], values.to_numpy(np.float64, na_value=np.nan)
    codes, labels = values.factorize(sort=True)
    classes = labels.tolist()
    if classes and classes[0] == problem.target.positive:
        return classes[::-1], 1.0 - codes
    return classes, codes.astype(np.float64)


def as_numbers(values: pd.Series) -> Array:
    """Numbers as they are, dates in days since 1970; missing is NaN."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = (values - pd.Timestamp(0)) / pd.Timedelta(days=1)
    return values.to_numpy(np.float64, na_value=np.nan)


def _recodings(
    frame: pd.DataFrame, columns: Sequence[Column], classes: Sequence[object], target: Codes
) -> Iterator[Leak]:
    """Columns that are the target in other words, or are for one class; missing is a word too."""
    sizes = np.bincount(target, minlength=len(classes))
    judged = np.flatnonzero(sizes >= FEWEST)
    if len(judged) < 2:
        return
    for column in columns:
        codes, words = frame[column.name].factorize(use_na_sentinel=False)
        flat = np.bincount(codes * len(classes) + target, minlength=len(words) * len(classes))
        counts = flat.reshape(len(words), len(classes))
        if _each_word_means_a_class(counts, sizes, judged):
            said = "it is the target in other words: each of its values means one class"
            yield Leak((column.name,), said)
            continue
        # Rows that hold the word or are of the class, but not both.
        apart = counts.sum(axis=1, keepdims=True) + sizes - 2 * counts
        allowed = WRONG_VALUES * np.minimum(sizes, len(target) - sizes)
        exact = [(word, label) for word, label in np.argwhere(apart <= allowed) if label in judged]
        if exact:
            word, label = exact[0]
            said = "missing" if pd.isna(words[word]) else f"'{words[word]}'"
            yield Leak((column.name,), f"it is {said} just where the target is {classes[label]!r}")


def _each_word_means_a_class(counts: Codes, sizes: Codes, judged: Codes) -> bool:
    if len(counts) > max(MOST_VALUES, 2 * len(sizes)):
        return False
    meant, wrong = counts.argmax(axis=1), counts.sum() - counts.max(axis=1).sum()
    return set(judged) <= set(meant) and bool(wrong <= WRONG_VALUES * sizes[judged].min())


def _comparisons(numbers: dict[str, Array], positive: Flags) -> list[Leak]:
    """Two numbers or dates of which one is larger exactly in the rows of one class."""
    if min(positive.sum(), (~positive).sum()) < FEWEST_TO_COMPARE:
        return []
    names, found, named = list(numbers), list[Leak](), set[str]()
    for first, second, sign in _worth_comparing(list(numbers.values()), positive):
        one, other = names[first], names[second]
        if {one, other} & named:
            continue
        there = np.isfinite(numbers[one]) & np.isfinite(numbers[other])
        left, right, outcome = numbers[one][there], numbers[other][there], positive[there]
        rarest = min(outcome.sum(), (~outcome).sum())
        said = left > right if sign == ">" else left >= right
        if rarest < FEWEST_TO_COMPARE or (said != outcome).sum() > WRONG_ORDER * rarest:
            continue
        if max(_alone(left, outcome), _alone(right, outcome)) <= ALONE:
            found.append(Leak((one, other), f"the target is whether {one} {sign} {other}"))
            named |= {one, other}
    return found


def _worth_comparing(values: list[Array], positive: Flags) -> Iterator[tuple[int, int, str]]:
    """Pairs that hold on a few rows of each class: all pairs on all rows would take minutes."""
    if len(values) < 2:
        return
    rng = np.random.default_rng(0)
    sides = [np.flatnonzero(positive), np.flatnonzero(~positive)]
    rows = np.concatenate([rng.choice(side, min(GLANCE, len(side)), False) for side in sides])
    table, yes = np.column_stack(values)[rows], positive[rows]
    for first in range(len(values)):
        column = table[:, [first]]
        there = np.isfinite(column) & np.isfinite(table)
        for sign, said in ((">", column > table), (">=", column >= table)):
            right = (said == yes[:, None]) & there
            for second in np.flatnonzero(
                right.sum(axis=0) >= 0.98 * np.maximum(there.sum(axis=0), 1)
            ):
                yield first, int(second), sign


def _alone(values: Array, positive: Flags) -> float:
    """How well the best threshold on one column tells the classes apart, 0 to 1 (Youden's J)."""
    order = np.argsort(values, kind="stable")
    ranked, hit = values[order], positive[order]
    apart = np.cumsum(hit) / hit.sum() - np.cumsum(~hit) / (~hit).sum()
    ends = np.append(ranked[1:] != ranked[:-1], True)
    return float(np.abs(apart[ends]).max())
