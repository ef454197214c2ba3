"""Does production give the PoC's answers, and refuse what the PoC never could have seen?"""

import json
from typing import Any

import pandera.pandas as pa
from pydantic import ValidationError

from data.columns import columns, json_rows
from data.load import conform
from handoff.checks.finding import Evidence, Finding
from handoff.golden import answers
from poc.evaluate import predict
from handoff.run import load_model
from problem.columns import LONGEST_CATEGORY, Column
from problem.errors import BadInput
from serving.predictor import load, same
from serving.schema import Limits, schema_of

# Rows that are sent through both paths, beside the golden ones.
COMPARED = 300


def contract(evidence: Evidence) -> Finding:
    """Each rule of data/contract.py, broken once, is refused by the server's types too."""
    required = "every malformed row refused, in training and by the server"
    described = columns(evidence.bundle.problem, evidence.schema, evidence.frame)
    names = [column.name for column in evidence.columns]
    if [column.name for column in described] != names:
        return Finding(
            "contract", "runs the same", "refuse",
            f"the bundle reads {names}, data/contract.py and problem.toml give "
            f"{[column.name for column in described]}", required, "train and build again",
        )  # fmt: skip
    row = json_rows(evidence.frame.iloc[:1], described)[0]
    takes = schema_of(evidence.bundle.contract, Limits()).adapters["Row"].validate_json
    taken, tried = [], 0
    for what, broken in malformed(row, described):
        tried += 1
        try:
            takes(json.dumps(broken))
            taken.append(what)
        except ValidationError:
            pass
    taken += [f"{what} (training)" for what in _taken_in_training(evidence)]
    if taken:
        return Finding(
            "contract", "runs the same", "refuse", f"taken as if valid: {'; '.join(taken)}",
            required, "write the rule into data/contract.py, then train and build again",
        )  # fmt: skip
    unbounded = [
        column.name
        for column in described
        if column.type in ("number", "integer") and None in (column.minimum, column.maximum)
    ]
    measured = f"{tried} malformed rows refused"
    if unbounded:
        return Finding(
            "contract", "runs the same", "warn", f"{measured}; no range: {', '.join(unbounded)}",
            required, "give each number the range it can have with pa.Check.in_range",
        )  # fmt: skip
    return Finding("contract", "runs the same", "pass", measured, required)


def malformed(
    row: dict[str, Any], described: tuple[Column, ...]
) -> list[tuple[str, dict[str, Any]]]:
    """`row` broken in one way at a time: (what is wrong with it, the row)."""
    found: list[tuple[str, dict[str, Any]]] = [("a field too many", {**row, "no such field": 1})]
    for column in described:
        wrong: dict[str, Any] = {"a list": [1]}
        if column.type != "category":
            wrong["a word"] = "wrong"
        if column.type in ("category", "date"):
            wrong["a number"] = 1.5
        if not column.nullable:
            wrong["null"] = None
            found.append(
                (f"{column.name} missing", {k: v for k, v in row.items() if k != column.name})
            )
        if column.type == "category":
            wrong["a text too long"] = "x" * (LONGEST_CATEGORY + 1)
        if column.closed:
            wrong["an unknown value"] = "(no such value)"
        if column.minimum is not None:
            wrong["below the range"] = column.minimum - 1
        if column.maximum is not None:
            wrong["above the range"] = column.maximum + 1
        found += [(f"{column.name}: {what}", {**row, column.name: v}) for what, v in wrong.items()]
    return found


def _taken_in_training(evidence: Evidence) -> list[str]:
    """Ranges and closed values of the bundle's contract that data/contract.py lets pass."""
    base, taken = evidence.frame.head(1), []
    for column in evidence.columns:
        edges = [] if column.maximum is None else [column.maximum + 1]
        edges += [] if column.minimum is None else [column.minimum - 1]
        strange: list[Any] = [*edges, *(["(no such value)"] if column.closed else [])]
        for value in strange:
            try:
                conform(base.assign(**{column.name: value}), evidence.schema)
                taken.append(f"{column.name} = {value}")
            except (BadInput, pa.errors.SchemaError):
                pass
    return taken


def parity(evidence: Evidence) -> Finding:
    """The server's predictor answers golden and test rows as the PoC's pipeline does."""
    required = "the PoC's very answers"
    bundle, problem = evidence.bundle, evidence.bundle.problem
    try:
        served = load(bundle, rehearsal=True)  # replays the golden rows
    except BadInput as error:
        return Finding(
            "parity", "runs the same", "refuse", str(error), required,
            "compare the pins in the manifest with what is installed; build again",
        )  # fmt: skip
    rows = evidence.frame.iloc[evidence.parts.test[:COMPARED]]
    scores = predict(
        load_model(bundle.model_path),
        evidence.inputs.iloc[evidence.parts.test[:COMPARED]],
        problem.target.task,
        bundle.contract.classes,
    )
    said = answers(scores, problem.target.task, bundle.contract.classes, bundle.threshold)
    # Through JSON and back, as over the wire.
    sent = json.loads(json.dumps(json_rows(rows, evidence.columns)))
    differ = [
        number
        for number, (one, other) in enumerate(zip(said, served.predict(sent), strict=True))
        if not same(one, other)
    ]
    total = len(said) + len(bundle.golden())
    if differ:
        return Finding(
            "parity", "runs the same", "refuse",
            f"{len(differ)} of {len(said)} test rows are answered otherwise, first row {differ[0]}",
            required, "find what the pipeline is given there and not here, most likely a type",
        )  # fmt: skip
    return Finding("parity", "runs the same", "pass", f"{total} of {total} answers equal", required)
