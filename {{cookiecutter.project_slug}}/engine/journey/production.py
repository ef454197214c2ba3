"""The seam and the ML engineer's stages: handoff, serving, monitoring."""

import json
import shutil
from typing import Any

import numpy as np
import pandas as pd

from engine.bundle.build import build
from engine.bundle.bundle import read
from engine.gate.gate import record, validate
from engine.gate.page import groups, lead
from engine.gate.page import write as write_gate
from engine.journey.drift_simulation import drift_drill
from engine.journey.production_rows import Traffic, exchange
from engine.journey.stage import DRAFT, Outcome, Rehearsal
from engine.monitoring.show import picture
from engine.pages import charts
from engine.pages.page import Code, Facts, Figure, Gallery, Links, Note
from engine.problem.spec import Problem

BUNDLE, RECORDS, LOGS = DRAFT / "bundle", DRAFT / "records", DRAFT / "logs"
# Enough rows for the monitor to have an opinion, few enough for a coffee break.
MOST_ROWS = 1_500


def handoff(rehearsal: Rehearsal) -> Outcome:
    """The bundle is built from the run, and held against the gate."""
    run = rehearsal.run
    built = build(rehearsal.programs.definition, run.run_id if run else None)
    shutil.copytree(built.path, BUNDLE)
    rehearsal.bundle = read(BUNDLE)
    judgement = validate(BUNDLE, rehearsal.programs.definition, rehearsal.programs.checks, print)
    record(judgement, RECORDS)
    write_gate(judgement, DRAFT / "gate.html")
    headline = f"Bundle {built.id[:12]} meets the gate. {lead(judgement)}"
    return Outcome(
        headline,
        (*groups(judgement), Gallery([_worth(rehearsal)]), _files()),
        warned=bool(judgement.warnings),
        closed=bool(judgement.refusals),
        facts={"bundle": built.id, "refused_by": [one.check for one in judgement.refusals],
               "next": [one.next for one in judgement.refusals]},
    )  # fmt: skip


def _worth(rehearsal: Rehearsal) -> Figure:
    worth = rehearsal.built().evaluation["value"]
    title = f"{worth['currency']} for 1,000 rows, on the test"
    rows = [
        charts.Dot("with the model", worth["per_1000_rows"], worth["low"], worth["high"]),
        charts.Dot("without", worth["do_nothing"], worth["do_nothing"], worth["do_nothing"]),
    ]
    return Figure(charts.interval_plot(title, rows), f"{title}, with its 95 % interval.")


def _files() -> Links:
    return Links([("The gate on a page of its own", "gate.html"),
                  ("Model card", "bundle/model_card.md"), ("Manifest", "bundle/manifest.json"),
                  ("Golden rows", "bundle/golden.jsonl")])  # fmt: skip


def serving(rehearsal: Rehearsal) -> Outcome:
    """The real server answers test rows over HTTP, and refuses a broken one."""
    rows = _sent(rehearsal)
    traffic = exchange(BUNDLE, LOGS, rows, rehearsal.columns, _labels(rehearsal.problem, rows))
    headline = (
        f"{traffic.answered:,} of {traffic.sent:,} rows were answered over HTTP, half of them "
        f"within {traffic.p50_ms:.1f} ms, 99 % within {traffic.p99_ms:.1f} ms; "
        f"{traffic.labelled:,} labels came back."
    )
    facts = Facts([("rows answered", traffic.answered), ("p50, ms", round(traffic.p50_ms, 1)),
                   ("p99, ms", round(traffic.p99_ms, 1)),
                   ("memory, MB", round(traffic.memory_mb))])  # fmt: skip
    return Outcome(
        headline,
        (facts, _latencies(traffic), _exchanged(traffic)),
        facts={"answered": traffic.answered, "p50_ms": round(traffic.p50_ms, 2),
               "p99_ms": round(traffic.p99_ms, 2), "refused_status": traffic.refused_status},
    )  # fmt: skip


def _labels(framed: Problem, rows: pd.DataFrame) -> list[Any]:
    """The outcomes as they stand in JSON: pandas' own conversion gives plain Python values."""
    outcomes: list[Any] = rows[framed.target.column].tolist()
    return outcomes


def _latencies(traffic: Traffic) -> Figure:
    title = "One row a request: how long an answer took, ms"
    picture = charts.histogram(title, traffic.edges_ms, {"requests": traffic.counts})
    return Figure(picture, f"{title}; requests sent one after the other.")


def _exchanged(traffic: Traffic) -> Code:
    return Code(
        f"POST /v1/predict\n{json.dumps(traffic.example_row, indent=2)}\n\n"
        f"200\n{json.dumps(traffic.example_answer, indent=2)}\n\n"
        f"POST /v1/predict   with a field too many\n"
        f"{traffic.refused_status}\n{json.dumps(traffic.refused_answer, indent=2)}",
        "An answer, and a refusal",
    )


def monitoring(rehearsal: Rehearsal) -> Outcome:
    """Log and labels against the reference; then a drill that the monitor has to notice."""
    bundle = rehearsal.built()
    result = rehearsal.programs.monitor(bundle, LOGS)
    drill = drift_drill(bundle, DRAFT / "drill", _sent(rehearsal), rehearsal.programs.monitor)
    if drill is None:
        said = "Too few rows for a drift drill."
    elif drill.noticed:
        said = f"In a drill, {drill.column} was shifted on purpose and the monitor named it."
    else:
        said = f"In a drill, {drill.column} was shifted on purpose and the monitor did NOT see it."
    found = f"{result.headline[0].upper()}{result.headline[1:].rstrip('.')}."
    blind = drill is not None and not drill.noticed
    return Outcome(
        f"{found} {said}",
        (Figure(picture(result), "What came in, against the reference that travels in the bundle."),
         Note("The rows of this rehearsal are the test's own, so only the drill should find drift; "
              "in production, drift opens a ticket.", "quiet")),
        warned=bool(result.wrong) or drill is None,
        closed=blind,
        facts={"verdict": result.verdict, "counted": result.counted,
               "drill": None if drill is None else
               {"column": drill.column, "noticed": drill.noticed}},
    )  # fmt: skip


def _sent(rehearsal: Rehearsal) -> pd.DataFrame:
    """The test rows that are sent to the server: from all of the test, in its order."""
    if rehearsal.parts is None:
        raise RuntimeError("the rows were not split before this stage")
    test = rehearsal.parts.test
    spread = np.linspace(0, len(test) - 1, min(MOST_ROWS, len(test)), dtype=int)
    return rehearsal.frame.iloc[test[spread]]
