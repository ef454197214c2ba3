"""Columns of few words, or with gaps, that only together are the classes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.leakage.categorical import WRONG, Words, allowed, recoded
from engine.leakage.outcome import Outcome, rows_of_each
from engine.leakage.threshold_rules import Flags

# Words of a column, so that two of them make a table that rows can fill.
MOST_WORDS, MOST_COLUMNS = 12, 200
# Rows of each class for a quick look at all pairs; fewer than the least could part by chance.
SAMPLE_SIZE, FEWEST = 200, 40
# Columns whose gaps may make up a class together; and the rows that each of them must bring.
MOST_GAPS, FEWEST_GAPS = 5, 5


def few_words(values: "pd.Series[Any]") -> Words:
    """A column as words; if it has many, whether it is missing."""
    words = Words.of(values)
    return words if len(words.labels) <= MOST_WORDS else Words.of(values.isna())


def pairs_of_words(words: Mapping[str, Words], outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Two columns of few words, each pair of which means one class, such as 'one, not both'."""
    few = {name: one for name, one in words.items() if 1 < len(one.labels) <= MOST_WORDS}
    names = list(few)[:MOST_COLUMNS]
    glance = rows_of_each(outcome, SAMPLE_SIZE)
    seen = outcome.take(glance)
    sizes = np.bincount(seen.codes, minlength=len(outcome.classes))
    if (sizes >= FEWEST).sum() < 2:
        return
    named: set[str] = set()
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            if {one, other} & named:
                continue
            codes = few[one].codes[glance] * MOST_WORDS + few[other].codes[glance]
            table = np.bincount(
                codes * len(sizes) + seen.codes, minlength=MOST_WORDS**2 * len(sizes)
            )
            wrong = len(glance) - table.reshape(-1, len(sizes)).max(axis=1).sum()
            if wrong > 0.02 * len(glance):
                continue
            if recoded(Words.both(few[one], few[other]), outcome, strict=True):
                named |= {one, other}
                yield one, other


def gaps(missing: Mapping[str, Flags], outcome: Outcome) -> tuple[list[str], str, object] | None:
    """Columns of which one at least is missing (or present) just in the rows of a class.

    Each of them is so in hardly another row, and together they are so in all of the class: the
    names, 'missing' or 'present', and the class.
    """
    sizes = np.bincount(outcome.codes, minlength=len(outcome.classes))
    for label, size in enumerate(sizes):
        is_class = outcome.codes == label
        if min(size, len(is_class) - size) < 4 * FEWEST_GAPS:
            continue
        lacking, strange = allowed(np.array([size, len(is_class) - size]), WRONG / 2)
        for said in ("missing", "present"):
            flags = {n: gone == (said == "missing") for n, gone in missing.items()}
            pure = {
                name: flag & is_class
                for name, flag in flags.items()
                if (flag & is_class).sum() >= FEWEST_GAPS
                and (flag & ~is_class).sum() <= 0.02 * (flag & is_class).sum()
            }
            left, chosen = is_class.copy(), list[str]()
            while pure and len(chosen) < MOST_GAPS and left.sum() > lacking:
                best = max(pure, key=lambda name: int((pure[name] & left).sum()))
                if (pure[best] & left).sum() < FEWEST_GAPS:
                    break
                left &= ~pure.pop(best)
                chosen.append(best)
            wrong = np.any([flags[n] & ~is_class for n in chosen], axis=0).sum() if chosen else 0
            if len(chosen) > 1 and left.sum() <= lacking and wrong <= strange:
                return chosen, said, outcome.classes[label]
    return None
