"""Compares two recorded runs by their out-of-fold predictions, and a run with the champion."""

import difflib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.pages.formatting import listed, number
from engine.pages.terminal import table
from engine.problem.metrics import METRICS, Array, Groups, Interval, Metric
from engine.problem.spec import Problem, Task
from engine.training.evaluate import FEWEST_IN_SLICE, bootstrap, mean_interval
from engine.training.record.runs import EARNED, SLICE, UNIT, Recorded, recorded

Row = list[str]
HEADER = ["", "first run", "second run", "second against first"]
FEW, NOT_RECORDED = "too few rows", "not recorded"
MOST_LINES = 60  # of a difference in feature code
CASES = 1000


def paired_gain(
    metric: Metric, outcome: Array, own: Array, other: Array, task: Task, groups: Groups | None
) -> Interval:
    """How much better `own` predictions are than `other` ones of the same rows (see `bootstrap`).

    Positive is better, whatever the metric. Both are shape (n,), or (n, k) for several classes.
    """
    sign = 1 if metric.higher_is_better else -1

    def gain(truth: Array, both: Array) -> float:
        return sign * (metric.compute(truth, both[:, 0]) - metric.compute(truth, both[:, 1]))

    return bootstrap(gain, outcome, np.stack([own, other], axis=1), task, groups)


def against_champion(metadata: Mapping[str, Any]) -> str | None:
    """The chosen model against the champion in a sentence; None where there is no champion."""
    champion = metadata["champion"]
    if not champion or "difference" not in champion:
        return None
    gain = Interval(**champion["difference"])
    return (
        f"Gain in {metadata['metric']} over champion {champion['bundle'][:12]}: {_signed(gain)}, "
        "paired on the held-out rows. The champion's own feature code and parameters were trained "
        "again on the same folds; the gate compares the released model itself on the test rows."
    )


def show(problem: Problem, one: str, other: str) -> None:
    """Print the difference of two runs (ids, or `latest`); see `compared`.

    BadInput: there is no such run, or it belongs to another problem.
    """
    first, second = recorded(one, problem), recorded(other, problem)
    title = f"{first.run_id} and {second.run_id}; differences: positive is better, 95 % intervals"
    table(title, HEADER, compared(problem, first, second))
    lines = feature_code_difference(first, second)
    print("\n".join(["Changes in poc/features.py:", *lines] if lines else ["Same feature code."]))


def compared(problem: Problem, first: Recorded, second: Recorded) -> list[Row]:
    """The rows of a table with `HEADER`: metric, slices, money, inputs and parameters.

    Differences are positive where the second run is better, with 95 % intervals: paired where both
    runs predicted the same rows, else from two independent intervals (MOVER, Zou and Donner 2008).
    """
    is_paired = _same_rows(first.table, second.table)
    pairing = "paired" if is_paired else "other rows, not paired"
    whole = [np.ones(len(one.table), bool) for one in (first, second)]
    rows = [
        [
            f"{problem.success.metric} ({pairing})",
            *_metric(problem, (first, second), whole, is_paired),
        ]
    ]
    columns = [str(name) for name in first.table if name in second.table]
    slices = [name for name in columns if name.startswith(SLICE)]
    for name in slices:
        for label in sorted({*first.table[name], *second.table[name]}):
            masks = [(one.table[name] == label).to_numpy() for one in (first, second)]
            cells = _metric(problem, (first, second), masks, is_paired)
            rows.append([f"{name.removeprefix(SLICE)} = {label}", *cells])
    rows.append(
        [
            f"{problem.value.currency} for {CASES:,} rows",
            *_money(problem, (first, second), is_paired),
        ]
    )
    return [*rows, *_choices(first.metadata, second.metadata)]


