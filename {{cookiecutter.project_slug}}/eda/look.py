"""A look at a table: all that is measured before a word is written about it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.split import split
from eda.bins import is_numeric
from eda.stability import Periods, drift, periods
from eda.target import Target, read
from eda.telling import Missing, Suspect, missing, suspects, telling
from present.wording import count
from problem.columns import Column
from problem.spec import Problem

PICTURE_ROWS = 50_000  # more rows make no other picture
MANY, SHOWN = 30, 12  # of so many features, so many are shown in pictures
NAMELIKE = 0.9  # a word of which so many rows have their own names rows rather than describes them


@dataclass(frozen=True)
class Repeats:
    """How many rows have the inputs of an earlier one, and how many contradict such a twin.

    Contradicting: rows to learn from whose outcome differs where the inputs are the same.
    """

    rows: int
    contradicting: int


@dataclass(frozen=True)
class Look:
    """What was measured.

    `frame` holds all rows, `sample` those of the pictures. `learn` are rows of the sample that a
    model may learn from, with their `target`: whoever looks at outcomes of test rows has used
    them, so nothing here that involves the target does. `tells` and `drift` go from the most to
    the least.
    """

    problem: Problem
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    sample: pd.DataFrame
    learn: pd.DataFrame
    target: Target
    tells: dict[str, float]
    missing: list[Missing]
    suspects: list[Suspect]
    repeats: Repeats
    spans: Periods | None
    drift: dict[str, float]

    @property
    def shown(self) -> list[Column]:
        """Features that get pictures, in the contract's order: all, or of many the most telling."""
        if len(self.columns) < MANY:
            return list(self.columns)
        most = list(self.tells)[:SHOWN]
        return [column for column in self.columns if column.name in most]

    @property
    def which(self) -> str:
        """Which features those are, in words."""
        if len(self.columns) < MANY:
            return f"All {count(len(self.columns), 'feature')}."
        return f"The {SHOWN} most telling of {len(self.columns)} features."

    @property
    def missing_share(self) -> float:
        """The share of input values that are missing."""
        return float(np.mean([self.frame[c.name].isna().mean() for c in self.columns]))

    @property
    def constant(self) -> list[str]:
        """Features with one value (or none): no model can use them."""
        return [c.name for c in self.columns if self.frame[c.name].nunique(dropna=False) < 2]

    @property
    def namelike(self) -> list[str]:
        """Words with almost a value a row: they name rows rather than describe them."""
        known = {c.name: self.frame[c.name].dropna() for c in self.columns if not is_numeric(c)}
        return [n for n, v in known.items() if len(v) and v.nunique() > NAMELIKE * len(v)]


def look(problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]) -> Look:
    """Measure a frame that holds to the contract; the same frame gives the same look."""
    described = tuple(columns)
    may_learn = np.zeros(len(frame), dtype=bool)
    may_learn[split(problem, frame).train] = True
    order = np.random.default_rng(0).permutation(len(frame))
    rows = np.sort(order[:PICTURE_ROWS])
    sample, learnable = frame.iloc[rows], rows[may_learn[rows]]
    learn = frame.iloc[learnable]
    target = read(problem, learn)
    tells = telling(described, learn, target)
    time = problem.rows.time
    spans = periods(sample[time]) if time else None
    return Look(
        problem=problem,
        columns=described,
        frame=frame,
        sample=sample,
        learn=learn,
        target=target,
        tells=tells,
        missing=missing(described, learn, target),
        suspects=suspects(described, learn, target, tells),
        repeats=_repeats(problem, frame, described, may_learn),
        spans=spans,
        drift=drift(described, sample, spans) if spans else {},
    )


def _repeats(
    problem: Problem, frame: pd.DataFrame, columns: Sequence[Column], may_learn: NDArray[np.bool_]
) -> Repeats:
    names = [column.name for column in columns]
    # A hash a row: comparing hashes is many times faster than comparing rows of many columns.
    same = pd.util.hash_pandas_object(frame[names], index=False)
    again = same.duplicated()
    if not again.any():
        return Repeats(0, 0)
    outcomes = frame.loc[may_learn, problem.target.column].groupby(same[may_learn].to_numpy())
    different = outcomes.transform("nunique") > 1
    return Repeats(int(again.sum()), int(different.sum()))
