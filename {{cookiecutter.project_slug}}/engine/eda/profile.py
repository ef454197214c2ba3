"""The profile of a table: every measurement that the EDA page shows, and the page itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.contract.column import Column, kind_of
from engine.data.split import Split, split
from engine.eda import associations as measures
from engine.eda import pictures
from engine.eda.bins import Periods, Target, drift, periods_of, read
from engine.eda.quality import QualityIssue, quality_issues
from engine.leakage import find, single_class_values
from engine.pages import page
from engine.pages.formatting import count, listed, percent
from engine.pages.page import Section
from engine.problem.errors import BadInput
from engine.problem.files import write_atomically
from engine.problem.spec import Problem

PICTURE_ROWS = 50_000  # more rows do not change a chart
PAGE = Path("build/eda/index.html")
MANY, SHOWN = 30, 12  # from so many features on, only so many get charts


@dataclass(frozen=True)
class Report:
    """The page and its summary: a sentence, a picture (SVG), and features that may leak."""

    headline: str
    picture: str
    path: Path
    suspects: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """The measurements of a table.

    `frame` holds all rows, `sample` those of the charts, and `learn` the training rows of the
    sample with their `target`: test outcomes stay unseen. Where rows cannot be split, `split` is
    the reason and `learn` the whole sample. `missing_shares` and `different` (numbers of distinct
    values) count all rows. `associations` and `drift` are sorted, the largest first;
    `excluded_associations` are those of excluded columns, without personal ones. `repeated` rows
    have the inputs of an earlier row; `contradicting` training rows have those of another one with
    another outcome.
    """

    problem: Problem
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    sample: pd.DataFrame
    learn: pd.DataFrame
    target: Target
    split: Split | str
    missing_shares: dict[str, float]
    different: dict[str, int]
    quality_issues: list[QualityIssue]
    correlated: list[measures.CorrelatedPair]
    shared_missingness: list[tuple[str, ...]]
    associations: dict[str, float]
    excluded_associations: dict[str, float]
    missing: list[measures.Missing]
    suspects: list[measures.Suspect]
    repeated: int
    contradicting: int
    periods: Periods | None
    drift: dict[str, float]

    @property
    def shown(self) -> list[Column]:
        """Features that get charts, in the contract's order: all, or the strongest of many."""
        if len(self.columns) < MANY:
            return list(self.columns)
        strongest = list(self.associations)[:SHOWN]
        return [column for column in self.columns if column.name in strongest]

    @property
    def which(self) -> str:
        """A sentence about which features these are."""
        if len(self.columns) < MANY:
            return f"All {count(len(self.columns), 'feature')}."
        return f"The {SHOWN} of {len(self.columns)} features that explain most alone."

    @property
    def missing_share(self) -> float:
        """The share of input values that are missing."""
        return float(np.mean(list(self.missing_shares.values())))


# A section of the page; None where there is nothing to show.
SectionMaker = Callable[[Profile], Section | None]


