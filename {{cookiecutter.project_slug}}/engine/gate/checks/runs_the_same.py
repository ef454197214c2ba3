"""Checks of the group `runs the same`: current inputs, the contract, and equal predictions."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pydantic import ValidationError

from engine.bundle.build import pins
from engine.bundle.bundle import FEATURES_MODULE
from engine.bundle.evaluation import contract as contract_of
from engine.bundle.golden import golden_answers, golden_rows
from engine.bundle.replay import replay, same
from engine.contract.column import LONGEST_CATEGORY, Column
from engine.data.columns import json_rows
from engine.data.load import conform
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import differences, shorten
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.serving.http.schema import Limits, schema_of
from engine.training.dataset import SEED
from engine.training.record.write import FEATURES_FILE

# Test rows whose predictions are compared, besides the golden rows.
COMPARED = 300
Row = dict[str, Any]


def current(context: CheckContext) -> Result:
    """The bundle was built from the current files; all other checks compare with these."""
    bundle = context.bundle
    required = "built from the current problem.toml, poc/features.py, rows and packages"
    expected = {
        "name": context.problem.decision.name,
        "features_module": FEATURES_MODULE,
        "data_digest": context.dataset.digest,
        "seed": SEED,
        "requirements": pins(),
    }
    recorded = {key: bundle.manifest.get(key) for key in expected}
    results = differences(recorded, expected, "manifest.json")
    for name, path in (("problem.toml", PROBLEM_FILE), ("code/features.py", FEATURES_FILE)):
        if _text(bundle.path / name) != _text(path):
            results.append(f"{name} differs from {path}")
    if results:
        advice = "Train and build again, or check out the files that it was built from."
        return Result("refuse", shorten(results), required, advice)
    measured = f"problem, feature code, {len(context.dataset.frame):,} rows and packages agree"
    return Result("pass", measured, required)


def _text(path: Path) -> str:
    # Not bytes: git may have changed the line ends.
    return path.read_text(encoding="utf-8", errors="replace")


def contract(context: CheckContext) -> Result:
    """The contract is that of data/contract.py; server and training reject malformed rows."""
    required = "the contract of data/contract.py; every malformed row is rejected"
    expected = json.loads(json.dumps(contract_of(context.dataset).to_json()))
    if results := differences(context.bundle.contract.to_json(), expected, "contract.json"):
        return Result("refuse", shorten(results), required, "Train and build again.")
    columns = context.dataset.columns
    row = json_rows(context.dataset.train.iloc[:1], columns)[0]
    validate = schema_of(context.bundle.contract, Limits()).adapters["Row"].validate_json
    cases = list(malformed(row, columns))
    accepted = []
    for name, broken in cases:
        try:
            validate(json.dumps(broken))
        except ValidationError:
            continue
        accepted.append(name)
    accepted += [f"{name} (training)" for name in _accepted_in_training(context)]
    if accepted:
        advice = "Write the rule into data/contract.py, then train and build again."
        return Result("refuse", f"accepted as valid: {shorten(accepted)}", required, advice)
    measured = f"{len(cases)} malformed rows rejected"
    unbounded = [
        column.name
        for column in columns
        if column.type in ("number", "integer") and None in (column.minimum, column.maximum)
    ]
    if unbounded:
        advice = "Give each number its range in data/contract.py, with pa.Check.in_range."
        return Result("warn", f"{measured}; no range: {', '.join(unbounded)}", required, advice)
    return Result("pass", measured, required)


def malformed(row: Mapping[str, Any], columns: tuple[Column, ...]) -> Iterator[tuple[str, Row]]:
    """`row` with one fault at a time: the fault and the row."""
    yield "an unknown field", {**row, "no such field": 1}
    for column in columns:
        if not column.nullable:
            yield f"{column.name} absent", {k: v for k, v in row.items() if k != column.name}
        for fault, value in (*_wrong_types(column), *_forbidden(column)):
            yield f"{column.name} {fault}", {**row, column.name: value}


def _wrong_types(column: Column) -> Iterator[tuple[str, Any]]:
    yield "as a list", [1]
    if column.type == "category":
        yield "as a text that is too long", "x" * (LONGEST_CATEGORY + 1)
    else:
        yield "as a word", "wrong"
    if column.type in ("category", "date"):
        yield "as a number", 1.5


def _forbidden(column: Column) -> Iterator[tuple[str, Any]]:
    """Values of the right type that the column's own rules forbid."""
    if not column.nullable:
        yield "missing", None
    if column.closed:
        yield "with an unknown value", "(no such value)"
    if column.minimum is not None:
        yield "below its range", column.minimum - max(1, abs(column.minimum) / 1e6)
    if column.maximum is not None:
        yield "above its range", column.maximum + max(1, abs(column.maximum) / 1e6)


def _accepted_in_training(context: CheckContext) -> Iterator[str]:
    """Values that data/contract.py accepts although the bundle's contract forbids them."""
    rules = context.definition.contract.columns
    for column in context.dataset.columns:
        # Each column alone: hundreds of columns, all of them each time, would take minutes.
        alone = pa.DataFrameSchema({column.name: rules[column.name]})
        for fault, value in _forbidden(column):
            try:
                conform(pd.DataFrame({column.name: [value]}), alone)
            except BadInput:
                continue
            yield f"{column.name} {fault}"


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
    pairs = zip(expected, predictor.predict(sent), strict=True)
    differ = [number for number, pair in enumerate(pairs) if not same(*pair)]
    if differ:
        measured = f"{len(differ):,} of {len(expected):,} test rows have another prediction, first "
        advice = "Compare the types of the row in the pipeline and in the server."
        return Result("refuse", f"{measured}row {differ[0]}", required, advice)
    total = len(expected) + len(golden)
    return Result("pass", f"{total} of {total} predictions equal", required)
