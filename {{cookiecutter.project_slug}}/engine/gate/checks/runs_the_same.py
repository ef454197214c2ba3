"""Checks of the group `runs the same`: current inputs, the contract, equal and sound scores."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pydantic import ValidationError

from engine.bundle.archive import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE, replay, same
from engine.bundle.build import pins
from engine.bundle.bundle import FEATURES_MODULE
from engine.bundle.evaluation import contract as contract_of
from engine.bundle.golden import golden_answers, golden_rows
from engine.contract.column import LONGEST_CATEGORY, Column
from engine.data.columns import json_rows
from engine.data.edges import edge_cases
from engine.data.load import validate
from engine.gate.checks.check import CheckContext, Result, differences, pass_without, shorten
from engine.problem.metrics import Array
from engine.problem.spec import PROBLEM_FILE
from engine.serving.http.schema import Limits, schema_of
from engine.training.dataset import SEED
from engine.training.features.faults import feature_fault
from engine.training.record.runs import FEATURES_FILE

Row = dict[str, Any]
Named = tuple[str, Row]  # a description of the row, and the row
Scores = Callable[[Sequence[Row]], Array]  # shape (rows,) or (rows, classes)

# Test rows in the batch; how many of them are changed to each edge; how many are predicted alone.
TYPICAL, BASES, ALONE = 100, 2, 200
ABSENT = "absent"
COMPARED = 300  # test rows whose predictions are compared, besides the golden rows


def current(context: CheckContext) -> Result:
    """The bundle was built from the current files; all other checks compare with these."""
    bundle = context.bundle
    required = "built from the current problem.toml, poc/features.py, rows and packages"
    expected: dict[str, Any] = {"name": context.problem.decision.name, "seed": SEED}
    expected |= {"features_module": FEATURES_MODULE, "data_digest": context.dataset.digest}
    expected["requirements"] = pins()
    recorded = {key: bundle.manifest.get(key) for key in expected}
    results = differences(recorded, expected, "manifest.json")
    for name, path in (("problem.toml", PROBLEM_FILE), ("code/features.py", FEATURES_FILE)):
        # Not bytes: git may have changed the line ends.
        texts = {one.read_text("utf-8", "replace") for one in (bundle.path / name, path)}
        if len(texts) > 1:
            results.append(f"{name} differs from {path}")
    measured = f"problem, feature code, {len(context.dataset.frame):,} rows and packages agree"
    advice = "This bundle is not of the present files. Train and build again, or check out its own."
    return pass_without(results, measured, required, advice)


def contract(context: CheckContext) -> Result:
    """The contract is that of data/contract.py; server and training reject malformed rows."""
    required = "the contract of data/contract.py; every malformed row is rejected"
    expected = json.loads(json.dumps(contract_of(context.dataset).to_json()))
    if results := differences(context.bundle.contract.to_json(), expected, "contract.json"):
        return Result("refuse", shorten(results), required, "Train and build again.")
    columns = context.dataset.columns
    row = json_rows(context.dataset.train.iloc[:1], columns)[0]
    faults, accepted = malformed(columns), list[str]()
    parse = schema_of(context.bundle.contract, Limits()).adapters["Row"].validate_json
    for fault, values in faults.items():
        broken, refused = row | values, set[Any]()
        if fault == ABSENT:
            broken = {name: value for name, value in row.items() if name not in values}
        try:
            parse(json.dumps(broken))
        except ValidationError as error:
            refused = {name for one in error.errors(include_url=False) for name in one["loc"][:1]}
        accepted += [f"{name} {fault}" for name in values if name not in refused]
    accepted += accepted_in_training(context.definition.contract.columns, columns)
    if accepted:
        advice = "Write the rule into data/contract.py, then train and build again."
        return Result("refuse", f"accepted as valid: {shorten(accepted)}", required, advice)
    measured = f"{sum(map(len, faults.values())):,} malformed values rejected"
    numbers = [one for one in columns if one.type in ("number", "integer")]
    if unbounded := [one.name for one in numbers if None in (one.minimum, one.maximum)]:
        advice = "Give each number its range in data/contract.py, with pa.Check.in_range."
        return Result(
            "warn", f"{measured}; no range: {shorten(unbounded, ', ', 8)}", required, advice
        )
    return Result("pass", measured, required)


def malformed(columns: Sequence[Column]) -> dict[str, Row]:
    """Each kind of fault, and its value for each column that must not have it.

    One row holds all of a kind: the server names every field that it rejects, and a thousand
    columns would need thousands of rows with one fault each.
    """
    faults: dict[str, Row] = {"as an unknown field": {"no such field": 1}, ABSENT: {}}
    for column in columns:
        if not column.nullable:
            faults[ABSENT][column.name] = None
        too_long = ("as a text that is too long", "x" * (LONGEST_CATEGORY + 1))
        text = too_long if column.type == "category" else ("as a word", "wrong")
        number = [("as a number", 1.5)] if column.type in ("category", "date") else []
        for fault, value in (("as a list", [1]), *_forbidden(column), text, *number):
            faults.setdefault(fault, {})[column.name] = value
    return faults


def accepted_in_training(
    rules: Mapping[str, pa.Column], columns: Sequence[Column]
) -> Iterator[str]:
    """The forbidden values that training accepts; each kind in one row of all columns at once."""
    rows: dict[str, Row] = {}
    for column in columns:
        for fault, value in _forbidden(column):
            rows.setdefault(fault, {})[column.name] = value
    for fault, row in rows.items():
        refused = {""}
        while row and refused:
            table = pd.DataFrame({name: [value] for name, value in row.items()})
            _, violations = validate(table, pa.DataFrameSchema({name: rules[name] for name in row}))
            # Ranges are not checked in a row that breaks a type: so the other columns come again.
            refused = {one.column for one in violations}
            for name in refused:
                del row[name]
        yield from (f"{name} {fault} (training)" for name in row)


def _forbidden(column: Column) -> Iterator[tuple[str, Any]]:
    """Values of the right type that the column's own rules forbid."""
    if not column.nullable:
        yield "missing", None
    if column.closed:
        yield "with an unknown value", "(no such value)"
    if (low := column.minimum) is not None:
        yield "below its range", low - max(1, abs(low) / 1e6)
    if (high := column.maximum) is not None:
        yield "above its range", high + max(1, abs(high) / 1e6)


