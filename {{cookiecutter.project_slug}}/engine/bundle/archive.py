"""Loads the model of a bundle, and compares its predictions here with those of training.

Only trusted types are loaded. The archive names the feature module as in training, where it may
mean another version. So the bundle's own code is imported under a name of its own, and the archive
is read with that name: two bundles with different code can be loaded at the same time.
"""

import io
import json
import math
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import skops.io

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput
from engine.problem.files import read_text, stages_home

# Another processor or library build may round the last bits of a float differently.
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-6, 1e-9

Answer = dict[str, Any]


def load_model(bundle: Bundle, trusted_types: Path | None = None) -> Any:
    """The fitted estimator of a bundle; see `load_archive`."""
    features, name = import_features(bundle), f"the model of bundle {bundle.id[:12]}"
    archive = bundle.content("model/model.skops")
    try:
        archive = _rename_module(archive, bundle.manifest["features_module"], features.__name__)
    except Exception as error:  # a broken archive fails in many ways
        raise _not_an_archive(name, error) from None
    return load_archive(archive, features.__name__, name, trusted_types)


def load_archive(
    archive: bytes, features_module: str, name: str, trusted_types: Path | None = None
) -> Any:
    """The object in a skops archive; BadInput if a type is not trusted and not of the features."""
    try:
        types = skops.io.get_untrusted_types(data=archive)
    except Exception as error:
        raise _not_an_archive(name, error) from None
    own = {one for one in types if one.startswith(f"{features_module}.")}
    if untrusted := sorted(set(types) - own - trusted(trusted_types or trusted_types_file())):
        message = f"{name} holds types that are not trusted: {', '.join(untrusted)}; an ML engineer"
        message += " reviews them and adds them to handoff/trusted_types.txt, or train without them"
        raise BadInput(message, code="untrusted-types")
    try:
        return skops.io.loads(archive, trusted=types)
    except Exception as error:
        message = f"{name} does not load here: {error}; install the packages that its manifest pins"
        raise BadInput(message, code="model-does-not-load") from error


def _not_an_archive(name: str, error: Exception) -> BadInput:
    message = f"{name} is not a skops archive: {error!r}; build the bundle again"
    return BadInput(message, code="not-an-archive")


def trusted_types_file() -> Path:
    """The list of the project: neither a bundle nor a working directory can extend it."""
    return stages_home() / "handoff" / "trusted_types.txt"


def trusted(path: Path) -> set[str]:
    """The type names of the trusted list, one a line."""
    text = read_text(path, "the trusted types", "restore it from git")
    return {line.split("#")[0].strip() for line in text.splitlines()} - {""}


def features_module(bundle: Bundle) -> str:
    """The name of the bundle's feature code among the imported modules."""
    return f"bundle_{bundle.id[:12]}_features"


def import_features(bundle: Bundle) -> ModuleType:
    """Run the bundle's feature code as a module of its own, without a `__pycache__` beside it."""
    name, path = features_module(bundle), bundle.features_path
    if name not in sys.modules:  # the id is a hash of the content, so it is the same code
        code, module = bundle.content("code/features.py"), ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module
        try:
            exec(compile(code, path, "exec"), module.__dict__)  # noqa: S102
        except Exception as error:
            del sys.modules[name]
            message = f"the feature code of bundle {bundle.id[:12]} does not run: {error!r}; it may"
            message += " import only what requirements/serving.txt installs"
            raise BadInput(message, code="feature-code-does-not-run") from error
    return sys.modules[name]


def _rename_module(archive: bytes, old: str, new: str) -> bytes:
    """The archive with module `old` called `new` wherever its schema names a type's module."""

    def rename(node: dict[str, Any]) -> dict[str, Any]:
        return node | {"__module__": new} if node.get("__module__") == old else node

    renamed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(renamed, "w") as after:
        for entry in before.infolist():
            data = before.read(entry)
            if entry.filename == "schema.json":
                data = json.dumps(json.loads(data, object_hook=rename)).encode()
            after.writestr(entry.filename, data)
    return renamed.getvalue()


def replay(
    predict: Callable[[Sequence[Mapping[str, Any]]], list[Answer]],
    bundle: Bundle,
    relative: float = RELATIVE_TOLERANCE,
    absolute: float = ABSOLUTE_TOLERANCE,
) -> list[Answer]:
    """The predictions of the golden rows; BadInput names the first row whose prediction differs."""
    answers: list[Answer] = []
    for number, golden in enumerate(bundle.golden(), start=1):
        answer: Any = None
        cause: Exception | None = None
        try:
            [answer] = predict([golden["row"]])
        except Exception as error:
            answer = cause = error
        if not same(answer, golden["answer"], relative, absolute):
            message = f"golden row {number} ({golden['kind']}) of bundle {bundle.id[:12]} expected "
            message += f"{golden['answer']}, got {answer!r}; install the packages that the bundle's"
            raise BadInput(f"{message} manifest pins", code="golden-row-differs") from cause
        answers.append(answer)
    return answers


def same(
    one: Any,
    other: Any,
    relative: float = RELATIVE_TOLERANCE,
    absolute: float = ABSOLUTE_TOLERANCE,
) -> bool:
    """Whether two answers agree: decisions exactly, scores within the tolerance."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(one[key], other[key]) for key in one.keys() & other.keys()]
        return one.keys() == other.keys() and all(same(*p, relative, absolute) for p in pairs)
    if isinstance(one, float) and isinstance(other, float | int) and not isinstance(other, bool):
        return math.isclose(one, other, rel_tol=relative, abs_tol=absolute)
    return type(one) is type(other) and bool(one == other)