def feature_code_difference(first: Recorded, second: Recorded) -> list[str]:
    """The changed lines of poc/features.py, at most `MOST_LINES`; empty where it is the same."""
    old, new = (one.features_text.splitlines() for one in (first, second))
    lines = [*difflib.unified_diff(old, new, "first run", "second run", lineterm="", n=1)]
    more = [f"… and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return [*lines[:MOST_LINES], *more]


def _same_rows(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether both runs predicted the same rows: equal numbers and outcomes, row by row.

    New columns make another data digest and no other rows.
    """
    return all(np.array_equal(one[name], other[name]) for name in ("row", "outcome"))


def _metric(
    problem: Problem, runs: tuple[Recorded, Recorded], masks: list[Any], is_paired: bool
) -> Row:
    """The metric of both runs on some of their rows, and the difference."""
    metric, task = METRICS[problem.success.metric], problem.target.task
    outcomes = [one.table["outcome"].to_numpy()[m] for one, m in zip(runs, masks, strict=True)]
    if any(len(one) < FEWEST_IN_SLICE or len(np.unique(one)) < 2 for one in outcomes):
        return [FEW, FEW, ""]
    scores = [one.predictions[m] for one, m in zip(runs, masks, strict=True)]
    groups = [_groups(one, m) for one, m in zip(runs, masks, strict=True)]
    ends = [
        bootstrap(metric.compute, outcome, score, task, unit)
        for outcome, score, unit in zip(outcomes, scores, groups, strict=True)
    ]
    # The same rows are the same slice only where the column holds the same values.
    if is_paired and np.array_equal(*masks):
        gain = paired_gain(metric, outcomes[0], scores[1], scores[0], task, groups[0])
    else:
        gain = _independent(ends, 1 if metric.higher_is_better else -1)
    return [*map(_interval, ends), _signed(gain)]


def _money(problem: Problem, runs: tuple[Recorded, Recorded], is_paired: bool) -> Row:
    if any(EARNED not in one.table for one in runs):
        return [NOT_RECORDED, NOT_RECORDED, ""]
    if runs[0].problem.value != runs[1].problem.value:
        amounts = [number(one.metadata["value"]["per_1000_rows"]) for one in runs]
        return [*amounts, "not comparable: problem.toml had other costs"]
    paid = [CASES * one.table[EARNED].to_numpy() for one in runs]
    outcomes, groups = [one.table["outcome"].to_numpy() for one in runs], [_groups(r) for r in runs]
    task = problem.target.task
    ends = [
        mean_interval(amounts, outcome, task, unit)
        for amounts, outcome, unit in zip(paid, outcomes, groups, strict=True)
    ]
    if is_paired:
        gain = mean_interval(paid[1] - paid[0], outcomes[0], task, groups[0])
    else:
        gain = _independent(ends, 1)
    return [*map(_interval, ends), _signed(gain)]


def _groups(run: Recorded, mask: Any = slice(None)) -> Any:
    return run.table[UNIT].to_numpy()[mask] if UNIT in run.table else None


def _independent(ends: list[Interval], sign: int) -> Interval:
    """The difference of two independent estimates from their intervals."""
    old, new = ends
    down = math.hypot(new.value - new.low, old.high - old.value)
    up = math.hypot(new.high - new.value, old.value - old.low)
    value = new.value - old.value
    low, high = sorted((sign * (value - down), sign * (value + up)))
    return Interval(sign * value, low, high)


def _choices(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Row]:
    """Candidate, calibration, threshold, changed parameters, inputs, rows."""
    for name in ("candidate", "calibrated", "threshold", "rows", "split"):
        yield [name, *_both(first.get(name), second.get(name))]
    one, other = first["parameters"], second["parameters"]
    for name in dict.fromkeys([*one, *other]):
        if one.get(name) != other.get(name):
            yield [f"parameter {name}", *_both(one.get(name), other.get(name))]
    old, new = ({i["column"] for i in run["importance"]} for run in (first, second))
    texts = [f"{word} {listed(sorted(names))}" for word, names in
             (("added", new - old), ("removed", old - new)) if names]  # fmt: skip
    yield ["inputs", str(len(old)), str(len(new)), "; ".join(texts) or "same"]


def _both(one: Any, other: Any) -> Row:
    shown = [
        number(v) if isinstance(v, float) else "–" if v is None else str(v) for v in (one, other)
    ]
    return [*shown, "same" if one == other else "changed"]


def _interval(one: Interval) -> str:
    return f"{number(one.value)} ({number(one.low)} to {number(one.high)})"


def _signed(one: Interval) -> str:
    return f"{one.value + 0:+.4g} ({one.low + 0:+.4g} to {one.high + 0:+.4g})"
