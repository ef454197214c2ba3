"""Sections about mistakes: how often it is wrong, what that costs, and for whom most."""

from typing import Any

import numpy as np

from engine.pages import cases, charts
from engine.pages.cases import CaseGroup
from engine.pages.formatting import listed, number
from engine.pages.page import Block, Facts, Figure, Gallery, Note, Section, Table
from engine.problem.metrics import METRICS
from engine.training.evaluate import FEWEST_IN_SLICE, slices
from engine.training.report.worth import CASES, DUMMY, OWNER, Worth

MOST_CONFUSIONS = 6
CROSS = f"Each mark is one of {CASES:,} cases; a cross went wrong."


def mistakes(worth: Worth) -> Section:
    """Of 1,000 cases, how many go right and wrong, and what that costs."""
    tell = {"binary": _decisions, "multiclass": _classes, "regression": _amounts}
    sentence, blocks = tell[worth.evidence.problem.target.task](worth)
    picture, *rest = blocks
    blocks = [picture, Note(_quality(worth)), *rest]
    return Section("How often it is wrong", OWNER, sentence, blocks)


def _decisions(worth: Worth) -> tuple[str, list[Block]]:
    value, acts, due = worth.evidence.problem.value, worth.acts, worth.evidence.outcome == 1
    assert acts is not None  # noqa: S101  a binary target is decided yes or no
    kinds = (
        ("acted on, rightly", acts & due, value.true_positive or 0.0, 1, False),
        ("acted on in vain", acts & ~due, value.false_positive or 0.0, 5, True),
        ("missed", ~acts & due, value.false_negative or 0.0, 2, True),
        ("left alone, rightly", ~acts & ~due, value.true_negative or 0.0, 4, False),
    )
    groups = [CaseGroup(name, float(part.sum()), c, wrong) for name, part, _, c, wrong in kinds]
    hit, vain, missed, left = counts = cases.thousand([group.rows for group in groups])
    heard = f"{hit} acted on rightly, {vain} in vain, {missed} missed, {left} left alone rightly"
    drawn = cases.icon_array(f"{CASES:,} cases", groups, description=heard)
    rows = [
        (name, count, each, CASES * float(part.mean()) * each)
        for (name, part, each, *_), count in zip(kinds, counts, strict=True)
    ]
    header = (f"of {CASES:,} cases", "cases", "each", "together")
    table = Table(f"What they earn and cost, in {worth.unit}; cases are rounded", header, rows)
    sentence = (
        f"Of {CASES:,} cases it acts on {hit + vain:,}, {hit:,} of them rightly, and misses "
        f"{missed:,}."
    )
    return sentence, [Figure(drawn, CROSS), table]


def _classes(worth: Worth) -> tuple[str, list[Block]]:
    evidence, value = worth.evidence, worth.evidence.problem.value
    truth, said = evidence.outcome.astype(int), evidence.said.argmax(axis=1)
    right = truth == said
    groups = [
        CaseGroup("answered rightly", float(right.sum()), 1),
        CaseGroup("answered wrongly", float((~right).sum()), 5, wrong=True),
    ]
    good, bad = cases.thousand([group.rows for group in groups])
    drawn = cases.icon_array(f"{CASES:,} cases", groups, description=f"{good} right, {bad} wrong")
    blocks: list[Block] = [Figure(drawn, CROSS)]
    names = [str(label) for label in evidence.taught.dataset.known.classes]
    pairs = np.zeros((len(names), len(names)))
    np.add.at(pairs, (truth, said), CASES / len(truth))
    np.fill_diagonal(pairs, 0)
    worst = np.argsort(-pairs, axis=None, kind="stable")[:MOST_CONFUSIONS]
    rows = [
        (names[a], names[b], float(pairs[a, b]), float(pairs[a, b] * (value.wrong or 0.0)))
        for a, b in zip(*np.unravel_index(worst, pairs.shape), strict=True)
        if pairs[a, b]
    ]
    if rows:
        header = (
            "it is",
            "it says",
            f"of {CASES:,} cases",
            "earns" if (value.wrong or 0) > 0 else "costs",
        )
        blocks.append(Table(f"The commonest mistakes, in {worth.unit}", header, rows))
    sentence = f"Of {CASES:,} cases it answers {good:,} rightly and {bad:,} wrongly."
    return sentence, blocks


