"""Which runtime answers for a bundle: the pipeline itself, or a converted model in its place.

What is fastest depends on the machine, so it is no part of the bundle, which both teams signed.
`python -m serving optimise` finds out and puts it beside the bundle. There anybody who writes the
store could change it; so of an accepted bundle the digest of the converted model stands with the
signatures in `handoff/records/`, in a file that ML engineering owns, and no other is loaded.
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

ANEW = "python -m serving optimise"

logger = logging.getLogger("serving")


def folder(bundle: Bundle) -> Path:
    """Where what belongs to a bundle and is no part of it lies: beside it."""
    return bundle.path.with_name(f"{bundle.path.name}.runtime")


def choice_file(bundle: Bundle, *, rehearsal: bool) -> Path:
    """Where it is written which runtime answers: of an accepted bundle, in git."""
    return (folder(bundle) if rehearsal else record.folder(bundle.id)) / CHOICE


def converted(bundle: Bundle, *, rehearsal: bool) -> bytes | None:
    """The model that is to answer in place of the bundle's pipeline; None: the pipeline answers.

    It answers, too, where the converted model is missing or another than the one that was tried:
    it is slower and never wrong. A line in the server's log says so.
    """
    path = choice_file(bundle, rehearsal=rehearsal)
    try:
        choice = read_toml(path, "the choice of a runtime", f"run `{ANEW}`")
    except MissingFile:
        return None
    except BadInput as error:
        logger.warning("the pipeline answers: %s", error)
        return None
    if choice.get("bundle") == bundle.id and choice.get("runtime") == EXACT:
        return None
    model, wrong = _named(choice, bundle)
    if wrong:
        logger.warning("the pipeline answers: %s %s; `python -m serving optimise` tries anew",
                       path, wrong)  # fmt: skip
    return model


def _named(choice: Mapping[str, Any], bundle: Bundle) -> tuple[bytes | None, str]:
    """The converted model that a choice names; or None, and what is wrong with it."""
    if choice.get("bundle") != bundle.id:
        return None, "speaks of another bundle"
    if choice.get("runtime") != ONNX:
        return None, f"names no runtime of '{EXACT}' and '{ONNX}'"
    path = folder(bundle) / MODEL
    try:
        model = read_bytes(path, "a converted model", f"run `{ANEW}`", LARGEST_FILE)
    except MissingFile:
        return None, f"names a converted model, and there is none at {path}"
    except BadInput:
        return None, f"names a converted model that cannot be read at {path}"
    if hashlib.sha256(model).hexdigest() != choice.get("model_sha256"):
        return None, f"names another model than {path}"
    return model, ""
