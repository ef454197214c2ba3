"""What came of trying a converted model: in the terminal, and as a page with pictures."""

import math
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.pages import charts, page
from engine.pages.charts import Dot
from engine.pages.formatting import number
from engine.pages.page import Block, Figure, Gallery, Note, Section, Table
from engine.pages.terminal import table
from engine.serving.optimise.measure import Measured
from engine.serving.optimise.outcome import Outcome
from engine.serving.optimise.parity import Parity
from engine.serving.runtime import ONNX

NAMES = ("pipeline", "ONNX Runtime")
# (what, its unit, what is better, its field)
MEASURES = (
    ("one row, median", "ms", "less", "p50_ms"),
    ("one row, 99 of 100 within", "ms", "less", "p99_ms"),
    ("rows a second, 16 together", "", "more", "rows_per_second"),
    ("memory of the process", "MB", "less", "memory_mb"),
    ("from start to ready", "s", "less", "ready_seconds"),
)
COMPARED = ["rows", "tried", "largest difference", "asked of the pipeline", "decided otherwise"]
# Where a logarithm has an end: less than this is none.
NOTHING = 1e-12


def show(outcome: Outcome) -> None:
    """Print what was compared and measured, and which runtime answers."""
    if outcome.parity:
        table(f"parity, allowed {outcome.parity.allowed:.1e}", COMPARED, _compared(outcome.parity))
    if outcome.exact and outcome.fast:
        table("measured in turns", ["", *NAMES], _measured(outcome.exact, outcome.fast))
    print(lead(outcome))


def lead(outcome: Outcome) -> str:
    """Which runtime answers, in a sentence."""
    if outcome.runtime == ONNX and outcome.exact and outcome.fast:
        times = outcome.fast.rows_per_second / outcome.exact.rows_per_second
        return (
            f"ONNX Runtime answers: {number(times)} times the rows a second, every decision the "
            "pipeline's own."
        )
    return f"The pipeline itself answers: {outcome.why_not}."


def write(bundle: Bundle, outcome: Outcome, path: Path) -> Path:
    """The page, as a whole or not at all; returns its path."""
    sections = []
    if outcome.exact and outcome.fast:
        sections.append(_speed(outcome.exact, outcome.fast))
    if outcome.parity:
        sections.append(_parity(outcome.parity))
    if not sections:
        note = Note("Nothing was measured: there is no converted model to compare with.", "quiet")
        sections.append(Section("What was tried", "ML engineer", outcome.why_not + ".", [note]))
    return page.write(
        path,
        f"The runtime of {bundle.problem.decision.name}",
        lead(outcome),
        sections,
        footer=f"Bundle {bundle.id}. Speed is this machine's: try again where it is to run.",
    )


def _speed(exact: Measured, fast: Measured) -> Section:
    pictures = []
    for title, unit, better, field in MEASURES:
        pair = [(name, float(getattr(one, field))) for name, one in zip(NAMES, (exact, fast),
                                                                        strict=True)]  # fmt: skip
        words = f"{title}{f', {unit}' if unit else ''}"
        caption = f"In {unit}; {better} is better." if unit else f"{better.title()} is better."
        pictures.append(Figure(charts.bars(words, pair), caption, title))
    blocks: list[Block] = [
        Gallery(pictures),
        Table("Medians of several turns, each runtime in a process of its own", ["", *NAMES],
              _measured(exact, fast)),
    ]  # fmt: skip
    return Section(
        "What each takes",
        "ML engineer",
        "The predictor alone, without the server around it; both on the same rows, in turns.",
        blocks,
    )


def _parity(parity: Parity) -> Section:
    rows = [Dot(one.kind, _logarithm(one.difference), math.nan, math.nan) for one in parity.kinds]
    title = "Largest difference of a score, by kind of row"
    picture = charts.interval_plot(
        title,
        rows,
        label="the dashed line is what is allowed",
        mark=_logarithm(parity.allowed),
        show=lambda power: f"{10**power:.0e}" if power > math.log10(NOTHING) else "none",
    )
    sentence = (
        "Rows on which a converted model would differ first: at most "
        f"{_whole(parity.largest)} apart, allowed are {_whole(parity.allowed)} "
        "(budget.score_difference in problem.toml)."
    )
    note = Note(
        "A row whose score comes so near to another decision that the allowed difference could "
        "make it, or that has a number which float32 does not hold, is asked of the pipeline "
        "itself: decisions are the proof of concept's, always.",
        "quiet",
    )
    listed = Table("Every kind", COMPARED, _compared(parity))
    return Section("Does it answer the same?", "ML engineer", sentence,
                   [Figure(picture, f"{title}."), note, listed])  # fmt: skip


def _whole(value: float) -> str:
    """A small number that no line break parts from its exponent."""
    return f"{value:.1e}".replace("-", "\N{NON-BREAKING HYPHEN}")


def _logarithm(value: float) -> float:
    return math.log10(max(value, NOTHING)) if math.isfinite(value) else math.nan


def _compared(parity: Parity) -> list[list[str | int]]:
    return [
        [one.kind, one.rows, f"{one.difference:.1e}", one.asked, one.decided_otherwise]
        for one in parity.kinds
    ]


def _measured(exact: Measured, fast: Measured) -> list[list[str]]:
    return [
        [f"{title}{f', {unit}' if unit else ''}", number(getattr(exact, field)),
         number(getattr(fast, field))]
        for title, unit, _, field in MEASURES
    ]  # fmt: skip