def _amounts(worth: Worth) -> tuple[str, list[Block]]:
    evidence = worth.evidence
    rows = evidence.taught.judged
    off = np.abs(evidence.outcome - evidence.said)
    guess = np.abs(evidence.outcome - evidence.scores[DUMMY][rows])
    closer = off < guess
    groups = [
        CaseGroup("nearer to the truth than the average", float(closer.sum()), 1),
        CaseGroup("no nearer", float((~closer).sum()), 5, wrong=True),
    ]
    good, _ = cases.thousand([group.rows for group in groups])
    drawn = cases.icon_array(f"{CASES:,} cases", groups, description=f"{good} are nearer")
    caption = f"Each mark is one of {CASES:,} cases; a cross would fare as well with the average."
    half, most = (float(v) for v in np.quantile(off, (0.5, 0.9)))
    cost = float(off.mean()) * -(evidence.problem.value.per_unit_error or 0.0)
    facts = Facts(
        [
            ("or less: half of the cases are off by", number(half)),
            ("or less: nine of ten are off by", number(most)),
            ("is what the error of one case costs on average", worth.amount(cost)),
        ]
    )
    sentence = (
        f"Of {CASES:,} cases, {good:,} come nearer to the truth than with the average for all."
    )
    return sentence, [Figure(drawn, caption), facts]


def groups(worth: Worth) -> Section | None:
    """For whom it works less well; None where problem.toml names no groups."""
    evidence = worth.evidence
    frame = evidence.taught.dataset.learning.iloc[evidence.taught.judged]
    found = slices(evidence.problem, frame, evidence.outcome, evidence.said, evidence.units)
    if not found:
        return None
    metric = METRICS[evidence.problem.success.metric]
    overall = metric.compute(evidence.outcome, evidence.said)
    judged = [part for part in found if part["metric"] is not None]
    columns = dict.fromkeys(part["column"] for part in judged)
    figures = [
        _figure(metric.name, column, [part for part in judged if part["column"] == column])
        for column in columns
    ]
    blocks: list[Block] = [Gallery(figures)] if figures else []
    few = [f"{_name(part)} ({part['rows']:,})" for part in found if part["metric"] is None]
    if few:
        said = f"Insufficient data, fewer than {FEWEST_IN_SLICE} cases or all of one outcome: "
        blocks.append(Note(f"{said}{listed(few)}.", "quiet"))
    return Section(
        "For whom it works less well",
        OWNER,
        _fairness(found, overall, higher=metric.higher_is_better),
        blocks,
    )


def _fairness(found: list[dict[str, Any]], overall: float, *, higher: bool) -> str:
    """Who is served clearly below the floor, or clearly less well than all together."""
    sign, best = (1, "high") if higher else (-1, "low")
    judged = [part for part in found if part["metric"] is not None]
    if not judged:
        return "Nobody can say: every group has too few cases."
    beyond = [_name(p) for p in judged if sign * p[best] < sign * p["floor"]]
    if beyond:
        return f"Not good enough for {listed(beyond)}: do not use it there."
    less = [_name(part) for part in judged if sign * part[best] < sign * overall]
    if less:
        return f"It works less well for {listed(less)}, yet well enough."
    return "No group is clearly served less well than the others."


def _figure(metric: str, column: str, judged: list[dict[str, Any]]) -> Figure:
    rows = [charts.Dot(str(p["value"]), p["metric"], p["low"], p["high"]) for p in judged]
    floor = judged[0]["floor"]
    label = metric.replace("_", " ")
    drawn = charts.interval_plot(f"{label} by {column}", rows, label=label, mark=floor)
    meaning = METRICS[metric].title
    caption = f"{meaning[0].upper()}{meaning[1:]}; the dashed line is the floor, {number(floor)}."
    return Figure(drawn, caption, column)


def _quality(worth: Worth) -> str:
    """The success metric in plain words."""
    evidence = worth.evidence
    name = evidence.problem.success.metric
    trial = next(one for one in evidence.facts["trials"] if one["name"] == evidence.chosen)
    meaning = METRICS[name]
    return (
        f"In one number: the model {meaning.describe(trial['value'])}. Analysts call that "
        f"number {name.replace('_', ' ')}: {number(trial['value'])} (95 % sure: "
        f"{number(trial['low'])} to {number(trial['high'])})."
    )


def _name(part: dict[str, Any]) -> str:
    return f"{part['column']} {part['value']}"