# Squares of values near the limits of a float overflow; charts leave out what is not finite.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def measure(problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]) -> Profile:
    """Measure rows that meet the contract; BadInput if the positive outcome is not in the target.

    The same frame gives the same profile.
    """
    outcomes = frame[problem.target.column].dropna().unique().tolist()
    positive = problem.target.positive
    if problem.target.task == "binary" and len(outcomes) > 1 and positive not in outcomes:
        message = f"target.positive is {positive!r}, but '{problem.target.column}' holds "
        message += f"{outcomes!r:.60}; name one of them in problem.toml"
        raise BadInput(message, code="unknown-positive")
    columns = tuple(columns)
    divided: Split | str
    try:
        divided = split(problem, frame)
    except BadInput as error:
        divided = str(error)
    is_training = np.full(len(frame), isinstance(divided, str))
    if isinstance(divided, Split):
        is_training[divided.train] = True
    # Not the seed of the split: with that, the first rows of the shuffle would all be test rows.
    order = np.random.default_rng(1).permutation(len(frame))
    rows = np.sort(order[:PICTURE_ROWS])
    sample = frame.iloc[rows]
    learn = frame.iloc[rows[is_training[rows]]]
    target = read(problem, learn)
    strengths = measures.associations(columns, learn, target)
    periods = periods_of(sample[problem.rows.time]) if problem.rows.time else None
    different = {c.name: int(frame[c.name].nunique()) for c in columns}
    # Personal columns are not measured.
    reasons = {**problem.columns.known_after, **problem.columns.excluded}
    kinds = {name: kind_of(frame[name].dtype) for name in frame if name in reasons}
    excluded = [Column(name, kind or "category") for name, kind in kinds.items()]
    repeated, contradicting = _repeats(problem, frame, columns, is_training)
    return Profile(
        problem=problem,
        columns=columns,
        frame=frame,
        sample=sample,
        learn=learn,
        target=target,
        split=divided,
        missing_shares={c.name: float(frame[c.name].isna().mean()) for c in columns},
        different=different,
        quality_issues=quality_issues(columns, sample, different),
        correlated=measures.correlated(columns, sample),
        shared_missingness=measures.shared_missingness(columns, frame),
        associations=strengths,
        excluded_associations=measures.associations(excluded, learn, target),
        missing=measures.missing(columns, learn, target),
        suspects=_suspects(problem, learn, columns, target, strengths),
        repeated=repeated,
        contradicting=contradicting,
        periods=periods,
        drift=drift(columns, sample, periods) if periods else {},
    )


def _suspects(
    problem: Problem,
    learn: pd.DataFrame,
    columns: Sequence[Column],
    target: Target,
    strengths: Mapping[str, float],
) -> list[measures.Suspect]:
    """Leaks with the gate's mechanisms first, then features that predict the target too well."""
    result = []
    for leak in find(problem, learn, columns):
        excluded = () if leak.answered(problem.columns.known_in_time) else leak.proposed
        result.append(measures.Suspect(leak.columns, leak.mechanism, excluded))

    def others() -> list[Column]:
        named = {name for one in result for name in one.columns}
        return [column for column in columns if column.name not in named]

    single = single_class_values(problem, learn, others())
    result += [measures.Suspect(leak.columns, leak.mechanism) for leak in single]
    return result + measures.suspects(others(), learn, target, strengths)


def _repeats(
    problem: Problem, frame: pd.DataFrame, columns: Sequence[Column], is_training: NDArray[np.bool_]
) -> tuple[int, int]:
    names = [column.name for column in columns]
    # A hash a row: comparing hashes is many times faster than comparing rows of many columns.
    same = pd.util.hash_pandas_object(frame[names], index=False)
    repeated = same.duplicated()
    if not repeated.any():
        return 0, 0
    outcomes = frame.loc[is_training, problem.target.column]
    classes = outcomes.groupby(same[is_training].to_numpy()).transform("nunique")
    return int(repeated.sum()), int((classes > 1).sum())


# Squares of values near the limits of a float overflow; pictures leave out what is not finite.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def write_report(measured: Profile, sections: Sequence[SectionMaker], path: Path = PAGE) -> Report:
    """Write the page with these sections, in this order."""
    title, headline = f"Data of {measured.problem.decision.name}", _headline(measured)
    made = [section(measured) for section in sections]
    html = page.render(title, headline, [section for section in made if section])
    write_atomically(path, html)
    suspects = tuple(dict.fromkeys(name for one in measured.suspects for name in one.columns))
    return Report(headline, pictures.associations(measured.associations, 6), path, suspects)


def _headline(measured: Profile) -> str:
    size = f"{count(len(measured.frame), 'row')}, {count(len(measured.columns), 'input')}"
    gaps = measured.missing_share
    headline = f"{size}, {percent(gaps) + ' of values' if gaps else 'nothing'} missing. "
    if measured.suspects:
        named = listed([name for one in measured.suspects[:3] for name in one.columns])
        return f"{headline}{named} may leak the target."
    strong = [(name, share) for name, share in measured.associations.items() if share >= 0.01]
    if not strong:
        return f"{headline}No feature alone explains much of {measured.target.name}."
    shares = listed([f"{name} ({percent(share)})" for name, share in strong[:2]])
    return f"{headline}Variance of {measured.target.name} that single features explain: {shares}."
