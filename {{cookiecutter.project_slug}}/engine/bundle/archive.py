"""Loads the model of a bundle: only types on the trusted list, and the bundle's own feature code.

The archive names the feature module as it was called in training. Here that name may mean nothing,
or another version, so the code in the bundle is imported under a name of its own and the archive is
read with that name. Two bundles can so be loaded at a time, each with its own feature code.
"""

import io
import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import skops.io

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput
from engine.problem.files import read_text
from engine.problem.project import stages_home

_SCHEMA = "schema.json"


def load_model(bundle: Bundle, trusted_types: Path | None = None) -> Any:
    """The fitted estimator of a bundle.

    Raises:
        BadInput: a file was changed since the bundle was read, or the archive holds a type that is
            not trusted, or cannot be loaded.
    """
    features = import_features(bundle)
    packed = bundle.content("model/model.skops")
    try:
        archive = _renamed(packed, bundle.manifest["features_module"], features.__name__)
        found = skops.io.get_untrusted_types(data=archive)
    except Exception as error:  # a broken archive fails in many ways
        raise BadInput(f"{bundle.model_path} is not a skops archive: {error!r}") from None
    own = {name for name in found if name.startswith(f"{features.__name__}.")}
    untrusted = sorted(set(found) - own - trusted(trusted_types or trusted_types_file()))
    if untrusted:
        raise BadInput(
            f"the model of bundle {bundle.id[:12]} holds types that are not trusted: "
            f"{', '.join(untrusted)}; an ML engineer reads what loading them does and adds "
            "them to handoff/trusted_types.txt, or the model is built without them"
        )
    try:
        return skops.io.loads(archive, trusted=found)
    except Exception as error:
        raise BadInput(
            f"the model of bundle {bundle.id[:12]} does not load here: {error}; the bundle was "
            "built with the pins in its manifest, compare them with what is installed"
        ) from error


def trusted_types_file() -> Path:
    """The list of the project: an artefact brings no trust along, nor does a working directory."""
    return stages_home() / "handoff" / "trusted_types.txt"


def trusted(path: Path) -> set[str]:
    """The type names of the trusted list, one a line."""
    text = read_text(path, "the types that serving trusts", "restore it from git")
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {line for line in lines if line}


def features_module(bundle: Bundle) -> str:
    """What the feature code of this bundle, and of no other, is called here."""
    return f"bundle_{bundle.id[:12]}_features"


def import_features(bundle: Bundle) -> ModuleType:
    """Run the bundle's feature code as a module that belongs to this bundle alone.

    Compiled by hand, because an ordinary import would leave a `__pycache__` in the bundle, and a
    bundle with one more file is no longer the bundle that was accepted.
    """
    name = features_module(bundle)
    if name not in sys.modules:  # the id names the content, so it is the same code
        path, code = bundle.features_path, bundle.content("code/features.py")
        module = ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module
        try:
            exec(compile(code, path, "exec"), module.__dict__)  # noqa: S102
        except Exception as error:
            del sys.modules[name]
            raise BadInput(
                f"the feature code of bundle {bundle.id[:12]} does not run: {error!r}; it may use "
                "what serving installs (requirements/serving.txt), and no module of ours"
            ) from error
    return sys.modules[name]


def _renamed(archive: bytes, old: str, new: str) -> bytes:
    """The archive with module `old` called `new` wherever its schema names a type's module."""
    renamed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(renamed, "w") as after:
        for entry in before.infolist():
            data = before.read(entry)
            if entry.filename == _SCHEMA:
                data = json.dumps(_with_module(json.loads(data), old, new)).encode()
            after.writestr(entry.filename, data)
    return renamed.getvalue()


def _with_module(node: Any, old: str, new: str) -> Any:
    if isinstance(node, list):
        return [_with_module(item, old, new) for item in node]
    if not isinstance(node, dict):
        return node
    walked = {key: _with_module(value, old, new) for key, value in node.items()}
    if walked.get("__module__") == old:
        walked["__module__"] = new
    return walked
