"""The stages of both teams and of the ML engineer: handoff, serving, monitoring."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd

from engine.bundle.build import build
from engine.bundle.bundle import Bundle, read
from engine.data.columns import json_rows
from engine.gate.checks.check import intervals, latencies
from engine.gate.gate import record, validate
from engine.gate.page import blocks, lead
from engine.gate.page import write as write_gate
from engine.journey.stage import DRAFT, Rehearsal, StageResult
from engine.monitoring.result import Result, picture
from engine.pages.page import Code, Facts, Figure, Gallery, Links, Note
from engine.serving.log.predictions import PredictionLog
from engine.serving.log.segments import now
from engine.serving.model.predictor import load
from engine.serving.server_process import call, memory_mb, post, server

BUNDLE, RECORDS, LOGS = DRAFT / "bundle", DRAFT / "records", DRAFT / "logs"
# Rows that are sent alone, to measure response times; the others are sent in batches.
ALONE, BATCH = 300, 100
# Enough rows for the monitor, and few enough for a short rehearsal.
MOST_ROWS = 1_500
FILES = {
    "The gate on a separate page": "gate.html",
    "Model card": "bundle/model_card.md",
    "Manifest": "bundle/manifest.json",
    "Golden rows": "bundle/golden.jsonl",
}
PAGES = Links([*FILES.items()])


def handoff(rehearsal: Rehearsal) -> StageResult:
    """Build the bundle from the run, and run the gate on it."""
    programs = rehearsal.programs
    # Not where `handoff build` writes: a rehearsal's bundle is not the latest to check or sign.
    bundle = build(programs.definition, rehearsal.run.run_id, DRAFT)
    bundle.path.rename(BUNDLE)
    rehearsal.bundle = read(BUNDLE)
    verdict = validate(BUNDLE, programs.definition, programs.checks, print)
    record(verdict, RECORDS)
    write_gate(verdict, DRAFT / "gate.html")
    worth = bundle.evaluation["value"]
    without = dict.fromkeys(("value", "low", "high"), worth["do_nothing"])
    rows = {"with the model": {**worth, "value": worth["per_1000_rows"]}, "without": without}
    title = f"{worth['currency']} per 1,000 test rows"
    money = Gallery([intervals(title, rows, f"{title}, with the 95 % interval.")])
    refused = {one.check: one.next for one in verdict.refusals}
    values = {"bundle": bundle.id, "refused_by": [*refused], "next": [*refused.values()]}
    return StageResult(
        f"Bundle {bundle.id[:12]}: {lead(verdict)}",
        (*blocks(verdict.findings, "Checks of the gate"), money, PAGES),
        warned=bool(verdict.warnings),
        closed=bool(refused),
        values=values,
    )


def serving(rehearsal: Rehearsal) -> StageResult:
    """The real server predicts test rows over HTTP, and rejects a row with an unknown field."""
    rows = _sent(rehearsal)
    sent = json_rows(rows, rehearsal.columns)
    # pandas' conversion gives plain Python values, as JSON needs them.
    labels = rows[rehearsal.problem.target.column].tolist()
    times_ms, ids, labelled = list[float](), list[str](), 0
    with server(BUNDLE, LOGS) as (connection, pid):
        for row in sent[:ALONE]:
            began = time.perf_counter()
            answer = call(connection, "/v1/predict", row)
            times_ms.append(1000 * (time.perf_counter() - began))
            ids.append(answer["prediction_id"])
        for start in range(ALONE, len(sent), BATCH):
            batch = {"rows": sent[start : start + BATCH]}
            predictions = call(connection, "/v1/predict", batch)["predictions"]
            ids += [one["prediction_id"] for one in predictions]
        broken = {**sent[0], "no such field": 1}
        status, refusal = post(connection, "/v1/predict", broken)
        pairs = zip(ids, labels, strict=True)
        records = [{"prediction_id": one, "label": label} for one, label in pairs]
        for start in range(0, len(records), BATCH):
            batch = {"labels": records[start : start + BATCH]}
            labelled += call(connection, "/v1/labels", batch)["stored"]
        memory = round(memory_mb(pid))
    p50, p99 = (float(np.quantile(times_ms, share)) for share in (0.5, 0.99))
    example = Code(
        f"POST /v1/predict\n{json.dumps(row, indent=2)}\n\n"
        f"200\n{json.dumps(answer, indent=2)}\n\n"
        f"POST /v1/predict   with an unknown field\n"
        f"{status}\n{json.dumps(refusal, indent=2)}",
        "A prediction and a rejected request",
    )
    times = [("p50, ms", round(p50, 1)), ("p99, ms", round(p99, 1))]
    numbers = Facts([("predictions", len(ids)), *times, ("memory, MB", memory)])
    return StageResult(
        f"The server predicted {len(ids):,} of {len(rows):,} rows over HTTP (p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms) and stored {labelled:,} labels.",
        (numbers, latencies(times_ms, "Requests were sent one after the other."), example),
        values={"answered": len(ids), "p50_ms": round(p50, 2), "p99_ms": round(p99, 2)}
        | {"refused_status": status},
    )


def monitoring(rehearsal: Rehearsal) -> StageResult:
    """The monitor compares log and labels with the reference; then a drift simulation."""
    bundle, monitor = rehearsal.bundle, rehearsal.programs.monitor
    result = monitor(bundle, LOGS)
    simulation = simulate_drift(bundle, DRAFT / "drill", _sent(rehearsal), monitor)
    sentence = "Too few rows for a drift simulation."
    if simulation:
        verb = "reported" if simulation["noticed"] else "did NOT report"
        sentence = f"In a simulation, the monitor {verb} the changed input {simulation['column']}."
    headline = f"{result.headline[0].upper()}{result.headline[1:].rstrip('.')}."
    note = "The rows of a rehearsal are the test rows, so only the simulation should find drift."
    shown = Figure(picture(result), "Logged rows compared with the reference in the bundle.")
    return StageResult(
        f"{headline} {sentence}",
        (shown, Note(note, "quiet")),
        warned=bool(result.wrong) or simulation is None,
        closed=simulation is not None and not simulation["noticed"],
        values={"verdict": result.verdict, "counted": result.counted, "drill": simulation},
    )


def simulate_drift(
    bundle: Bundle, logs: Path, rows: pd.DataFrame, monitor: Callable[[Bundle, Path], Result]
) -> dict[str, Any] | None:
    """Set one input of `rows` to its rarest value, predict and log them, and run the monitor.

    Returns the `column`, and whether the monitor `noticed` it; None for too few rows.
    """
    # The input with the most bins changes the most.
    bins = {one["name"]: len(one["counts"]) for one in bundle.reference["features"]}
    able = [column for column in bundle.contract.inputs if column.type != "date"]
    column = max(able, key=lambda one: bins.get(one.name, 0), default=None)
    if column is None or len(rows) < bundle.problem.monitoring.minimum_rows:
        return None
    values = rows[column.name]
    rarest = values.value_counts().idxmin()
    constant = pd.Series([rarest] * len(rows), rows.index, dtype=values.dtype)
    shifted = rows.assign(**{column.name: constant})
    sent = json_rows(shifted, bundle.contract.inputs)
    predictions = load(bundle, rehearsal=True).predict(sent)
    with PredictionLog(logs / "predictions", personal=bundle.problem.columns.personal) as log:
        for row, prediction in zip(sent, predictions, strict=True):
            head = {"prediction_id": uuid4().hex, "at": now(), "bundle": bundle.id}
            log.add({**head, "rehearsal": True, "row": row, **prediction})
    wrong = monitor(bundle, logs).wrong
    return {"column": column.name, "noticed": any(one.subject == column.name for one in wrong)}


def _sent(rehearsal: Rehearsal) -> pd.DataFrame:
    """The test rows that are sent to the server: evenly spaced, in order."""
    test = rehearsal.split.test
    picked = np.linspace(0, len(test) - 1, min(MOST_ROWS, len(test)), dtype=int)
    return rehearsal.frame.iloc[test[picked]]
