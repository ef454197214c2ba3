"""Sections about mistakes: how often the model is wrong, the cost, and for whom most."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from engine.pages import charts
from engine.pages.charts import CaseGroup
from engine.pages.formatting import listed, number
from engine.pages.page import Block, Figure, Gallery, Note, Section, Table
from engine.problem.known_metrics import KNOWN_METRICS
from engine.training.evaluate import FEWEST_IN_SLICE, slices
from engine.training.report.worth import CASES, DUMMY, OWNER, Worth

MOST_CONFUSIONS = 6
CROSS = f"Each mark is one of {CASES:,} cases; a cross is a mistake."
GOOD, WRONG = 1, 5  # colours


def mistakes(worth: Worth) -> Section:
    """Of 1,000 cases, how many go right and wrong, the cost, and the metric in plain words."""
    by_task = {"binary": _decisions, "multiclass": _classes, "regression": _amounts}
    sentence, blocks = by_task[worth.run.data.task](worth)
    chart, *rest = blocks
    name, trial = worth.run.data.metric.name, worth.run.chosen_trial
    quality = (
        f"In one number: the model {KNOWN_METRICS[name].describe(trial['value'])}. Analysts call "
        f"that number {name.replace('_', ' ')}: {number(trial['value'])} (95 % sure: "
        f"{number(trial['low'])} to {number(trial['high'])})."
    )
    return Section("How often it is wrong", OWNER, sentence, [chart, Note(quality), *rest])


def _decisions(worth: Worth) -> tuple[str, list[Block]]:
    value, acts, due = worth.run.problem.value, worth.acts, worth.run.outcome == 1
    assert acts is not None  # noqa: S101  a binary target is decided yes or no
    kinds = (
        ("acted on, rightly", acts & due, value.true_positive or 0.0, GOOD, False),
        ("acted on in vain", acts & ~due, value.false_positive or 0.0, WRONG, True),
        ("missed", ~acts & due, value.false_negative or 0.0, 2, True),
        ("left alone, rightly", ~acts & ~due, value.true_negative or 0.0, 4, False),
    )
    chart, counts = _icons([(name, rows, c, wrong) for name, rows, _, c, wrong in kinds])
    hit, vain, missed, _ = counts
    rows = [
        (name, count, each, CASES * float(rows.mean()) * each)
        for (name, rows, each, *_), count in zip(kinds, counts, strict=True)
    ]
    header = (f"of {CASES:,} cases", "cases", "each", "all")
    table = Table(f"What they earn and cost, in {worth.unit}; cases are rounded", header, rows)
    sentence = (
        f"Of {CASES:,} cases it acts on {hit + vain:,}, {hit:,} of them rightly, and misses "
        f"{missed:,}."
    )
    return sentence, [Figure(chart, CROSS), table]


def _classes(worth: Worth) -> tuple[str, list[Block]]:
    run, wrong = worth.run, worth.run.problem.value.wrong or 0.0
    actual, predicted = run.outcome.astype(int), run.predictions.argmax(axis=1)
    right = actual == predicted
    chart, (good, bad) = _icons(
        [("predicted rightly", right, GOOD, False), ("predicted wrongly", ~right, WRONG, True)]
    )
    blocks: list[Block] = [Figure(chart, CROSS)]
    names = [str(label) for label in run.data.dataset.targets.classes]
    pairs = np.zeros((len(names), len(names)))
    np.add.at(pairs, (actual, predicted), CASES / len(actual))
    np.fill_diagonal(pairs, 0)
    worst = np.argsort(-pairs, axis=None, kind="stable")[:MOST_CONFUSIONS]
    rows = [
        (names[a], names[b], float(pairs[a, b]), float(pairs[a, b] * wrong))
        for a, b in zip(*np.unravel_index(worst, pairs.shape), strict=True)
        if pairs[a, b]
    ]
    if rows:
        header = ("actual", "predicted", f"of {CASES:,} cases", "earns" if wrong > 0 else "costs")
        blocks.append(Table(f"The most frequent mistakes, in {worth.unit}", header, rows))
    return f"Of {CASES:,} cases it predicts {good:,} rightly and {bad:,} wrongly.", blocks


def _amounts(worth: Worth) -> tuple[str, list[Block]]:
    run = worth.run
    error = np.abs(run.outcome - run.predictions)
    closer = error < np.abs(run.outcome - run.out_of_fold(DUMMY))
    chart, (good, _) = _icons(
        [("closer than the average", closer, GOOD, False), ("no closer", ~closer, WRONG, True)]
    )
    caption = f"Each mark is one of {CASES:,} cases; a cross is no closer than the average."
    half, most = np.quantile(error, (0.5, 0.9)).tolist()
    cost = float(error.mean()) * -(run.problem.value.per_unit_error or 0.0)
    numbers = Note(
        f"The error is {number(half)} or less in half of the cases, and {number(most)} or less in "
        f"nine in ten. One case's error costs {worth.amount(cost)} on average."
    )
    sentence = f"Of {CASES:,} cases, {good:,} predictions are closer than the average of all."
    return sentence, [Figure(chart, caption), numbers]


def _icons(kinds: Sequence[tuple[str, Any, int, bool]]) -> tuple[str, list[int]]:
    """A chart of 1,000 cases, and how many are of each kind: name, rows, colour, is a mistake."""
    groups = [CaseGroup(name, float(rows.sum()), c, wrong) for name, rows, c, wrong in kinds]
    counts = charts.thousand([group.rows for group in groups])
    description = ", ".join(f"{n} {one.label}" for n, one in zip(counts, groups, strict=True))
    return charts.icon_array(f"{CASES:,} cases", groups, description=description), counts


def slices_section(worth: Worth) -> Section | None:
    """The groups for whom it works less well; None where problem.toml names no groups."""
    run, metric = worth.run, worth.run.data.metric
    frame = run.data.dataset.train.iloc[run.data.out_of_fold_rows]
    results = slices(run.problem, frame, run.outcome, run.predictions, run.groups)
    if not results:
        return None
    measured = [one for one in results if one["metric"] is not None]
    figures = [
        _chart(metric.name, column, list(group))
        for column, group in groupby(measured, key=itemgetter("column"))
    ]
    blocks: list[Block] = [Gallery(figures)] if figures else []
    small = [f"{_name(one)} ({one['rows']:,})" for one in results if one["metric"] is None]
    if small:
        reason = f"Insufficient data, fewer than {FEWEST_IN_SLICE} cases or all of one outcome: "
        blocks.append(Note(f"{reason}{listed(small)}.", "quiet"))
    overall = metric.compute(run.outcome, run.predictions)
    sentence = _fairness(measured, overall, higher=metric.higher_is_better)
    return Section("For whom it works less well", OWNER, sentence, blocks)


def _fairness(measured: list[dict[str, Any]], overall: float, *, higher: bool) -> str:
    """The groups clearly below the floor, or clearly worse than all cases."""
    sign, best = (1, "high") if higher else (-1, "low")
    if not measured:
        return "Insufficient data: every group has too few cases."
    below = [_name(one) for one in measured if sign * one[best] < sign * one["floor"]]
    if below:
        return f"Not good enough for {listed(below)}: do not use it there."
    less = [_name(one) for one in measured if sign * one[best] < sign * overall]
    if less:
        return f"It works less well for {listed(less)}, yet well enough."
    return "It works clearly less well for no group."


def _chart(metric: str, column: str, measured: list[dict[str, Any]]) -> Figure:
    rows = [charts.Dot(str(one["value"]), *(one[key] for key in ("metric", "low", "high")))
            for one in measured]  # fmt: skip
    label, floor = metric.replace("_", " "), measured[0]["floor"]
    chart = charts.interval_plot(f"{label} by {column}", rows, label=label, mark=floor)
    meaning = KNOWN_METRICS[metric].title
    caption = f"{meaning[0].upper()}{meaning[1:]}; the dashed line is the floor, {number(floor)}."
    return Figure(chart, caption, column)


def _name(one: dict[str, Any]) -> str:
    return f"{one['column']} {one['value']}"
