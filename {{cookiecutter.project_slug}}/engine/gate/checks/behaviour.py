"""Does the model behave as people who know the subject expect, whatever its metric says?

Three kinds of expectation (Ribeiro et al. 2020, CheckList): problem.toml declares them.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import stats

from engine.bundle.replay import same
from engine.contract.column import Column
from engine.data.columns import json_rows, json_value
from engine.gate.checks.check import CheckContext, Outcome, Result
from engine.pages.formatting import percent
from engine.problem.errors import BadInput
from engine.problem.expectations import Direction, Invariance, Minimum
from engine.serving.http.schema import Limits, schema_of

Array = NDArray[np.float64]
Said = tuple[Outcome, str]

# Test rows that are changed, and the most other values that each gets.
ROWS, OTHERS = 400, 5
# Of these so many may move, or move the wrong way: a model is no law of nature.
TOLERATED = 0.05
# A move of the score by less is none: a share of the spread of all scores.
HAIR = 0.02


def behaviour(evidence: CheckContext) -> Result:
    """Every expectation of problem.toml holds on the test rows, for nearly all of them."""
    expected = evidence.problem.expectations
    required = f"each expectation holds; of the rows at most {percent(TOLERATED)} break it"
    probe = _Probe(evidence)
    answers: list[Said] = [
        *(probe.invariance(one) for one in expected.invariance),
        *(probe.direction(one) for one in expected.direction),
        *(probe.minimum(one) for one in expected.minimum),
    ]
    if not answers:
        advice = "declare what must hold whatever the metric says, under [expectations]"
        return Result("not applicable", "problem.toml declares no expectations", required, advice)
    for verdict in ("refuse", "warn"):
        if broken := [words for said, words in answers if said == verdict]:
            advice = "look at these rows; a feature or a constraint for the model (monotonic_cst) "
            advice += "mends the model, the stakeholder mends an expectation that is wrong"
            return Result(verdict, "; ".join(broken), required, advice)
    return Result("pass", "; ".join(words for _, words in answers), required)


class _Probe:
    """Test rows and their scores, to be changed and asked again."""

    def __init__(self, evidence: CheckContext) -> None:
        self._columns = {column.name: column for column in evidence.dataset.columns}
        self._evidence = evidence
        test = evidence.dataset.test
        spread = np.linspace(0, len(test) - 1, min(ROWS, len(test)), dtype=int)
        self._rows = json_rows(test.iloc[spread], evidence.dataset.columns)
        takes = schema_of(evidence.bundle.contract, Limits()).adapters["Row"]
        self._takes: Callable[[bytes], Any] = takes.validate_json

    def invariance(self, one: Invariance) -> Said:
        """The score stays within `one.within` whatever other value the column takes."""
        column, before = self._column(one.column), self._scores(self._rows)
        moved = np.zeros(len(self._rows))
        for value in self._others(column):
            after = self._scores([{**row, one.column: value} for row in self._rows])
            moved = np.maximum(moved, np.abs(after - before).reshape(len(moved), -1).max(axis=1))
        what = f"{one.column} moves the score by more than {one.within:g}"
        return _judged(what, moved > one.within)

    def direction(self, one: Direction) -> Said:
        """The score rises (or falls) on average by a step, and for nearly all rows not against."""
        column = self._column(one.column)
        if column.type not in ("number", "integer"):
            raise BadInput(f"expectations.direction names {one.column}, which is no number")
        top = np.inf if column.maximum is None else column.maximum
        rows = [row for row in self._rows if (row[one.column] or np.inf) + one.step <= top]
        if not rows:
            raise BadInput(
                f"expectations.direction: no row has room for a step of {one.step:g} in "
                f"{one.column}, which ends at {top:g}; take a smaller step"
            )
        raised = [{**row, one.column: row[one.column] + one.step} for row in rows]
        before = self._scores(rows)
        sign = 1 if one.score == "rises" else -1
        gain = sign * (self._scores(raised) - before)
        step = f"{one.column} + {one.step:g}"
        if gain.mean() <= 0:
            measured = f"by {step} the score moves by {sign * gain.mean():+.4f} on average"
            return "refuse", f"{measured}, and must be one that {one.score}"
        hair = HAIR * max(float(np.std(before)), 1e-12)
        return _judged(f"{step} moves the score the wrong way", gain < -hair)

    def minimum(self, one: Minimum) -> Said:
        """The plain case, completed by a typical row, is answered as expected."""
        row = {**self._typical(), **{name: self._value(name, v) for name, v in one.row.items()}}
        try:
            self._takes(json.dumps(row).encode())
        except ValidationError as error:
            wrong = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
            raise BadInput(
                f"expectations.minimum ({one.because}) is no row of the contract: {wrong}"
            ) from None
        [answer] = self._evidence.served.predict([row])
        score, case = answer["score"], ", ".join(f"{k} = {v}" for k, v in one.row.items())
        said = f"{case}: score {score:.3f}"
        if one.above is not None and score <= one.above:
            return "refuse", f"{said}, expected above {one.above:g}"
        if one.below is not None and score >= one.below:
            return "refuse", f"{said}, expected below {one.below:g}"
        if one.decision is not None and not same(answer["decision"], one.decision):
            return "refuse", f"{case}: decision {answer['decision']}, expected {one.decision}"
        return "pass", said

    def _scores(self, rows: list[dict[str, Any]]) -> Array:
        """P(positive) or a value, shape (n,), or the probability of each class, (n, k)."""
        scores = self._evidence.served.scores(rows)
        return scores[:, 1] if self._evidence.problem.target.task == "binary" else scores

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            raise BadInput(
                f"expectations name {name!r}, which is no input of the model; it reads "
                f"{', '.join(self._columns)}"
            )
        return self._columns[name]

    def _value(self, name: str, value: Any) -> Any:
        column = self._column(name)
        if column.type == "category" and value not in column.categories:
            raise BadInput(
                f"expectations.minimum has {name} = {value!r}, which no row to learn from holds; "
                f"known are {', '.join(column.categories[:20])}"
            )
        return value

    def _others(self, column: Column) -> Iterator[Any]:
        """Values that the column has in the rows to learn from, spread over all of them."""
        seen = self._evidence.dataset.learning[column.name].dropna()
        kinds = np.sort(seen.unique())
        spread = np.linspace(0, len(kinds) - 1, min(OTHERS, len(kinds)), dtype=int)
        yield from (json_value(kinds[at], column.type) for at in spread)

    def _typical(self) -> dict[str, Any]:
        """The middle number, the most frequent of all else, in the rows to learn from."""
        typical = {}
        for name, column in self._columns.items():
            seen = self._evidence.dataset.learning[name].dropna()
            ordered = column.type in ("number", "integer", "date")
            value = None
            if len(seen):
                value = seen.sort_values().iloc[len(seen) // 2] if ordered else seen.mode()[0]
            typical[name] = json_value(value, column.type)
        return typical


def _judged(what: str, breaks: NDArray[np.bool_]) -> Said:
    """Refused if surely more rows break an expectation than are tolerated (exact interval)."""
    share = float(breaks.mean())
    range_ = stats.binomtest(int(breaks.sum()), len(breaks)).proportion_ci()
    words = f"{what} in {percent(share)} of {len(breaks):,} rows"
    if range_.low > TOLERATED:
        return "refuse", words
    return ("warn" if share > TOLERATED else "pass"), words
