"""Reads a bundle: the one thing that crosses from data science to production, verified first.

A bundle is a folder. Its id is the SHA-256 of `manifest.json`, which holds that of every other
file. So a bundle with one changed byte is another bundle, and is rejected here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from engine.bundle.documents import check_documents
from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.problem.errors import BadInput, command
from engine.problem.spec import Problem, parse

FORMAT = 1
MANIFEST = "manifest.json"
# The files read with the bundle; the others are read when they are needed.
_DOCUMENTS = ("problem.toml", "contract.json", "evaluation.json", "reference.json")
# The files that a bundle must hold; it may hold more, such as an ONNX model.
REQUIRED = (*_DOCUMENTS, "model/model.skops", "code/features.py", "golden.jsonl", "model_card.md")
# The name of the feature code's module in the model's archive.
FEATURES_MODULE = "poc.features"
# A bundle is a model and its documents, not a data set.
LARGEST_FILE = 512 * 1024 * 1024


@dataclass(frozen=True)
class Contract:
    """The inputs and outputs of the model, and the layout of its training file."""

    task: str
    classes: tuple[Any, ...]  # in the order of the probabilities; binary: negative, positive
    inputs: tuple[Column, ...]
    outputs: tuple[dict[str, Any], ...]
    layout: Layout = Layout()  # noqa: RUF009  # it is frozen
    # Inputs of earlier bundles that are ignored, each until a day (ISO 8601), that day included.
    dropped: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The contract as it stands in contract.json."""
        inputs = [column.to_json() for column in self.inputs]
        written: dict[str, Any] = {"classes": list(self.classes), "inputs": inputs}
        written |= {"outputs": list(self.outputs)}
        written |= {"layout": asdict(self.layout), "dropped": {**self.dropped}}
        return {"task": self.task, **written}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Contract":
        """Read what `to_json` wrote; bundles of earlier engines lack the last two."""
        classes, outputs = tuple(value["classes"]), tuple(value["outputs"])
        inputs = tuple(map(Column.from_json, value["inputs"]))
        layout = Layout.of(value.get("layout")) or Layout()
        return cls(value["task"], classes, inputs, outputs, layout, value.get("dropped", {}))


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files all match its manifest."""

    path: Path
    id: str
    manifest: dict[str, Any]
    problem: Problem
    contract: Contract
    evaluation: dict[str, Any]
    reference: dict[str, Any]

    @property
    def model_path(self) -> Path:
        """The model, in skops' format."""
        return self.path / "model/model.skops"

    @property
    def features_path(self) -> Path:
        """The feature code that the model was trained with."""
        return self.path / "code/features.py"

    @property
    def threshold(self) -> float | None:
        """The score from which the decision is yes; binary only."""
        value = self.evaluation.get("threshold")
        return None if value is None else float(value)

    def content(self, name: str) -> bytes:
        """A file's bytes, hashed again; BadInput if it was changed since the bundle was read."""
        return _content(self.path, name, self.manifest["files"][name])

    def golden(self) -> list[dict[str, Any]]:
        """Rows with the predictions that the PoC gave: `kind`, `row`, `answer`."""
        text = self.content("golden.jsonl").decode()
        rows = [_parse(line) for line in text.split("\n") if line]
        for row in rows:
            if set(row) != {"kind", "row", "answer"}:
                raise ValueError(f"a golden row with {sorted(row)}")
            if not isinstance(row["row"], dict) or not isinstance(row["answer"], dict):
                raise TypeError("a golden row whose row or answer has no fields")
        return rows


def read(path: Path) -> Bundle:
    """The bundle in folder `path`; BadInput if any file is missing, extra, changed or linked."""
    manifest, bundle_id = _verify(path)
    texts = {name: _content(path, name, manifest["files"][name]) for name in _DOCUMENTS}
    try:
        problem = parse(texts.pop("problem.toml").decode(), f"{path}/problem.toml")
        documents = {name: _parse(text) for name, text in texts.items()}
        check_documents({MANIFEST: manifest, **documents})
        contract = Contract.from_json(documents["contract.json"])
        results = (documents["evaluation.json"], documents["reference.json"])
        bundle = Bundle(path, bundle_id, manifest, problem, contract, *results)
        _ = bundle.threshold, bundle.golden()  # invalid content fails here
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = " ".join(repr(error).split())
        message = f"bundle {path} has a document that is not of format {FORMAT}: {reason:.300}; "
        message += f"build it again with `{command('handoff build')}`"
        raise BadInput(message, code="invalid-document") from None
    return bundle


def _verify(path: Path) -> tuple[dict[str, Any], str]:
    """The manifest and the id of a bundle whose files all have their hashes; see `read`."""
    file = path / MANIFEST
    if not file.is_file() or file.is_symlink():
        message = (
            f"expected a bundle in {path}, found no {MANIFEST}; run `{command('handoff build')}`"
        )
        raise BadInput(message, code="not-a-bundle")
    raw = file.read_bytes()
    try:
        manifest = _parse(raw)
        files: dict[str, str] = {**manifest["files"]}
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _changed(path, f"{MANIFEST} is no manifest") from None
    if (given := manifest.get("format")) != FORMAT:
        message = f"bundle {path} has format {given}, expected {FORMAT}; build it again"
        raise BadInput(message, code="other-format")
    for name, digest in files.items():
        try:
            fault = _fault(path, name, digest)
        except OSError as error:  # no right to read it, or a name that no disk can hold
            fault = f"cannot be read: {error.strerror}"
        if fault:
            raise _changed(path, f"{name!s:.80} {fault}")
    if absent := [name for name in REQUIRED if name not in files]:
        raise _changed(path, f"{absent[0]} is missing from the manifest")
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    for entry in path.rglob("*"):
        name = entry.relative_to(path).as_posix()
        expected = folders if entry.is_dir() else {*files, MANIFEST}
        if entry.is_symlink() or name not in expected:
            raise _changed(path, f"{name} is in the folder and not in the manifest")
    return manifest, hashlib.sha256(raw).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fault(path: Path, name: str, digest: str) -> str | None:
    """What is wrong with a file of the manifest; None if nothing is."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name or ":" in name:
        return "leaves the folder"
    file = path / name
    # The bundle's own folder may be a link, as volumes are mounted; nothing in it may be one.
    if any(one.is_symlink() for one in (file, *file.parents[: len(relative.parts) - 1])):
        return "is a symbolic link"
    if not file.is_file():
        return "is missing"
    if file.stat().st_size > LARGEST_FILE:
        return f"is larger than {LARGEST_FILE >> 20} MiB"
    return None if file_digest(file) == digest else "was changed after the bundle was built"


def _content(path: Path, name: str, digest: str) -> bytes:
    """The bytes of a file, verified as they are used: the file may change after `_verify`."""
    try:
        data = (path / name).read_bytes()
    except OSError as error:
        raise _changed(path, f"{name} cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise _changed(path, f"{name} was changed after the bundle was built")
    return data


def _changed(path: Path, fault: str) -> BadInput:
    message = f"bundle {path} is not what was built: {fault}; take it from the store again, or "
    return BadInput(f"{message}build it again", code="changed-bundle")


def _parse(text: str | bytes) -> dict[str, Any]:
    value = json.loads(text, parse_constant=_reject_constant, object_pairs_hook=_unique_keys)
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys all differ: of two values, two readers might use different ones."""
    if len(value := dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return value


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
