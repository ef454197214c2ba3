"""Judges how well the live model predicts, once the true outcomes are known."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np

from engine.bundle.bundle import Bundle, Contract
from engine.monitoring.finding import Finding, Verdict
from engine.pages.formatting import number, percent
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, Interval, measure

# More rows make the interval no narrower than the reference's, which is what limits the verdict.
MOST_ROWS = 10_000
# Of fewer cases of either class, no interval says much.
LEAST_OF_A_CLASS = 10
# Early labels count only if nearly every row has one. Outcomes that are known early are not like
# the others: a parcel whose delivery is known on the first day is not a late one.
COMPLETE = 0.95

# Larger ones would overflow a sum of squares.
LARGEST_LABEL = 1e150

ADVICE = "look at the drifted columns and the slices; roll back or retrain"
WAIT = "wait for labels, or send them to POST /v1/labels"

# Rows that are due have waited for the label delay; `label` is JSON text.
KNOWN = """
    CREATE TEMP VIEW known AS
    SELECT prediction_id, score, scores, label, moment <= getvariable('due_until') AS due
    FROM predictions LEFT JOIN labels USING (prediction_id)
    WHERE moment >= getvariable('due_since')
"""
COVERAGE = """
    SELECT count(*) FILTER (due), count(label) FILTER (due),
        count(*) FILTER (NOT due), count(label) FILTER (NOT due) FROM known
"""
# Taken in the order of a hash: a fair sample, and the same one in each run.
SAMPLE = """
    SELECT score, scores, label FROM known WHERE label IS NOT NULL AND (due OR ?)
    ORDER BY hash(prediction_id), prediction_id LIMIT ?
"""


def evaluate(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, since: datetime, now: datetime
) -> Finding:
    """Compare the success metric with the reference's: worse only if their intervals part.

    Measured is the better end of the live interval, the threshold the worse end of the other.

    Labels come `label_delay_days` after the prediction, so the window that is judged begins that
    much earlier than `since`. Reads the views of `log.open_log`; times are UTC without an offset.

    Raises:
        BadInput: a multiclass model's answers stand in the log without their scores.
    """
    delay = timedelta(days=bundle.problem.target.label_delay_days)
    connection.execute("SET VARIABLE due_since = ?", [since - delay])
    connection.execute("SET VARIABLE due_until = ?", [now - delay])
    connection.execute(KNOWN)
    due, due_known, early, early_known = connection.execute(COVERAGE).fetchall()[0]
    takes_early = early_known > 0 and early_known >= COMPLETE * early
    known = connection.execute(SAMPLE, [takes_early, MOST_ROWS]).fetchall()
    truth, prediction = _arrays(bundle.contract, known)
    expected, labelled = (due + early, due_known + early_known) if takes_early else (due, due_known)
    coverage = _coverage(expected, labelled, early, len(known) - len(truth), takes_early)
    return _judged(bundle, truth, prediction, coverage)


def _judged(bundle: Bundle, truth: np.ndarray, prediction: np.ndarray, coverage: str) -> Finding:
    metric, minimum = METRICS[bundle.problem.success.metric], bundle.problem.monitoring.minimum_rows
    usual = Interval(*(bundle.reference["performance"][key] for key in ("value", "low", "high")))
    few = ""
    if len(truth) < minimum:
        few = f"{len(truth):,} of at least {minimum:,} rows with a label"
    elif bundle.contract.task == "binary" and (rarer := _rarer(truth)) < LEAST_OF_A_CLASS:
        few = f"{rarer} of at least {LEAST_OF_A_CLASS} rows of the rarer class"
    if few:
        detail = f"{few}; {coverage}"
        return Finding("performance", metric.name, None, None, "insufficient data", detail, WAIT)
    live = measure(metric, truth, prediction, stratify=bundle.contract.task != "regression")
    best, worst = (live.high, usual.low) if metric.higher_is_better else (live.low, usual.high)
    worse = best < worst if metric.higher_is_better else best > worst
    detail = f"{_said(live)}, in the reference {_said(usual)}; {coverage}"
    verdict: Verdict = "worse" if worse else "ok"
    return Finding(
        "performance", metric.name, best, worst, verdict, detail, ADVICE if worse else ""
    )


def _arrays(contract: Contract, known: Sequence[tuple[Any, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction as `problem.metrics` takes them, of rows whose label can be read."""
    read = [(_truth(contract, _value(label)), score, scores) for score, scores, label in known]
    usable = [row for row in read if row[0] is not None]
    truth = np.array([row[0] for row in usable], dtype=float)
    if contract.task != "multiclass":
        return truth, np.array([score for _, score, _ in usable], dtype=float)
    try:
        named = [json.loads(scores) for _, _, scores in usable]
        shares = [[float(one[str(label)]) for label in contract.classes] for one in named]
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError):
        raise BadInput(
            f"expected `scores` of {contract.classes} with every logged answer of a multiclass "
            "model; find who else writes to the log, and move it out"
        ) from None
    return truth, np.array(shares, dtype=float).reshape(len(usable), len(contract.classes))


def _value(label: str) -> object:
    """What a label says; None where it is nested deeper than Python reads, so no label."""
    try:
        return json.loads(label)
    except (ValueError, RecursionError):
        return None


def _truth(contract: Contract, label: object) -> float | None:
    """The label as a number: its class's place, or a regression's value; None if it is neither."""
    if contract.task == "regression":
        is_number = isinstance(label, int | float) and not isinstance(label, bool)
        return float(label) if is_number and abs(label) <= LARGEST_LABEL else None  # type: ignore[arg-type]
    return next((float(i) for i, one in enumerate(contract.classes) if one == label), None)


def _rarer(truth: np.ndarray) -> int:
    return int(min(truth.sum(), len(truth) - truth.sum()))


def _coverage(expected: int, labelled: int, early: int, unreadable: int, takes_early: bool) -> str:
    """How many rows that should have a label have one, in words."""
    said = f"labels for {labelled:,} of {expected:,} rows"
    said += f" ({percent(labelled / expected)})" if expected else ""
    if early and not takes_early:
        said += f", {early:,} more are too young to have one"
    return said + (f", {unreadable:,} labels are no outcome of the contract" if unreadable else "")


def _said(one: Interval) -> str:
    return f"{number(one.value)} ({number(one.low)} to {number(one.high)})"
