"""Selects the runtime of a bundle: converts, compares, measures, writes the choice."""

import hashlib
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput
from engine.problem.files import write_atomically
from engine.serving.model.predictor import Predictor, load, with_onnx
from engine.serving.optimise import page
from engine.serving.optimise.convert import convert
from engine.serving.optimise.measure import measure
from engine.serving.optimise.page import Outcome
from engine.serving.optimise.parity import Compared, compare
from engine.serving.optimise.rows import to_try
from engine.serving.runtime import EXACT, MODEL, ONNX, choice_file, folder

SEED = 0


def optimise(bundle: Bundle, *, rehearsal: bool) -> Outcome:
    """Select the fastest runtime with the pipeline's predictions, and write the choice.

    The converted model and a page lie beside the bundle. The choice lies beside it in a rehearsal,
    else in `handoff/records/`, to be committed.

    Raises:
        BadInput: the bundle does not reproduce its golden rows, or the result cannot be written.
    """
    _progress("loading the pipeline, replaying its golden rows …")
    predictor = load(bundle, rehearsal=rehearsal)
    model, outcome = _try(predictor)
    choice = choice_file(bundle, rehearsal=rehearsal)
    try:
        _write_choice(bundle, model, outcome, choice)
        written = page.write(bundle, outcome, folder(bundle) / "optimise.html")
    except OSError as error:
        raise BadInput(
            f"cannot write the result: {error}; the runtime does not change; run this where the "
            "store of bundles is writable",
            code="store-not-writable",
        ) from None
    page.show(outcome)
    print(f"page: {written}")
    print(f"choice: {choice}" + ("" if rehearsal else "; commit it, then restart or release"))
    return outcome


def _try(predictor: Predictor) -> tuple[bytes, Outcome]:
    """The converted model, if there is one, and the outcome."""
    bundle = predictor.bundle
    if predictor.unrolled is None:
        return b"", Outcome(EXACT, "Its steps cannot be called one by one")
    _progress("converting …")
    rows = [golden["row"] for golden in bundle.golden()]
    try:
        model = convert(predictor.unrolled, rows)
        fast = with_onnx(predictor, model)
    except BadInput as error:
        return b"", Outcome(EXACT, str(error))
    except Exception as error:  # ONNX Runtime raises its own
        return b"", Outcome(EXACT, f"ONNX Runtime cannot run the converted model: {error}")
    kinds = to_try(predictor, model, SEED)
    _progress(f"comparing {sum(len(kind.rows) for kind in kinds):,} rows …")
    parity = compare(predictor, fast, kinds)
    if not parity.holds:
        why = (
            f"Scores differ by up to {parity.largest:.2g}, allowed are {parity.allowed:.2g} "
            "(budget.score_difference in problem.toml), or a decision differs"
        )
        return model, Outcome(EXACT, why, parity)
    _progress("measuring …")
    exact, converted = measure(predictor, fast)
    if converted.rows_per_second <= exact.rows_per_second or converted.p50_ms >= exact.p50_ms:
        why = "The converted model is not faster" + _why_slow(parity.kinds[0])
        return model, Outcome(EXACT, why, parity, exact, converted)
    return model, Outcome(ONNX, "", parity, exact, converted)


def _why_slow(golden: Compared) -> str:
    """The cause of a slow converted model, where the cause is not the model itself."""
    if 2 * golden.deferred <= golden.rows:  # a few are near a decision, as expected
        return ""
    return (
        f": the pipeline itself predicts {golden.deferred} of {golden.rows} golden rows, most "
        "likely because float32 does not hold a number that trees split on; round the features in "
        "poc/features.py, as AsFloat32 does"
    )


def _write_choice(bundle: Bundle, model: bytes, outcome: Outcome, choice: Path) -> None:
    """Write model and choice, the choice last: a server that reads it finds the model."""
    lines = [
        "# The runtime that serves this bundle. Written by `python -m serving optimise`.",
        "# Owner: ML engineering.",
        f'bundle = "{bundle.id}"',
        f'runtime = "{outcome.runtime}"',
        f'tried_at = "{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"',
    ]
    if outcome.runtime == ONNX and outcome.parity:
        write_atomically(folder(bundle) / MODEL, model)
        lines += [
            f'model_sha256 = "{hashlib.sha256(model).hexdigest()}"',
            f'onnxruntime = "{version("onnxruntime")}"',
            f"score_difference = {outcome.parity.largest:.3g}",
        ]
    write_atomically(choice, "\n".join([*lines, ""]))


def _progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
