"""Which runtime is to answer for a bundle: converted, tried, measured, written down."""

import hashlib
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput
from engine.serving.model.predictor import Predictor, load, with_onnx
from engine.serving.optimise import page
from engine.serving.optimise.convert import convert
from engine.serving.optimise.measure import measure
from engine.serving.optimise.outcome import Outcome
from engine.serving.optimise.parity import Compared, compare
from engine.serving.optimise.rows import to_try
from engine.serving.runtime import EXACT, MODEL, ONNX, choice_file, folder

SEED = 0


def optimise(bundle: Bundle, *, rehearsal: bool) -> Outcome:
    """Find the fastest runtime that answers as the pipeline does, and write down which it is.

    Beside the bundle: the converted model and a page. Which one answers: beside the bundle in a
    rehearsal, else in `handoff/records/`, to be committed.

    Raises:
        BadInput: the bundle does not answer as it should, or what was found cannot be written.
    """
    _say("loading the pipeline, asking its golden rows …")
    predictor = load(bundle, rehearsal=rehearsal)
    model, outcome = _tried(predictor)
    try:
        _keep(bundle, model if outcome.runtime == ONNX else None, outcome, rehearsal=rehearsal)
        written = page.write(bundle, outcome, folder(bundle) / "optimise.html")
    except OSError as error:
        raise BadInput(
            f"cannot write what was found: {error}; the runtime that answered before goes on; "
            "run this where the store of bundles may be written"
        ) from None
    page.show(outcome)
    print(f"page: {written}")
    path = choice_file(bundle, rehearsal=rehearsal)
    print(f"choice: {path}" + ("" if rehearsal else "; commit it, then restart or release"))
    return outcome


def _tried(predictor: Predictor) -> tuple[bytes, Outcome]:
    """The converted model, if there is one, and what came of it."""
    bundle = predictor.bundle
    if predictor.direct is None:
        return b"", Outcome(EXACT, "the pipeline's steps cannot be asked one by one")
    _say("converting …")
    rows = [golden["row"] for golden in bundle.golden()]
    try:
        model = convert(predictor.direct, rows)
        fast = with_onnx(predictor, model)
    except BadInput as error:
        return b"", Outcome(EXACT, str(error))
    except Exception as error:  # ONNX Runtime raises its own
        return b"", Outcome(EXACT, f"ONNX Runtime does not run the converted model: {error}")
    kinds = to_try(predictor, model, SEED)
    _say(f"comparing {sum(len(kind.rows) for kind in kinds):,} rows …")
    parity = compare(predictor, fast, kinds)
    if not parity.holds:
        why = (
            f"scores differ by up to {parity.largest:.2g}, allowed are {parity.allowed:.2g} "
            "(budget.score_difference in problem.toml), or a decision differs"
        )
        return model, Outcome(EXACT, why, parity)
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / MODEL
        path.write_bytes(model)
        for turn, (exact, quick) in enumerate(measure(bundle.path, path), start=1):
            _say(f"measuring, turn {turn}: {exact.p50_ms:.2f} ms and {quick.p50_ms:.2f} ms a row …")
    if quick.rows_per_second <= exact.rows_per_second or quick.p50_ms >= exact.p50_ms:
        why = "the converted model is not faster" + _held_up(parity.kinds[0])
        return model, Outcome(EXACT, why, parity, exact, quick)
    return model, Outcome(ONNX, "", parity, exact, quick)


def _held_up(golden: Compared) -> str:
    """Why a converted model may not be faster, where it is not the model's own doing."""
    if 2 * golden.asked <= golden.rows:  # a few lie near a decision, as they should
        return ""
    return (
        f": {golden.asked} of {golden.rows} golden rows are asked of the pipeline itself, "
        "most likely as float32 does not hold a number that trees split; round what "
        "poc/features.py makes, as AsFloat32 does"
    )


def _keep(bundle: Bundle, model: bytes | None, outcome: Outcome, *, rehearsal: bool) -> None:
    """Write model and choice, the choice last: a server that reads it finds the model."""
    here, choice = folder(bundle), choice_file(bundle, rehearsal=rehearsal)
    here.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Which runtime answers for this bundle. Written by `python -m serving optimise`.",
        "# Owner: ML engineering.",
        f'bundle = "{bundle.id}"',
        f'runtime = "{outcome.runtime}"',
        f'tried_at = "{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"',
    ]
    if model is not None and outcome.parity:
        _write(here / MODEL, model)
        lines += [
            f'model_sha256 = "{hashlib.sha256(model).hexdigest()}"',
            f'onnxruntime = "{version("onnxruntime")}"',
            f"score_difference = {outcome.parity.largest:.3g}",
        ]
    choice.parent.mkdir(parents=True, exist_ok=True)
    _write(choice, "\n".join([*lines, ""]).encode())


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
