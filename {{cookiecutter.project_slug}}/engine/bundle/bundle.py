"""Reads a bundle: the one thing that crosses from data science to production, verified first.

A bundle is a directory. Its id is the SHA-256 of `manifest.json`, which holds the SHA-256 of every
other file, so a bundle with one byte changed is another bundle, and is found out here.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.bundle.documents.check import check_documents
from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.problem.errors import BadInput
from engine.problem.spec import Problem, parse

FORMAT = 1
MANIFEST = "manifest.json"
# What a bundle must hold; it may hold more (an ONNX model), never less.
REQUIRED = (
    "problem.toml",
    "contract.json",
    "model/model.skops",
    "code/features.py",
    "golden.jsonl",
    "reference.json",
    "evaluation.json",
    "model_card.md",
)
# Read with the bundle; the rest when it is asked for.
_PAPERS = ("problem.toml", "contract.json", "evaluation.json", "reference.json")
# What the model's archive calls the module of the feature code that lies in code/features.py.
FEATURES_MODULE = "poc.features"
# A bundle is a model and its papers, not a data set.
LARGEST_FILE = 512 * 1024 * 1024


@dataclass(frozen=True)
class Contract:
    """What goes in and what comes out.

    `classes` are the labels in the order of the model's probabilities; binary: negative, positive.
    `layout` is that of the text file that the model was trained on.
    """

    task: str
    classes: tuple[Any, ...]
    inputs: tuple[Column, ...]
    outputs: tuple[dict[str, Any], ...]
    layout: Layout = Layout()  # noqa: RUF009  # it is frozen

    def to_json(self) -> dict[str, Any]:
        """The contract as it stands in contract.json."""
        return {
            "task": self.task,
            "classes": list(self.classes),
            "inputs": [column.to_json() for column in self.inputs],
            "outputs": list(self.outputs),
            "layout": asdict(self.layout),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Contract":
        """Read what `to_json` wrote."""
        return cls(
            task=value["task"],
            classes=tuple(value["classes"]),
            inputs=tuple(Column.from_json(column) for column in value["inputs"]),
            outputs=tuple(value["outputs"]),
            # Bundles of engine 1 have none.
            layout=Layout.of(value.get("layout")) or Layout(),
        )


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every file is what its manifest says."""

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
    def card_path(self) -> Path:
        """The model card."""
        return self.path / "model_card.md"

    @property
    def threshold(self) -> float | None:
        """The score from which the decision is yes; binary only."""
        value = self.evaluation.get("threshold")
        return None if value is None else float(value)

    def content(self, name: str) -> bytes:
        """A file's bytes, held against the manifest: what is used is what was verified.

        Raises:
            BadInput: it was changed since the bundle was read.
        """
        return _content(self.path, name, self.manifest["files"][name])

    def golden(self) -> list[dict[str, Any]]:
        """Rows with the answers that the PoC gave: `kind`, `row`, `answer`."""
        text = self.content("golden.jsonl").decode()
        lines = [_parse(line) for line in text.split("\n") if line]
        for line in lines:
            if set(line) != {"kind", "row", "answer"}:
                raise ValueError(f"a golden row with {sorted(line)}")
            if not isinstance(line["row"], dict) or not isinstance(line["answer"], dict):
                raise TypeError("a golden row whose row or answer has no fields")
        return lines


def read(path: Path) -> Bundle:
    """The bundle in folder `path`.

    Raises:
        BadInput: it is no bundle, or any file of it is missing, extra, changed, linked or outside.
    """
    manifest, bundle_id = verify(path)
    papers = {name: _content(path, name, manifest["files"][name]) for name in _PAPERS}
    try:
        documents = {name: _parse(papers[name]) for name in _PAPERS if name.endswith(".json")}
        check_documents({MANIFEST: manifest, **documents})
        bundle = Bundle(
            path=path,
            id=bundle_id,
            manifest=manifest,
            problem=parse(papers["problem.toml"].decode(), f"{path}/problem.toml"),
            contract=Contract.from_json(documents["contract.json"]),
            evaluation=documents["evaluation.json"],
            reference=documents["reference.json"],
        )
        # Read once now, so that no garbage in them surprises anyone later.
        _ = bundle.threshold, bundle.golden()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        why = " ".join(repr(error).split())
        raise BadInput(
            f"bundle {path} holds what no bundle of format {FORMAT} holds: {why:.300}; build "
            "it anew with `python -m handoff build`"
        ) from None
    return bundle


def verify(path: Path) -> tuple[dict[str, Any], str]:
    """The manifest and the id of the bundle in `path`, every file held against its digest.

    Raises:
        BadInput: see `read`.
    """
    if not (path / MANIFEST).is_file() or (path / MANIFEST).is_symlink():
        raise BadInput(
            f"expected a bundle in {path}, found no {MANIFEST}; make one with "
            "`python -m handoff build`"
        )
    raw = (path / MANIFEST).read_bytes()
    try:
        manifest = _parse(raw)
        files: dict[str, str] = {**manifest["files"]}
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _tampered(path, f"{MANIFEST} is no manifest") from None
    if manifest.get("format") != FORMAT:
        raise BadInput(
            f"bundle {path} has format {manifest.get('format')}, expected {FORMAT}; build it anew"
        )
    for name, digest in files.items():
        try:
            _check(path, name, digest)
        except OSError as error:  # no right to read it, or no name that a disk could hold
            raise _tampered(path, f"{name!s:.80} cannot be read: {error.strerror}") from None
    for name in REQUIRED:
        if name not in files:
            raise _tampered(path, f"{name} is missing from the manifest")
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    for found in path.rglob("*"):
        name = found.relative_to(path).as_posix()
        known = folders if found.is_dir() else {*files, MANIFEST}
        if found.is_symlink() or name not in known:
            raise _tampered(path, f"{name} is in the folder and not in the manifest")
    return manifest, hashlib.sha256(raw).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, name: str, digest: str) -> None:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts or "\\" in name or ":" in name:
        raise _tampered(path, f"{name!r} leaves the folder")
    file = path / name
    # The bundle's own folder may be a link, as volumes are mounted; nothing in it may be one.
    if any(parent.is_symlink() for parent in (file, *file.parents[: len(parts.parts) - 1])):
        raise _tampered(path, f"{name} is a symbolic link")
    if not file.is_file():
        raise _tampered(path, f"{name} is missing")
    if file.stat().st_size > LARGEST_FILE:
        raise _tampered(path, f"{name} is larger than {LARGEST_FILE >> 20} MiB")
    if file_digest(file) != digest:
        raise _tampered(path, f"{name} was changed after the bundle was built")


def _content(path: Path, name: str, digest: str) -> bytes:
    """Verified as it is used: in a store that others write, it may change after `verify`."""
    try:
        data = (path / name).read_bytes()
    except OSError as error:
        raise _tampered(path, f"{name} cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise _tampered(path, f"{name} was changed after the bundle was built")
    return data


def _tampered(path: Path, what: str) -> BadInput:
    return BadInput(
        f"bundle {path} is not what was built: {what}; take it from the store again, or build it "
        "anew with `python -m handoff build`"
    )


def _parse(text: str | bytes) -> dict[str, Any]:
    value = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys all differ: of two values, two readers would believe two."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
