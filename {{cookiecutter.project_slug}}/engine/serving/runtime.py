"""Selects the runtime of a bundle: the pipeline itself, or a converted model in its place.

The fastest runtime depends on the machine, so it is no part of the signed bundle.
`python -m serving optimise` writes the converted model beside the bundle. Anyone who can write the
store could change it there. So for an accepted bundle the model's digest is in
`handoff/records/`, in a file that ML engineering owns, and no other model is loaded.
"""

import hashlib
import logging
from pathlib import Path
from typing import Any

from engine.bundle import record
from engine.bundle.bundle import LARGEST_FILE, Bundle
from engine.problem.errors import BadInput
from engine.problem.files import MissingFile, read_bytes, read_toml

CHOICE, MODEL = "runtime.toml", "model.onnx"
EXACT, ONNX = "scikit-learn", "onnx"
_AGAIN = "run `python -m serving optimise` again"

logger = logging.getLogger("serving")


def folder(bundle: Bundle) -> Path:
    """The folder beside a bundle for files that are no part of it."""
    return bundle.path.with_name(f"{bundle.path.name}.runtime")


def choice_file(bundle: Bundle, *, rehearsal: bool) -> Path:
    """The file that names the runtime: of an accepted bundle, in git."""
    return (folder(bundle) if rehearsal else record.folder(bundle.id)) / CHOICE


def converted_model(bundle: Bundle, *, rehearsal: bool) -> bytes | None:
    """The converted model that replaces the bundle's pipeline; None: the pipeline serves.

    The pipeline also serves, with a warning in the log, where the converted model is missing or is
    not the one that was compared: the pipeline is slower and never wrong.
    """
    path, model_file = choice_file(bundle, rehearsal=rehearsal), folder(bundle) / MODEL
    choice: dict[str, Any] = {}
    try:
        choice = read_toml(path, "the choice of a runtime", _AGAIN)
        if choice.get("bundle") != bundle.id:
            reason = f"{path} is for another bundle; {_AGAIN}"
        elif choice.get("runtime") == EXACT:
            return None
        elif choice.get("runtime") != ONNX:
            reason = f"{path} names a runtime other than '{EXACT}' and '{ONNX}'; {_AGAIN}"
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
