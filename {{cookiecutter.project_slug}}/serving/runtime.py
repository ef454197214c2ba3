"""Which runtime answers for a bundle: the pipeline itself, or a converted model in its place.

What is fastest depends on the machine, so it is no part of the bundle, which both teams signed.
`python -m serving optimise` finds out and puts it beside the bundle. There anybody who writes the
store could change it; so of an accepted bundle the digest of the converted model stands with the
signatures in `handoff/records/`, in a file that ML engineering owns, and no other is loaded.
"""

import hashlib
import logging
import tomllib
from pathlib import Path

from handoff import record
from handoff.bundle import Bundle

CHOICE, MODEL = "runtime.toml", "model.onnx"
EXACT, ONNX = "scikit-learn", "onnx"

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
        choice = tomllib.loads(path.read_text(encoding="utf-8"))
        if choice.get("bundle") != bundle.id or choice.get("runtime") != ONNX:
            return None
        model = (folder(bundle) / MODEL).read_bytes()
    except FileNotFoundError as error:
        if Path(error.filename) != path:
            logger.warning("%s names a converted model, and there is none: %s", path, error)
        return None
    except (OSError, ValueError) as error:
        logger.warning("the pipeline answers, because %s cannot be read: %s", path, error)
        return None
    if hashlib.sha256(model).hexdigest() != choice.get("model_sha256"):
        logger.warning("the pipeline answers: %s is another model than %s names",
                       folder(bundle) / MODEL, path)  # fmt: skip
        return None
    return model
