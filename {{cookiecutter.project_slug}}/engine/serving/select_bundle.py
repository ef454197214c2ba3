"""Selects the bundle to serve, and its runtime: the pipeline itself or a converted model.

`optimise` writes the converted model beside the bundle, where anyone who can write the store could
change it. So its digest is in `handoff/records/`, and no other model is loaded.
"""

import hashlib
import logging
from pathlib import Path
from typing import Any

from engine.bundle import bundle as bundles
from engine.bundle import record
from engine.bundle.bundle import LARGEST_FILE, Bundle
from engine.bundle.record import RELEASE_FILE, champion
from engine.problem.errors import BadInput, command
from engine.problem.files import MissingFile, read_bytes, read_toml

JOURNEY_BUNDLE = Path("build/journey/bundle")
CHOICE, MODEL = "runtime.toml", "model.onnx"
EXACT, ONNX = "scikit-learn", "onnx"
_AGAIN = f"run `{command('serving optimise')}` again"

logger = logging.getLogger("serving")


def select_bundle(path: Path | None, *, rehearsal: bool) -> Bundle:
    """The bundle at `path`, the champion or, in a rehearsal, the last journey's; else BadInput."""
    released = None
    if path is None and rehearsal:
        path = JOURNEY_BUNDLE
        if not path.is_dir():
            message = f"expected the bundle of the last journey in {path}, found none; run `make "
            message += "journey`, or name another bundle with --bundle"
            raise BadInput(message, code="no-journey-bundle")
    elif path is None:
        released = champion()
        path = record.stored(released)
    bundle = bundles.read(path)
    if released not in (None, bundle.id):
        message = f"{RELEASE_FILE} names bundle {released}, but {path} holds {bundle.id}; publish "
        message += f"the accepted bundle again with `{command('handoff accept')}`"
        raise BadInput(message, code="wrong-bundle-in-store")
    if not rehearsal and (reason := record.refusal(bundle.id)):
        message = f"bundle {bundle.id[:12]} is not accepted: {reason}; until it is, serve it with "
        raise BadInput(f"{message}--rehearsal, which marks every response", code="not-accepted")
    return bundle


def folder(bundle: Bundle) -> Path:
    """The folder beside a bundle for files that are no part of it."""
    return bundle.path.with_name(f"{bundle.path.name}.runtime")


def choice_file(bundle: Bundle, *, rehearsal: bool) -> Path:
    """The file that names the runtime: of an accepted bundle, in git."""
    return (folder(bundle) if rehearsal else record.folder(bundle.id)) / CHOICE


def converted_model(bundle: Bundle, *, rehearsal: bool) -> bytes | None:
    """The converted model, None if nobody chose it; a missing or changed one is only a warning."""
    path, model_file = choice_file(bundle, rehearsal=rehearsal), folder(bundle) / MODEL
    choice: dict[str, Any] = {}
    try:
        choice = read_toml(path, "the choice of a runtime", _AGAIN)
        runtime = choice.get("runtime")
        if choice.get("bundle") != bundle.id or runtime not in (EXACT, ONNX):
            reason = f"{path} is for another bundle, or names another runtime; {_AGAIN}"
        elif runtime == EXACT:
            return None
        else:
            model = read_bytes(model_file, "a converted model", _AGAIN, LARGEST_FILE)
            if hashlib.sha256(model).hexdigest() == choice.get("model_sha256"):
                return model
            reason = f"{path} names another model than {model_file}; {_AGAIN}"
    except BadInput as error:
        if isinstance(error, MissingFile) and not choice:  # nobody has chosen
            return None
        reason = str(error)
    logger.warning("Converted model disabled, the pipeline predicts: %s", reason)
    return None
