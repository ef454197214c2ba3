"""Does production give the PoC's answers, and refuse what the PoC never could have seen?"""

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

# Rows that are sent through both paths, beside the golden ones.
COMPARED = 300


def current(evidence: CheckContext) -> Result:
    """Made of what stands here: otherwise the gate would compare it with something else."""
    bundle, manifest = evidence.bundle, evidence.bundle.manifest
    required = "made of problem.toml, poc/features.py, rows and packages as they are here"
    expected = {
        "name": evidence.problem.decision.name,
        "features_module": FEATURES_MODULE,
        "data_digest": evidence.dataset.digest,
        "seed": SEED,
        "requirements": pins(),
    }
    said = {key: manifest.get(key) for key in expected}
    found = differences(said, expected, "manifest.json")
    for name, path in (("problem.toml", PROBLEM_FILE), ("code/features.py", FEATURES_FILE)):
        if _text(bundle.path / name) != _text(path):
            found.append(f"{name} is not {path}")
    if found:
        advice = "train and build again, with what stands here; or check out what it was built from"
        return Result("refuse", shorten(found), required, advice)
    measured = f"problem, feature code, {len(evidence.dataset.frame):,} rows and packages agree"
    return Result("pass", measured, required)


def _text(path: Path) -> str:
    # Not bytes: git may have changed the line ends.
    return path.read_text(encoding="utf-8", errors="replace")


def contract(evidence: CheckContext) -> Result:
    """The bundle's contract is that of data/contract.py, and the server holds callers to it."""
    required = "data/contract.py's own, with every malformed row refused, in training as by serving"
    expected = json.loads(json.dumps(contract_of(evidence.dataset).to_json()))
    if found := differences(evidence.bundle.contract.to_json(), expected, "contract.json"):
        return Result("refuse", shorten(found), required, "train and build again")
    columns = evidence.dataset.columns
    row = json_rows(evidence.dataset.learning.iloc[:1], columns)[0]
    takes = schema_of(evidence.bundle.contract, Limits()).adapters["Row"].validate_json
    taken, attempts = [], list(malformed(row, columns))
    for what, broken in attempts:
        try:
            takes(json.dumps(broken))
            taken.append(what)
        except ValidationError:
            pass
    taken += [f"{what} (training)" for what in _taken_in_training(evidence)]
    if taken:
        advice = "write the rule into data/contract.py, then train and build again"
        return Result("refuse", f"taken as if valid: {shorten(taken)}", required, advice)
    measured = f"{len(attempts)} malformed rows refused"
    unbounded = [
        column.name
        for column in columns
        if column.type in ("number", "integer") and None in (column.minimum, column.maximum)
    ]
    if unbounded:
        advice = "give each number the range it can have with pa.Check.in_range"
        return Result("warn", f"{measured}; no range: {', '.join(unbounded)}", required, advice)
    return Result("pass", measured, required)


def malformed(
    row: Mapping[str, Any], columns: tuple[Column, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """`row` broken in one way at a time: what is wrong with it, and the row."""
    yield "a field too many", {**row, "no such field": 1}
    for column in columns:
        if not column.nullable:
            yield f"{column.name} left out", {k: v for k, v in row.items() if k != column.name}
        for what, value in _wrong(column):
            yield f"{column.name} {what}", {**row, column.name: value}


def _wrong(column: Column) -> Iterator[tuple[str, Any]]:
    """Values that the column may not have: what is wrong with each, and the value."""
    yield "as a list", [1]
    if column.type == "category":
        yield "as a text too long", "x" * (LONGEST_CATEGORY + 1)
    else:
        yield "as a word", "wrong"
    if column.type in ("category", "date"):
        yield "as a number", 1.5
    yield from _beyond(column)


def _beyond(column: Column) -> Iterator[tuple[str, Any]]:
    """Values of the right type that the column's own rules forbid."""
    if not column.nullable:
        yield "missing", None
    if column.closed:
        yield "with an unknown value", "(no such value)"
    if column.minimum is not None:
        yield "below its range", column.minimum - max(1, abs(column.minimum) / 1e6)
    if column.maximum is not None:
        yield "above its range", column.maximum + max(1, abs(column.maximum) / 1e6)


def _taken_in_training(evidence: CheckContext) -> Iterator[str]:
    """What data/contract.py lets pass although the bundle's contract, made of it, would not."""
    for column in evidence.dataset.columns:
        # Each column alone: of hundreds of columns, all of them each time would take minutes.
        alone = pa.DataFrameSchema({column.name: evidence.schema.columns[column.name]})
        for what, value in _beyond(column):
            try:
                conform(pd.DataFrame({column.name: [value]}), alone)
            except BadInput:
                continue
            yield f"{column.name} {what}"


def parity(evidence: CheckContext) -> Result:
    """The server's predictor answers golden and test rows as the PoC's pipeline does."""
    required = "the PoC's very answers, on golden rows that cover every edge"
    bundle, dataset, judged = evidence.bundle, evidence.dataset, evidence.judged
    golden = golden_rows(dataset, evidence.model, judged.scores, bundle.threshold)
    if found := differences(bundle.golden(), golden, "golden row"):
        advice = "build again; answers are never edited by hand"
        return Result("refuse", shorten(found), required, advice)
    served = evidence.served
    replay(served.predict, served.bundle)
    task, classes = dataset.problem.target.task, dataset.known.classes
    said = golden_answers(judged.scores[:COMPARED], task, classes, bundle.threshold)
    # Through JSON and back, as over the wire.
    sent = json.loads(json.dumps(json_rows(dataset.test.head(COMPARED), dataset.columns)))
    pairs = zip(said, served.predict(sent), strict=True)
    differ = [number for number, (one, other) in enumerate(pairs) if not same(one, other)]
    if differ:
        measured = f"{len(differ):,} of {len(said):,} test rows are answered otherwise, first row "
        advice = "find what the pipeline is given there and not here, most likely a type"
        return Result("refuse", f"{measured}{differ[0]}", required, advice)
    total = len(said) + len(golden)
    return Result("pass", f"{total} of {total} answers equal", required)
