"""Selects the runtime of a bundle: converts, compares, measures, writes the choice and a page."""

import hashlib
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.pages import page
from engine.pages.formatting import number
from engine.pages.page import Section, Table
from engine.pages.terminal import table
from engine.problem.errors import BadInput
from engine.problem.files import write_atomically
from engine.serving.model.predictor import Predictor, load, with_onnx
from engine.serving.optimise.compare import BATCH_SIZE, Measured, Parity, compare, measure, to_try
from engine.serving.optimise.convert import convert
from engine.serving.select_bundle import EXACT, MODEL, ONNX, choice_file, folder

EXPLANATION = (
    "The pipeline itself predicts a row whose score is within the allowed difference of another "
    "decision, or whose numbers float32 does not hold. So every decision is the pipeline's."
)
COMPARED = ["rows", "tried", "largest difference", "left to the pipeline", "other decisions"]
MEASURED = [
    "runtime", "one row, median, ms", "one row, 99th percentile, ms",
    f"rows a second, batches of {BATCH_SIZE}",
]  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """The converted model, and why it does not serve: empty where it does."""

    why_not: str
    model: bytes = b""
    parity: Parity | None = None
    exact: Measured | None = None
    fast: Measured | None = None

    @property
    def runtime(self) -> str:
        """The runtime that serves."""
        return EXACT if self.why_not else ONNX


def optimise(bundle: Bundle, *, rehearsal: bool) -> Outcome:
    """Select the fastest runtime with the pipeline's predictions, and write the choice.

    The converted model and a page lie beside the bundle. The choice lies beside it in a rehearsal,
    else in `handoff/records/`, to be committed. BadInput: golden rows differ, or it cannot write.
    """
    _progress("loading the pipeline, replaying its golden rows …")
    outcome = _try(load(bundle, rehearsal=rehearsal))
    choice = choice_file(bundle, rehearsal=rehearsal)
    tables, lead = _tables(outcome), f"Selected: the pipeline itself. {outcome.why_not}."
    if outcome.exact and outcome.fast and not outcome.why_not:
        times = outcome.fast.rows_per_second / outcome.exact.rows_per_second
        lead = (
            f"Selected: ONNX Runtime, with {number(times)} times the rows a second. Every decision "
            "is the same as the pipeline's."
        )
    html = page.render(
        f"The runtime of {bundle.problem.decision.name}",
        lead,
        [Section("Parity and speed", "ML engineer", EXPLANATION, tables)],
        footer=f"Bundle {bundle.id}. Speed is this machine's: try again where it is to run.",
    )
    try:
        _write_choice(bundle, outcome, choice)
        written = write_atomically(folder(bundle) / "optimise.html", html)
    except OSError as error:
        raise BadInput(
            f"cannot write the result: {error}; the runtime does not change; run this where the "
            "store of bundles is writable",
            code="store-not-writable",
        ) from None
    for one in tables:
        table(one.caption, one.header, one.rows)
    print(lead)
    print(f"page: {written}")
    print(f"choice: {choice}" + ("" if rehearsal else "; commit it, then restart or release"))
    return outcome


def _try(predictor: Predictor) -> Outcome:
    """Convert the model, compare it and measure it, as far as it comes."""
    bundle = predictor.bundle
    if predictor.unrolled is None:
        return Outcome("Its steps cannot be called one by one")
    _progress("converting …")
    try:
        model = convert(predictor.unrolled, [golden["row"] for golden in bundle.golden()])
        fast = with_onnx(predictor, model)
    except BadInput as error:
        return Outcome(str(error))
    except Exception as error:  # ONNX Runtime raises its own
        return Outcome(f"ONNX Runtime cannot run the converted model: {error}")
    kinds = to_try(predictor, model, seed=0)
    _progress(f"comparing {sum(map(len, kinds.values())):,} rows …")
    parity = compare(predictor, fast, kinds)
    if not parity.holds:
        why = (
            f"Scores differ by up to {parity.largest:.2g}, allowed are {parity.allowed:.2g} "
            "(budget.score_difference in problem.toml), or a decision differs"
        )
        return Outcome(why, model, parity)
    _progress("measuring …")
    exact, converted = measure(predictor, fast)
    why, golden = "", parity.kinds[0]
    if converted.rows_per_second <= exact.rows_per_second or converted.p50_ms >= exact.p50_ms:
        why = "The converted model is not faster"
        if 2 * golden.deferred > golden.rows:  # a few are near a decision, as expected
            why += (
                f": the pipeline itself predicts {golden.deferred} of {golden.rows} golden rows, "
                "most likely because float32 does not hold a number that trees split on; round the "
                "features in poc/features.py, as AsFloat32 does"
            )
    return Outcome(why, model, parity, exact, converted)


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


def _write_choice(bundle: Bundle, outcome: Outcome, choice: Path) -> None:
    """Write model and choice, the choice last: a server that reads it finds the model."""
    lines = [
        "# The runtime that serves this bundle. Written by `python -m serving optimise`.",
        "# Owner: ML engineering.",
        f'bundle = "{bundle.id}"',
        f'runtime = "{outcome.runtime}"',
        f'tried_at = "{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"',
    ]
    if outcome.parity and not outcome.why_not:
        write_atomically(folder(bundle) / MODEL, outcome.model)
        lines += [
            f'model_sha256 = "{hashlib.sha256(outcome.model).hexdigest()}"',
            f'onnxruntime = "{version("onnxruntime")}"',
            f"score_difference = {outcome.parity.largest:.3g}",
        ]
    write_atomically(choice, "\n".join([*lines, ""]))


def _progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
