"""Selects the runtime of a bundle: the pipeline itself, or a converted model in its place.

The fastest runtime depends on the machine, so it is no part of the signed bundle.
`python -m serving optimise` writes the converted model beside the bundle. Anyone who can write the
store could change it there. So for an accepted bundle the model's digest is in
`handoff/records/`, in a file that ML engineering owns, and no other model is loaded.
"""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.bundle import record
from engine.bundle.bundle import LARGEST_FILE, Bundle
from engine.problem.errors import BadInput
from engine.problem.files import MissingFile, read_bytes, read_toml

CHOICE, MODEL = "runtime.toml", "model.onnx"
EXACT, ONNX = "scikit-learn", "onnx"
_COMMAND = "python -m serving optimise"

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
    path = choice_file(bundle, rehearsal=rehearsal)
    try:
        choice = read_toml(path, "the choice of a runtime", f"run `{_COMMAND}`")
        if choice.get("bundle") == bundle.id and choice.get("runtime") == EXACT:
            return None
        return _chosen_model(choice, bundle, path)
    except MissingFile:
        return None
    except BadInput as error:
        logger.warning("Converted model disabled, the pipeline predicts: %s", error)
        return None


def _chosen_model(choice: Mapping[str, Any], bundle: Bundle, path: Path) -> bytes:
    model_file = folder(bundle) / MODEL
    reason = ""
    if choice.get("bundle") != bundle.id:
        reason = "is for another bundle"
    elif choice.get("runtime") != ONNX:
        reason = f"names a runtime other than '{EXACT}' and '{ONNX}'"
    else:
        try:
            model = read_bytes(model_file, "a converted model", f"run `{_COMMAND}`", LARGEST_FILE)
            if hashlib.sha256(model).hexdigest() == choice.get("model_sha256"):
                return model
            reason = f"names another model than {model_file}"
        except MissingFile:
            reason = f"names a converted model, and there is none at {model_file}"
        except BadInput:
            reason = f"names a converted model that cannot be read at {model_file}"
    raise BadInput(f"{path} {reason}; run `{_COMMAND}` again", code="runtime-choice")
