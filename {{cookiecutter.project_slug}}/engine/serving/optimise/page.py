"""The result of `optimise`: in the terminal, and as a page."""

from dataclasses import dataclass
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.pages import page
from engine.pages.formatting import number
from engine.pages.page import Section, Table
from engine.pages.terminal import table
from engine.problem.files import write_atomically
from engine.serving.optimise.measure import BATCH_SIZE, Measured
from engine.serving.optimise.parity import Parity
from engine.serving.runtime import ONNX

COMPARED = ["rows", "tried", "largest difference", "left to the pipeline", "other decisions"]
MEASURED = [
    "runtime", "one row, median, ms", "one row, 99th percentile, ms",
    f"rows a second, batches of {BATCH_SIZE}",
]  # fmt: skip


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
    for one in _tables(outcome):
        table(one.caption, one.header, one.rows)
    print(_lead(outcome))


def write(bundle: Bundle, outcome: Outcome, path: Path) -> Path:
    """Write the page atomically; returns its path."""
    explanation = (
        "The pipeline itself predicts a row whose score is within the allowed difference of "
        "another decision, or whose numbers float32 does not hold. So every decision is the "
        "pipeline's."
    )
    html = page.render(
        f"The runtime of {bundle.problem.decision.name}",
        _lead(outcome),
        [Section("Parity and speed", "ML engineer", explanation, _tables(outcome))],
        footer=f"Bundle {bundle.id}. Speed is this machine's: try again where it is to run.",
    )
    return write_atomically(path, html)


def _lead(outcome: Outcome) -> str:
    """The chosen runtime, in a sentence."""
    if outcome.runtime == ONNX and outcome.exact and outcome.fast:
        times = outcome.fast.rows_per_second / outcome.exact.rows_per_second
        return (
            f"Selected: ONNX Runtime, with {number(times)} times the rows a second. Every decision "
            "is the same as the pipeline's."
        )
    return f"Selected: the pipeline itself. {outcome.why_not}."


def _tables(outcome: Outcome) -> list[Table]:
    """The comparison and the measurements, as far as the model came."""
    tables = []
    if parity := outcome.parity:
        caption = f"Scores: allowed difference {parity.allowed:.1e} (budget.score_difference)"
        compared: list[list[str | int]] = [
            [one.kind, one.rows, f"{one.difference:.1e}", one.deferred, one.decisions_differ]
            for one in parity.kinds
        ]
        tables.append(Table(caption, COMPARED, compared))
    if outcome.exact and outcome.fast:
        measured = [
            [name, *map(number, (one.p50_ms, one.p99_ms, one.rows_per_second))]
            for name, one in (("pipeline", outcome.exact), ("ONNX Runtime", outcome.fast))
        ]
        tables.append(Table("Speed of the predictor alone, without the server", MEASURED, measured))
    return tables
