"""A column, or two together, whose values are the outcome in other words.

Both directions must hold: each word means one class, and each class has its words. A strong honest
feature is wrong now and then in one of the two, by more than what a few wrong entries explain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from engine.leakage.fit import FEWEST_ROWS, FILLED
from engine.leakage.outcome import Array, Codes, Outcome

# Fewer rows of a class are no evidence for anything; nor are these, where one value stands for it.
FEWEST, FEWEST_OF_ONE = 10, 15
# With fewer rows of a class a good test is right in nearly all of them by luck.
ENOUGH = 100
# Different values of a column that are words, and of a number; more make a measurement.
MOST_WORDS, MOST_NUMBERS = 60, 12
# Entries that may be wrong: a share of the rows of each class, and of the rarest in all.
WRONG, WRONG_IN_ALL = 0.0125, 0.08
# What a value among many, or two columns together, may be wrong in: many are tried, so little.
WRONG_OF_MANY = 0.005
# An honest test is wrong in so many rows; that it did so well by luck must be so unlikely.
HONEST, LUCK, LUCK_OF_MANY = 0.05, 0.001, 0.0001
# Where a column is blank in other rows, as many filled ones of a class, and as unlikely that an
# honest test is never wrong in them.
FEWEST_FILLED, LUCK_OF_FILLED = 20, 0.01
# Rows whose word stands in the other half of the rows nowhere: they say nothing.
MOST_UNHEARD = 0.35
# Ranges of a few rows each, such as those far out, may hold the rest.
MOST_IN_RANGES = 0.95
# A border between two ranges may be so many times as wide as the steps between values near it.
WIDEST = 12


@dataclass(frozen=True)
class Words:
    """A column as words: which one each row has, (n,), and what they are; missing is a word too."""

    codes: Codes
    labels: Sequence[Any]
    numeric: bool = False

    @classmethod
    def of(cls, values: "pd.Series[Any]", *, part: bool = False) -> "Words":
        """The words of a column, numbers in their order, missing last; or of `part` of one: a digit
        or an hour is no measurement.
        """
        numeric = pd.api.types.is_numeric_dtype(values.dtype)
        numeric &= not pd.api.types.is_bool_dtype(values.dtype) and not part
        codes, labels = values.factorize(sort=True)
        missing = codes < 0
        if missing.any():
            codes = np.where(missing, len(labels), codes)
            return cls(codes, [*labels.tolist(), None], numeric)
        return cls(codes, labels.tolist(), numeric)

    @classmethod
    def both(cls, one: "Words", other: "Words") -> "Words":
        """Each pair of words as one."""
        codes, pairs = pd.factorize(one.codes * len(other.labels) + other.codes)
        return cls(codes, pairs.tolist())

    def filled(self) -> tuple["Words", Codes]:
        """The words of the rows that are not missing, and these rows."""
        if not len(self.labels) or self.labels[-1] is not None:
            return self, np.arange(len(self.codes))
        rows = np.flatnonzero(self.codes < len(self.labels) - 1)
        return Words(self.codes[rows], self.labels[:-1], self.numeric), rows


def recoded(words: Words, outcome: Outcome, *, strict: bool = False) -> bool:
    """Does each word mean a class? Told of half the rows by what the other half says of a word."""
    if not 1 < len(words.labels) <= MOST_WORDS:
        return False
    classes, target = len(outcome.classes), outcome.codes
    half = np.arange(len(target)) % 2 == 0
    first, second = (_count(words.codes[rows], target[rows], len(words.labels), classes)
                     for rows in (half, ~half))  # fmt: skip
    sizes = np.bincount(target, minlength=classes)
    judged = sizes >= FEWEST
    meant = (first + second).argmax(axis=1)
    if judged.sum() < 2 or not set(np.flatnonzero(judged)) <= set(meant):
        return False
    wrong, unheard = np.zeros(classes), np.zeros(classes)
    for learnt, asked in ((first, second), (second, first)):
        said = learnt.argmax(axis=1)
        known = learnt.sum(axis=1) > 0
        right = asked[np.flatnonzero(known), said[known]]
        wrong += asked[known].sum(axis=0) - np.bincount(said[known], right, classes)
        unheard += asked[~known].sum(axis=0)
    if (unheard > MOST_UNHEARD * sizes)[judged].any():
        return False
    if words.numeric and len(words.labels) > MOST_NUMBERS and not _is_mixed(meant, classes):
        return False
    many = strict or len(words.labels) > MOST_NUMBERS
    if not outcome.late and _is_luck(int(wrong.sum()), int(sizes.sum()), many=many):
        return False
    share, in_all = (WRONG_OF_MANY,) * 2 if many or outcome.late else (WRONG, WRONG_IN_ALL)
    few_in_each = (wrong <= allowed(sizes, share))[judged].all()
    return bool(few_in_each and wrong.sum() <= allowed(sizes[judged].min(keepdims=True), in_all)[0])


def recoded_where_filled(words: Words, outcome: Outcome) -> int:
    """In how many rows a column with blanks is filled, if each word there means a class; else 0."""
    filled, rows = words.filled()
    seen = outcome.take(rows)
    sizes = np.sort(np.bincount(seen.codes, minlength=2))
    if len(rows) == len(words.codes) or sizes[-2] < FEWEST_FILLED:
        return 0
    table = _count(filled.codes, seen.codes, len(filled.labels), len(seen.classes))
    is_exact = bool((table.max(axis=1) == table.sum(axis=1)).all())
    is_luck = (1 - HONEST) ** len(rows) > LUCK_OF_FILLED
    return len(rows) if not is_luck and recoded(filled, seen, strict=not is_exact) else 0


def just_where(words: Words, outcome: Outcome) -> tuple[Any, Any] | None:
    """A word that all rows of a class have and hardly any other: (the word, the class)."""
    classes, target = len(outcome.classes), outcome.codes
    counts = _count(words.codes, target, len(words.labels), classes)
    sizes = np.bincount(target, minlength=classes)
    others = len(target) - sizes
    lacking, strange = sizes - counts, counts.sum(axis=1, keepdims=True) - counts
    rarest = np.minimum(sizes, others)
    apart = lacking + strange
    tight = apart <= WRONG_OF_MANY * rarest
    loose = apart <= WRONG_IN_ALL * rarest
    loose &= (lacking <= allowed(sizes, WRONG)) & (strange <= allowed(others, WRONG))
    if words.numeric:
        loose &= np.array([label is None for label in words.labels])[:, None]
    if outcome.late:
        loose &= False
    fits = (tight | loose) & (rarest >= FEWEST_OF_ONE)
    for word, label in np.argwhere(fits):
        # Of two classes a word that is just where one is leaves nothing open; of more it does, and
        # a word that tells all of them well is right in all rows of one now and then.
        exact = outcome.late or (classes == 2 and tight[word, label])
        if exact or words.labels[word] is None:
            continue
        wrong = ((lacking[word, label], sizes[label]), (strange[word, label], others[label]))
        luck = LUCK if classes == 2 else LUCK_OF_MANY
        fits[word, label] = all(binom.cdf(off, rows, HONEST) <= luck for off, rows in wrong)
    found = np.argwhere(fits)
    if not len(found):
        return None
    word, label = min(found, key=lambda at: apart[at[0], at[1]])
    return words.labels[word], outcome.classes[label]


def cuts_quantity(words: Words, values: Array) -> bool:
    """Do the words part a quantity into ranges, as bins do: sharply, where values lie thick?

    An honest word mixes with others near the border of two ranges; where it does not, because the
    quantity has clumps, a gap lies between them. Bins have neither. Missing may be a range too, or
    say nothing.
    """
    filled, rows = words.filled()
    is_blank = len(rows) < len(values) and len(rows) >= max(FEWEST_ROWS, FILLED * len(values))
    return _cuts(words, values) or (is_blank and _cuts(filled, values[rows]))


def _cuts(words: Words, values: Array) -> bool:
    sizes = np.bincount(words.codes, minlength=len(words.labels))
    if not 1 < (sizes >= FEWEST).sum() <= MOST_WORDS or len(np.unique(values)) <= MOST_NUMBERS:
        return False
    if sizes[sizes >= FEWEST].sum() < MOST_IN_RANGES * len(values):
        return False
    middle = pd.Series(values).groupby(words.codes).median()
    inside = [word for word in middle.sort_values().index if sizes[word] >= FEWEST]
    misplaced = 0
    for lower, upper in pairwise(inside):
        low, high = np.sort(values[words.codes == lower]), np.sort(values[words.codes == upper])
        wrong = _is_sharp(low, high)
        if wrong is None:
            return False
        misplaced += wrong
    return bool(misplaced <= allowed(np.array([len(values)]), WRONG)[0])


def _is_sharp(low: Array, high: Array) -> int | None:
    """How many rows lie on the wrong side of the border of two ranges; None if it is no border."""
    both = np.concatenate([low, high])
    order = np.argsort(both, kind="stable")
    is_high = order >= len(low)
    # The border with the fewest rows on the wrong side; equal values have no border among them.
    wrong = np.append(0, np.cumsum(is_high)) + np.append(np.cumsum(~is_high[::-1])[::-1], 0)
    ranked = both[order]
    wrong = wrong[1:-1].astype(float)
    wrong[ranked[1:] == ranked[:-1]] = np.inf
    if not len(wrong) or not np.isfinite(wrong.min()):
        return None
    at = int(wrong.argmin()) + 1
    near = max(5, int(0.05 * min(len(low), len(high))))
    around = is_high[max(0, at - near) : at + near]
    ideal = np.arange(max(0, at - near), min(len(both), at + near)) >= at
    if (around != ideal).sum() > max(0, 0.04 * len(around)):
        return None
    different = np.unique(ranked[max(0, at - 4 * near) : at + 4 * near])
    steps = np.diff(different)
    gap = ranked[at] - ranked[at - 1]
    if len(steps) < 4 or gap > WIDEST * np.median(steps):
        return None
    return int(wrong[at - 1])


def allowed(sizes: "np.ndarray[Any, Any]", share: float) -> Array:
    """How many of so many rows may be wrong: their share, and of many what chance adds to it."""
    expected = share * sizes
    chance = np.where(sizes >= ENOUGH, np.sqrt(expected), 0.0)
    return np.asarray(np.floor(expected + chance), dtype=np.float64)


def _is_luck(wrong: int, rows: int, *, many: bool) -> bool:
    """May a test that is wrong in `HONEST` of all rows be wrong in no more of these? Where `many`
    are tried, one that is never wrong may be lucky too.
    """
    if not many:
        return wrong > 0 and binom.cdf(wrong, rows, HONEST) > LUCK
    return bool(binom.cdf(wrong, rows, HONEST) > LUCK_OF_MANY)


def _count(codes: Codes, target: Codes, words: int, classes: int) -> Codes:
    flat = np.bincount(codes * classes + target, minlength=words * classes)
    return flat.reshape(words, classes)


def _is_mixed(meant: Codes, classes: int) -> bool:
    """Do the classes take turns along a number? A measurement has them one after the other."""
    return int((meant[1:] != meant[:-1]).sum()) > 2 * classes
