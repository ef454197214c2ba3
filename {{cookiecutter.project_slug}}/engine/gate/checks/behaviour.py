"""Checks the model against the expectations of problem.toml, whatever its metric is.

Three kinds of expectation (Ribeiro et al. 2020, CheckList): invariance, direction, minimum case.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import stats

from engine.bundle.archive import same
from engine.contract.column import Column
from engine.data.columns import json_rows, json_value
from engine.gate.checks.check import CheckContext, Outcome, Result
from engine.pages.formatting import percent
from engine.problem.errors import BadInput
from engine.problem.metrics import Array
from engine.problem.tables import Direction, Invariance, Minimum
from engine.serving.http.schema import Limits, schema_of

Row = dict[str, Any]
# The outcome for one expectation, and what was measured.
Measured = tuple[Outcome, str]

# Test rows that are changed, and the most other values that each of them gets.
ROWS, OTHER_VALUES = 400, 5
TOLERATED = 0.05  # the share of rows that may break an expectation
# A smaller change of the score, as a share of the scores' standard deviation, counts as none.
SMALLEST_CHANGE = 0.02
ADVICE = "Fix the features, or constrain the model (monotonic_cst). Or correct the expectation."
INVALID = "invalid-expectation"


def behaviour(context: CheckContext) -> Result:
    """Nearly all test rows meet each expectation of problem.toml."""
    expected = context.problem.expectations
    required = f"each expectation is met; at most {percent(TOLERATED)} of the rows break it"
    probe = _Probe(context)
    results = [
        *map(probe.invariance, expected.invariance),
        *map(probe.direction, expected.direction),
        *map(probe.minimum, expected.minimum),
    ]
    if not results:
        advice = "State under [expectations] what must hold whatever the metric is."
        return Result("not applicable", "problem.toml states no expectations", required, advice)
    ranked: list[Outcome] = ["pass", "warn", "refuse"]
    worst = max((outcome for outcome, _ in results), key=ranked.index)
    measured = "; ".join(text for outcome, text in results if outcome == worst)
    return Result(worst, measured, required, "" if worst == "pass" else ADVICE)


class _Probe:
    """Test rows that are changed and predicted again."""

    def __init__(self, context: CheckContext) -> None:
        self._context = context
        self._columns = {column.name: column for column in context.dataset.columns}
        test = context.dataset.test
        picked = np.linspace(0, len(test) - 1, min(ROWS, len(test)), dtype=int)
        self._rows = json_rows(test.iloc[picked], context.dataset.columns)
        self._adapter = schema_of(context.bundle.contract, Limits()).adapters["Row"]

    def invariance(self, one: Invariance) -> Measured:
        """The score changes by at most `one.within` for any other value of the column."""
        column, before = self._column(one.column), self._scores(self._rows)
        values = np.sort(self._context.dataset.train[one.column].dropna().unique())
        if len(values) < 2:
            message = f"expectations.invariance: {one.column} has fewer than two values in the "
            message += "training rows, so the model has learnt nothing of it. Take another column."
            raise BadInput(message, code=INVALID)
        picked = np.linspace(0, len(values) - 1, min(OTHER_VALUES, len(values)), dtype=int)
        change = np.zeros(len(self._rows))
        for at in picked:
            other = {one.column: json_value(values[at], column.type)}
            after = self._scores([row | other for row in self._rows])
            change = np.maximum(change, np.abs(after - before).reshape(len(change), -1).max(axis=1))
        fault = f"{one.column} moves the score by more than {one.within:g}"
        return _share(fault, change > one.within)

    def direction(self, one: Direction) -> Measured:
        """A step raises (or lowers) the mean score, and moves nearly no row the wrong way."""
        column = self._column(one.column)
        if column.type not in ("number", "integer"):
            message = f"expectations.direction names {one.column}, which is no number. Name one."
            raise BadInput(message, code=INVALID)
        top = np.inf if column.maximum is None else column.maximum
        present = [row for row in self._rows if row[one.column] is not None]
        rows = [row for row in present if row[one.column] + one.step <= top]
        if not rows:
            what = f"{one.column} + {one.step:g} is above its maximum"
            what, advice = (
                (what, "a smaller step")
                if present
                else (f"{one.column} is missing", "another column")
            )
            message = f"expectations.direction: {what} in every row. Take {advice}."
            raise BadInput(message, code=INVALID)
        before = self._scores(rows)
        after = self._scores([{**row, one.column: row[one.column] + one.step} for row in rows])
        sign = 1 if one.score == "rises" else -1
        gain = sign * (after - before)
        step = f"{one.column} + {one.step:g}"
        if gain.mean() <= 0:
            measured = f"{step} moves the score by {sign * gain.mean():+.4f} on average"
            return "refuse", f"{measured}; expected: the score {one.score}"
        smallest = SMALLEST_CHANGE * max(float(np.std(before)), 1e-12)
        return _share(f"{step} moves the score the wrong way", gain < -smallest)

    def minimum(self, one: Minimum) -> Measured:
        """The stated case, completed to a typical row, gets the expected prediction."""
        for name, value in one.row.items():
            column = self._column(name)
            if column.type == "category" and value not in column.categories:
                message = f"expectations.minimum: {name} = {value!r} is in no training row. "
                message += f"Its categories are {', '.join(column.categories[:20])}."
                raise BadInput(message, code="unknown-category")
        row = self._typical() | one.row
        try:
            self._adapter.validate_json(json.dumps(row))
        except ValidationError as error:
            faults = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
            message = f"expectations.minimum ({one.because}) breaks the contract: {faults}"
            raise BadInput(message, code=INVALID) from None
        [prediction] = self._context.predictor.predict([row])
        score, case = prediction["score"], ", ".join(f"{k} = {v}" for k, v in one.row.items())
        if one.decision is not None and not same(prediction["decision"], one.decision):
            return "refuse", f"{case}: decision {prediction['decision']}, expected {one.decision}"
        measured = f"{case}: score {score:.3f}"
        if one.above is not None and score <= one.above:
            return "refuse", f"{measured}, expected above {one.above:g}"
        if one.below is not None and score >= one.below:
            return "refuse", f"{measured}, expected below {one.below:g}"
        return "pass", measured

    def _scores(self, rows: list[Row]) -> Array:
        """P(positive) or a value, shape (n,), or the probability of each class, (n, k)."""
        scores = self._context.predictor.scores(rows)
        return scores[:, 1] if self._context.problem.target.task == "binary" else scores

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            inputs = ", ".join(self._columns)
            message = f"expectations name {name!r}, which is no input. The inputs are {inputs}."
            raise BadInput(message, code="unknown-column")
        return self._columns[name]

    def _typical(self) -> Row:
        """The median of ordered columns and the mode of all others, in the training rows."""
        typical = {}
        for name, column in self._columns.items():
            values = self._context.dataset.train[name].dropna()
            is_ordered = column.type in ("number", "integer", "date")
            ranked = values.sort_values().iloc[len(values) // 2 :] if is_ordered else values.mode()
            typical[name] = json_value(ranked.iloc[0] if len(ranked) else None, column.type)
        return typical


def _share(fault: str, breaks: NDArray[np.bool_]) -> Measured:
    """Refused if surely more rows than tolerated break an expectation (exact interval)."""
    share = float(breaks.mean())
    interval = stats.binomtest(int(breaks.sum()), len(breaks)).proportion_ci()
    above: Outcome = "refuse" if interval.low > TOLERATED else "warn"
    measured = f"{fault} in {percent(share)} of {len(breaks):,} rows"
    return (above if share > TOLERATED else "pass"), measured