def parity(context: CheckContext) -> Result:
    """The server predicts golden and test rows as the training pipeline does."""
    required = "the pipeline's predictions, on golden rows for every edge and on test rows"
    bundle, dataset, scores = context.bundle, context.dataset, context.predictions.scores
    golden = golden_rows(dataset, context.model, scores, bundle.threshold)
    if results := differences(bundle.golden(), golden, "golden row"):
        advice = "Build the bundle again; do not edit golden rows by hand."
        return Result("refuse", shorten(results), required, advice)
    predictor = context.predictor
    replay(predictor.predict, predictor.bundle)
    task, classes = dataset.problem.target.task, dataset.targets.classes
    expected = golden_answers(scores[:COMPARED], task, classes, bundle.threshold)
    # Through JSON and back, as in a request.
    sent = json.loads(json.dumps(json_rows(dataset.test.head(COMPARED), dataset.columns)))
    pairs = enumerate(zip(expected, predictor.predict(sent), strict=True))
    differ = [f"test row {row} has another prediction" for row, pair in pairs if not same(*pair)]
    total = len(expected) + len(golden)
    advice = "Compare the types of the row in the pipeline and in the server."
    return pass_without(differ, f"{total} of {total} predictions equal", required, advice)


def robust(context: CheckContext) -> Result:
    """Edge rows get a finite score in range, the same alone, in a batch and in another order."""
    required = "a finite score in range for every allowed row, the same alone and in a batch"
    columns = context.dataset.columns
    table = context.dataset.inputs(context.dataset.test)
    rows = json_rows(table.head(TYPICAL), columns)
    cases = [("a test row", row) for row in rows]
    cases += [case for base in rows[:BASES] for case in edge_rows(base, columns)]
    results = score_faults(context.predictor.scores, cases, context.problem.target.task)
    measured = f"{len(cases):,} rows ({len(cases) - len(rows):,} of them edge rows): equal scores "
    measured += "in a batch, alone and in reverse order"
    edges = edge_cases(columns)
    if (values := sum(map(len, edges))) > len(edges):
        measured += f"; {values:,} edge values, several of them in a row, each of another input"
    advice = "Handle these values in poc/features.py, or forbid them in data/contract.py."
    if results and (fault := feature_fault(context.model, table, columns)):
        # The feature and the line that guards it, in the place of a library's message.
        return Result("refuse", str(fault), required, "Guard the feature, then train again.")
    return pass_without(results, measured, required, advice)


def edge_rows(base: Row, columns: Sequence[Column]) -> Iterator[Named]:
    """`base` with one edge value at a time, and with all values missing that may be.

    Of very many edges each row has several, each of another column.
    """
    for chosen in edge_cases(columns):
        names = shorten([f"{edge.column} {edge.name}" for edge in chosen], ", ")
        yield names, {**base, **{edge.column: edge.value for edge in chosen}}
    if nullable := [column.name for column in columns if column.nullable]:
        yield "all nullable inputs missing", {**base, **dict.fromkeys(nullable)}


def score_faults(scores: Scores, cases: Sequence[Named], task: str) -> list[str]:
    """The faults of the scores of `cases`, each with the description of its row."""
    rows = [row for _, row in cases]
    try:
        batch = scores(rows)
    except Exception as failure:  # a model can raise anything
        crashes = []
        for name, row in cases:
            try:
                scores([row])
            except Exception as error:
                crashes.append(f"{name} fails: {error!r:.150}")
        return crashes or [f"a batch of {len(rows):,} rows fails: {failure!r:.150}"]
    faults = [(name, _fault(score, task)) for (name, _), score in zip(cases, batch, strict=True)]
    if results := [f"{name}: {fault}" for name, fault in faults if fault]:
        return results
    results = _unequal(cases, batch, scores(rows[::-1])[::-1], "in a batch of another order")
    picked = np.linspace(0, len(rows) - 1, min(ALONE, len(rows)), dtype=int)
    alone = np.concatenate([scores([rows[at]]) for at in picked])
    return results + _unequal([cases[at] for at in picked.tolist()], batch[picked], alone, "alone")


def _fault(score: Any, task: str) -> str:
    values = np.atleast_1d(score)
    if not np.isfinite(values).all():
        return "the score is not finite"
    if task != "regression" and (values.min() < 0 or values.max() > 1):
        return "a probability is outside 0 to 1"
    is_sum = task == "regression" or abs(values.sum() - 1) <= RELATIVE_TOLERANCE
    return "" if is_sum else "probabilities do not sum to 1"


def _unequal(cases: Sequence[Named], one: Array, other: Array, condition: str) -> list[str]:
    close = np.isclose(one, other, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE)
    equal = close.reshape(len(cases), -1).all(axis=1)
    unequal = np.flatnonzero(~equal).tolist()
    return [f"{cases[at][0]} has another score {condition}" for at in unequal]
