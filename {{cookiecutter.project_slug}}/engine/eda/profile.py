"""A look at a table: all that is measured before a word is written about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.contract.column import Column, ColumnType
from engine.data.split import Split, split
from engine.eda.associations import Missing, Suspect, associations, missing, suspects
from engine.eda.correlated import Alike, alike, shared_missingness
from engine.eda.quality import Odd, odd
from engine.eda.stability import Periods, drift, periods
from engine.eda.target import Target, check_positive, read
from engine.leakage import find, single_class_values
from engine.pages.formatting import count
from engine.problem.errors import BadInput
from engine.problem.spec import Problem

PICTURE_ROWS = 50_000  # more rows make no other picture
MANY, SHOWN = 30, 12  # of so many features, so many are shown in pictures


@dataclass(frozen=True)
class Repeats:
    """How many rows have the inputs of an earlier one, and how many contradict such a twin.

    Contradicting: rows to learn from whose outcome differs where the inputs are the same.
    """

    rows: int
    contradicting: int


@dataclass(frozen=True)
class Profile:
    """What was measured.

    `frame` holds all rows, `sample` those of the pictures. `learn` are rows of the sample that a
    model may learn from, with their `target`: whoever looks at outcomes of test rows has used
    them, so nothing here that involves the target does. Rows that cannot be split have no test to
    keep apart: `parts` says why instead, and `learn` is all of the sample.

    `gaps` (shares missing) and `different` (values) count all rows. `tells` and `drift` go from
    the most to the least. `kept_tell` is what columns that are kept out would tell, but for
    personal ones, which are not looked at.
    """

    problem: Problem
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    sample: pd.DataFrame
    learn: pd.DataFrame
    target: Target
    parts: Split | str
    gaps: dict[str, float]
    different: dict[str, int]
    odd: list[Odd]
    alike: list[Alike]
    shared_missingness: list[tuple[str, ...]]
    tells: dict[str, float]
    kept_tell: dict[str, float]
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
        return float(np.mean(list(self.gaps.values())))


# Squares of values near the limits of a float overflow; what is not finite is left out.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def look(problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]) -> Profile:
    """Measure a frame that holds to the contract; the same frame gives the same look.

    Raises:
        BadInput: the positive outcome of problem.toml is none of the target's.
    """
    check_positive(problem, frame[problem.target.column])
    described = tuple(columns)
    parts = _split(problem, frame)
    may_learn = np.full(len(frame), isinstance(parts, str))
    if isinstance(parts, Split):
        may_learn[parts.train] = True
    # Not the seed of the split: with that, the first rows of the shuffle would all be test rows.
    order = np.random.default_rng(1).permutation(len(frame))
    rows = np.sort(order[:PICTURE_ROWS])
    sample, learnable = frame.iloc[rows], rows[may_learn[rows]]
    learn = frame.iloc[learnable]
    target = read(problem, learn)
    tells = associations(described, learn, target)
    time = problem.rows.time
    spans = periods(sample[time]) if time else None
    different = {c.name: int(frame[c.name].nunique()) for c in described}
    return Profile(
        problem=problem,
        columns=described,
        frame=frame,
        sample=sample,
        learn=learn,
        target=target,
        parts=parts,
        gaps={c.name: float(frame[c.name].isna().mean()) for c in described},
        different=different,
        odd=odd(described, sample, different),
        alike=alike(described, sample),
        shared_missingness=shared_missingness(described, frame),
        tells=tells,
        kept_tell=associations(_kept_out(problem, frame), learn, target),
        missing=missing(described, learn, target),
        suspects=_suspects(problem, learn, described, target, tells),
        repeats=_repeats(problem, frame, described, may_learn),
        spans=spans,
        drift=drift(described, sample, spans) if spans else {},
    )


def _split(problem: Problem, frame: pd.DataFrame) -> Split | str:
    """Rows to learn from and to be judged on, or why they cannot be told apart."""
    try:
        return split(problem, frame)
    except BadInput as error:
        return str(error)


def _kept_out(problem: Problem, frame: pd.DataFrame) -> list[Column]:
    """Columns that problem.toml keeps out for a reason other than a person's privacy."""
    named = {**problem.columns.known_after, **problem.columns.excluded}
    return [Column(name, _type(frame[name])) for name in frame if name in named]


def _type(values: pd.Series) -> ColumnType:
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_numeric_dtype(values):
        return "number"
    return "date" if pd.api.types.is_datetime64_any_dtype(values) else "category"


def _suspects(
    problem: Problem,
    learn: pd.DataFrame,
    columns: Sequence[Column],
    target: Target,
    tells: Mapping[str, float],
) -> list[Suspect]:
    """Leaks, named as the gate names them; then what only tells too much, for whatever reason."""
    known = problem.columns.known_in_time
    leaks = [
        Suspect(leak.columns, leak.mechanism, () if leak.answered(known) else leak.proposed)
        for leak in find(problem, learn, columns)
    ]
    named = {name for leak in leaks for name in leak.columns}
    rest = [column for column in columns if column.name not in named]
    leaks += [
        Suspect(leak.columns, leak.mechanism) for leak in single_class_values(problem, learn, rest)
    ]
    named = {name for leak in leaks for name in leak.columns}
    rest = [column for column in columns if column.name not in named]
    return leaks + suspects(rest, learn, target, tells)


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
