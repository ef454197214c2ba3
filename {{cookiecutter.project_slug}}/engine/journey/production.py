"""The stages of both teams and of the ML engineer: handoff, serving, monitoring."""

import json
import shutil

import numpy as np
import pandas as pd

from engine.bundle.build import build
from engine.bundle.bundle import read
from engine.gate.checks.results import intervals, latencies
from engine.gate.gate import record, validate
from engine.gate.page import blocks, lead
from engine.gate.page import write as write_gate
from engine.journey.drift_simulation import simulate_drift
from engine.journey.production_rows import exchange
from engine.journey.stage import DRAFT, Rehearsal, StageResult
from engine.monitoring.show import picture
from engine.pages.page import Code, Facts, Figure, Gallery, Links, Note

BUNDLE, RECORDS, LOGS = DRAFT / "bundle", DRAFT / "records", DRAFT / "logs"
# Enough rows for the monitor, and few enough for a short rehearsal.
MOST_ROWS = 1_500
PAGES = Links(
    [
        ("The gate on a separate page", "gate.html"),
        ("Model card", "bundle/model_card.md"),
        ("Manifest", "bundle/manifest.json"),
        ("Golden rows", "bundle/golden.jsonl"),
    ]
)


def handoff(rehearsal: Rehearsal) -> StageResult:
    """Build the bundle from the run, and run the gate on it."""
    run, programs = rehearsal.run, rehearsal.programs
    bundle = build(programs.definition, run.run_id if run else None)
    shutil.copytree(bundle.path, BUNDLE)
    rehearsal.bundle = read(BUNDLE)
    verdict = validate(BUNDLE, programs.definition, programs.checks, print)
    record(verdict, RECORDS)
    write_gate(verdict, DRAFT / "gate.html")
    return StageResult(
        f"Bundle {bundle.id[:12]}: {lead(verdict)}",
        (*blocks(verdict.findings, "Checks of the gate"), Gallery([_worth(rehearsal)]), PAGES),
        warned=bool(verdict.warnings),
        closed=bool(verdict.refusals),
        values={
            "bundle": bundle.id,
            "refused_by": [one.check for one in verdict.refusals],
            "next": [one.next for one in verdict.refusals],
        },
    )


def _worth(rehearsal: Rehearsal) -> Figure:
    worth = rehearsal.built().evaluation["value"]
    without = dict.fromkeys(("value", "low", "high"), worth["do_nothing"])
    rows = {"with the model": {**worth, "value": worth["per_1000_rows"]}, "without": without}
    title = f"{worth['currency']} per 1,000 test rows"
    return intervals(title, rows, f"{title}, with the 95 % interval.")


def serving(rehearsal: Rehearsal) -> StageResult:
    """The real server predicts test rows over HTTP, and rejects a row with an unknown field."""
    rows = _sent(rehearsal)
    # pandas' conversion gives plain Python values, as JSON needs them.
    labels = rows[rehearsal.problem.target.column].tolist()
    traffic = exchange(BUNDLE, LOGS, rows, rehearsal.columns, labels)
    answered, p50, p99 = len(traffic.ids), traffic.quantile_ms(0.5), traffic.quantile_ms(0.99)
    example = Code(
        f"POST /v1/predict\n{json.dumps(traffic.example_row, indent=2)}\n\n"
        f"200\n{json.dumps(traffic.example_answer, indent=2)}\n\n"
        f"POST /v1/predict   with an unknown field\n"
        f"{traffic.refused_status}\n{json.dumps(traffic.refused_answer, indent=2)}",
        "A prediction and a rejected request",
    )
    numbers = Facts(
        [
            ("predictions", answered),
            ("p50, ms", round(p50, 1)),
            ("p99, ms", round(p99, 1)),
            ("memory, MB", round(traffic.memory_mb)),
        ]
    )
    return StageResult(
        f"The server predicted {answered:,} of {traffic.sent:,} rows over HTTP (p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms) and stored {traffic.labelled:,} labels.",
        (numbers, latencies(traffic.times_ms, "Requests were sent one after the other."), example),
        values={
            "answered": answered,
            "p50_ms": round(p50, 2),
            "p99_ms": round(p99, 2),
            "refused_status": traffic.refused_status,
        },
    )


def monitoring(rehearsal: Rehearsal) -> StageResult:
    """The monitor compares log and labels with the reference; then a drift simulation."""
    bundle, monitor = rehearsal.built(), rehearsal.programs.monitor
    result = monitor(bundle, LOGS)
    simulation = simulate_drift(bundle, DRAFT / "drill", _sent(rehearsal), monitor)
    if simulation is None:
        sentence = "Too few rows for a drift simulation."
    else:
        verb = "reported" if simulation.noticed else "did NOT report"
        sentence = f"In a drift simulation, the monitor {verb} the shifted input: "
        sentence += f"{simulation.column}."
    headline = f"{result.headline[0].upper()}{result.headline[1:].rstrip('.')}."
    note = (
        "The rows of a rehearsal are the test rows, so only the simulation should find drift. In "
        "production, drift opens a ticket."
    )
    return StageResult(
        f"{headline} {sentence}",
        (
            Figure(picture(result), "Logged rows compared with the reference in the bundle."),
            Note(note, "quiet"),
        ),
        warned=bool(result.wrong) or simulation is None,
        closed=simulation is not None and not simulation.noticed,
        values={
            "verdict": result.verdict,
            "counted": result.counted,
            "drill": vars(simulation) if simulation else None,
        },
    )


def _sent(rehearsal: Rehearsal) -> pd.DataFrame:
    """The test rows that are sent to the server: evenly spaced, in order."""
    if rehearsal.split is None:
        raise RuntimeError("the rows were not split before this stage")
    test = rehearsal.split.test
    picked = np.linspace(0, len(test) - 1, min(MOST_ROWS, len(test)), dtype=int)
    return rehearsal.frame.iloc[test[picked]]
