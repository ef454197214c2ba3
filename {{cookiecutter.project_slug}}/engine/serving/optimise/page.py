"""The result of `optimise`: in the terminal, and as a page."""

from dataclasses import dataclass
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.pages import charts, page
from engine.pages.formatting import number
from engine.pages.page import Block, Figure, Gallery, Note, Section, Table
from engine.pages.terminal import table
from engine.problem.files import write_atomically
from engine.serving.optimise.measure import Measured
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
COMPARED = ["rows", "tried", "largest difference", "left to the pipeline", "other decisions"]


@dataclass(frozen=True)
class Outcome:
    """The runtime that serves, and why not the converted model: empty where it does."""

    runtime: str
    why_not: str
    parity: Parity | None = None
    exact: Measured | None = None
    fast: Measured | None = None


def show(outcome: Outcome) -> None:
    """Print the comparison, the measurements and the choice."""
    if outcome.parity:
        table(f"parity, allowed {outcome.parity.allowed:.1e}", COMPARED, _compared(outcome.parity))
    if outcome.exact and outcome.fast:
        table("measured in turns", ["", *NAMES], _measured(outcome.exact, outcome.fast))
    print(lead(outcome))


def lead(outcome: Outcome) -> str:
    """The chosen runtime, in a sentence."""
    if outcome.runtime == ONNX and outcome.exact and outcome.fast:
        times = outcome.fast.rows_per_second / outcome.exact.rows_per_second
        return (
            f"Selected: ONNX Runtime, with {number(times)} times the rows a second. Every decision "
            "is the same as the pipeline's."
        )
    return f"Selected: the pipeline itself. {outcome.why_not}."


def write(bundle: Bundle, outcome: Outcome, path: Path) -> Path:
    """Write the page atomically; returns its path."""
    sections = []
    if outcome.exact and outcome.fast:
        sections.append(_speed(outcome.exact, outcome.fast))
    if outcome.parity:
        sections.append(_parity(outcome.parity))
    if not sections:
        note = Note("Nothing was measured: there is no converted model to compare with.", "quiet")
        sections.append(Section("Result", "ML engineer", outcome.why_not + ".", [note]))
    html = page.render(
        f"The runtime of {bundle.problem.decision.name}",
        lead(outcome),
        sections,
        footer=f"Bundle {bundle.id}. Speed is this machine's: try again where it is to run.",
    )
    return write_atomically(path, html)


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
        "Speed and memory",
        "ML engineer",
        "The predictor alone, without the server around it; both on the same rows, in turns.",
        blocks,
    )


def _parity(parity: Parity) -> Section:
    lead = (
        "Rows on which a converted model would differ first. The largest difference of a score is "
        f"{_small(parity.largest)}, allowed is {_small(parity.allowed)} "
        "(budget.score_difference in problem.toml)."
    )
    note = Note(
        "The pipeline itself predicts a row whose score is within the allowed difference of "
        "another decision, or whose numbers float32 does not hold. So every decision is the "
        "pipeline's.",
        "quiet",
    )
    listed = Table("Every kind of row", COMPARED, _compared(parity))
    return Section("Does it predict the same?", "ML engineer", lead, [listed, note])


def _small(value: float) -> str:
    """A small number without a line break before its exponent."""
    return f"{value:.1e}".replace("-", "\N{NON-BREAKING HYPHEN}")


def _compared(parity: Parity) -> list[list[str | int]]:
    return [
        [one.kind, one.rows, f"{one.difference:.1e}", one.deferred, one.decisions_differ]
        for one in parity.kinds
    ]


def _measured(exact: Measured, fast: Measured) -> list[list[str]]:
    return [
        [f"{title}{f', {unit}' if unit else ''}", number(getattr(exact, field)),
         number(getattr(fast, field))]
        for title, unit, _, field in MEASURES
    ]  # fmt: skip
