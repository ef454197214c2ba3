"""Compares the live model's success metric with the reference's, once true outcomes are known."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
from scipy.stats import ks_2samp

from engine.bundle.bundle import Bundle, Contract
from engine.monitoring.result import Finding, with_ends
from engine.pages.formatting import number, percent
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, Array, Interval, measure

# More rows make the interval no narrower than the reference's, which is what limits the verdict.
MOST_ROWS = 10_000
# With fewer cases of either class an interval is of no use.
LEAST_OF_A_CLASS = 10
# Early labels count only if nearly every row has one. Outcomes that are known early are not like
# the others: a parcel whose delivery is known on the first day is not a late one.
COMPLETE = 0.95
# Larger ones would overflow a sum of squares.
LARGEST_LABEL = 1e150

# Labels of a part of the rows are a selection if its scores differ from the others' so clearly: by
# the Kolmogorov-Smirnov distance, and by its probability where the part is a random one.
SELECTED_DISTANCE, SELECTED_RISK = 0.1, 0.001

ADVICE = "check the drifted columns and the slices; roll back or retrain"
WAIT = "wait for labels, or send them to POST /v1/labels"
ALL = "send the labels of all rows, or of a random part of them, to POST /v1/labels"

# Rows that are due have waited for the label delay; `label` is JSON text.
LABELLED = """
    CREATE TEMP VIEW labelled AS
    SELECT prediction_id, score, scores, label, answered_at <= getvariable('due_until') AS due
    FROM predictions LEFT JOIN labels USING (prediction_id)
    WHERE answered_at >= getvariable('due_since')
"""
# Scores of rows that are due, with and without a label.
SCORES = """
    SELECT score, label IS NOT NULL FROM labelled WHERE due ORDER BY hash(prediction_id) LIMIT ?
"""
COVERAGE = """
    SELECT count(*) FILTER (due), count(label) FILTER (due),
        count(*) FILTER (NOT due), count(label) FILTER (NOT due) FROM labelled
"""
# Taken in the order of a hash: a fair sample, and the same one in each run.
SAMPLE = """
    SELECT score, scores, label FROM labelled WHERE label IS NOT NULL AND (due OR ?)
    ORDER BY hash(prediction_id), prediction_id LIMIT ?
"""


def evaluate(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, since: datetime, now: datetime
) -> Finding:
    """Compare the success metric with the reference's: degraded only if the intervals differ.

    The better end of the live interval is compared with the threshold, the worse end of the other.
    Labels come `label_delay_days` after the prediction, so the window begins that much earlier
    than `since`. Reads the views of `log.open_log`; times are UTC without an offset.
    """
    delay = timedelta(days=bundle.problem.target.label_delay_days)
    connection.execute("SET VARIABLE due_since = ?", [since - delay])
    connection.execute("SET VARIABLE due_until = ?", [now - delay])
    connection.execute(LABELLED)
    due, due_labels, early, early_labels = connection.execute(COVERAGE).fetchall()[0]
    takes_early = early_labels > 0 and early_labels >= COMPLETE * early
    rows = connection.execute(SAMPLE, [takes_early, MOST_ROWS]).fetchall()
    targets, predictions = _arrays(bundle.contract, rows)
    if takes_early:
        due, due_labels, early = due + early, due_labels + early_labels, 0
    coverage = f"labels for {due_labels:,} of {due:,} rows"
    coverage += f" ({percent(due_labels / due)})" if due else ""
    coverage += f", {early:,} more are too young to have one" if early else ""
    if unreadable := len(rows) - len(targets):
        coverage += f", {unreadable:,} labels are no outcome of the contract"
    if due_labels < COMPLETE * due and (difference := _selection(connection)):
        detail = f"only a selected part of the rows has a label ({difference}); {coverage}"
        name = METRICS[bundle.problem.success.metric].name
        return Finding("performance", name, None, None, "insufficient data", detail, ALL)
    return _compare(bundle, targets, predictions, coverage)


def _selection(connection: duckdb.DuckDBPyConnection) -> str:
    """How the scores of labelled rows differ from the others'; empty if the part may be random.

    A metric of a selected part, such as the complaints, says nothing about all rows. The test is
    that of Kolmogorov and Smirnov (scipy.stats.ks_2samp).
    """
    rows = connection.execute(SCORES, [MOST_ROWS]).fetchall()
    labelled = np.array([score for score, has_label in rows if has_label], dtype=float)
    others = np.array([score for score, has_label in rows if not has_label], dtype=float)
    if not len(labelled) or not len(others):
        return ""
    test = ks_2samp(labelled, others)
    if test.statistic < SELECTED_DISTANCE or test.pvalue > SELECTED_RISK:
        return ""
    medians = number(np.median(labelled)), number(np.median(others))
    return f"their median score is {medians[0]}, that of the others {medians[1]}"


def _compare(bundle: Bundle, targets: Array, predictions: Array, coverage: str) -> Finding:
    metric, minimum = METRICS[bundle.problem.success.metric], bundle.problem.monitoring.minimum_rows
    few, rarer = "", int(min(targets.sum(), len(targets) - targets.sum()))
    if bundle.contract.task == "binary" and rarer < LEAST_OF_A_CLASS:
        few = f"{rarer} of at least {LEAST_OF_A_CLASS} rows of the rarer class"
    if len(targets) < minimum:
        few = f"{len(targets):,} of at least {minimum:,} rows with a label"
    if few:
        detail = f"{few}; {coverage}"
        return Finding("performance", metric.name, None, None, "insufficient data", detail, WAIT)
    live = measure(metric, targets, predictions, stratify=bundle.contract.task != "regression")
    frozen = bundle.reference["performance"]
    usual = Interval(frozen["value"], frozen["low"], frozen["high"])
    detail = f"{with_ends(usual)} in the reference; {coverage}"
    higher = metric.higher_is_better
    best, limit = (live.high, usual.low) if higher else (live.low, usual.high)
    finding = Finding("performance", metric.name, live.value, limit, "ok", detail, interval=live)
    if best < limit if higher else best > limit:
        return replace(finding, verdict="degraded", advice=ADVICE)
    return finding


def _arrays(contract: Contract, rows: Sequence[tuple[Any, ...]]) -> tuple[Array, Array]:
    """Targets and predictions as `problem.metrics` takes them, of rows with a valid label."""
    read = [(_target(contract, label), score, scores) for score, scores, label in rows]
    valid = [row for row in read if row[0] is not None]
    values = np.array([target for target, _, _ in valid], dtype=float)
    if contract.task != "multiclass":
        return values, np.array([score for _, score, _ in valid], dtype=float)
    try:
        named = [json.loads(scores) for _, _, scores in valid]
        shares = [[float(one[str(label)]) for label in contract.classes] for one in named]
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError):
        message = f"expected `scores` of {contract.classes} with every logged prediction; find "
        message += "what else writes to the log, and move it out"
        raise BadInput(message, code="missing-scores") from None
    return values, np.array(shares, dtype=float).reshape(len(valid), len(contract.classes))


def _target(contract: Contract, text: str) -> float | None:
    """A label as a number: its class's index, or a regression's value; None if it is neither."""
    try:
        label = json.loads(text)
    except (ValueError, RecursionError):  # nested deeper than Python reads
        return None
    if contract.task == "regression":
        is_number = isinstance(label, int | float) and not isinstance(label, bool)
        return float(label) if is_number and abs(label) <= LARGEST_LABEL else None
    return next((float(i) for i, one in enumerate(contract.classes) if one == label), None)
