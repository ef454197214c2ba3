"""A bundle is read only if every byte is what its manifest states."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.bundle import MANIFEST, file_digest, read
from engine.gate.gate import record, validate
from engine.problem.errors import BadInput
from engine.tests.gate.conftest import Make
from engine.tests.gate.made import QUICK, Workshop, reseal


def manifest(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], object]:
    """A change of the manifest itself."""

    def lie(bundle: Path) -> None:
        value = json.loads((bundle / MANIFEST).read_text())
        changed = change(value)
        (bundle / MANIFEST).write_text(json.dumps(value if changed is None else changed))

    return lie


def _name(name: str) -> Callable[[dict[str, Any]], None]:
    """The manifest lists a file that is outside the folder or missing."""
    return lambda value: value["files"].update({name: "0" * 64})


def _append(name: str) -> Callable[[Path], object]:
    return lambda bundle: (bundle / name).open("ab").write(b"\n")


def _flip_a_bit(bundle: Path) -> None:
    path = bundle / "model/model.skops"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _unlink_and_seal(bundle: Path) -> None:
    (bundle / "golden.jsonl").unlink()
    reseal(bundle)


def _link(name: str) -> Callable[[Path], object]:
    def lie(bundle: Path) -> None:
        moved = bundle.parent / "elsewhere"
        (bundle / name).rename(moved)
        (bundle / name).symlink_to(moved)

    return lie


LIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bit of the model": (_flip_a_bit, "model.skops was changed"),
    "a longer card": (_append("model_card.md"), "model_card.md was changed"),
    "a file less": (lambda bundle: (bundle / "golden.jsonl").unlink(), "golden.jsonl is missing"),
    "a file more": (
        lambda bundle: (bundle / "code/extra.py").touch(),
        "code/extra.py is in",
    ),
    "a hidden file more": (lambda bundle: (bundle / ".env").touch(), ".env is in"),
    "a file less, sealed": (
        _unlink_and_seal,
        "golden.jsonl is missing",
    ),
    "a linked file": (_link("reference.json"), "symbolic link"),
    "a linked folder": (_link("model"), "symbolic link"),
    "a folder beside": (lambda bundle: (bundle / "x").mkdir(), "x is in the folder"),
    "a link beside": (lambda bundle: (bundle / "x").symlink_to(os.devnull), "x is in the folder"),
    "a pipe": (lambda bundle: os.mkfifo(bundle / "pipe"), "pipe is in the folder"),
    "a path upwards": (manifest(_name("../outside")), "leaves the folder"),
    "a path through a folder": (manifest(_name("model/../../outside")), "leaves the folder"),
    "an absolute path": (manifest(_name("/etc/hostname")), "leaves the folder"),
    "a Windows path": (manifest(_name("..\\outside")), "leaves the folder"),
    "a drive": (manifest(_name("C:outside")), "leaves the folder"),
    "an empty path": (manifest(_name("")), "is missing"),
    "a path that no disk can hold": (manifest(_name("a" * 5_000)), "cannot be read"),
    "a zero byte in a path": (manifest(_name("a\0b")), "is missing"),
    "a list of files": (manifest(lambda value: value.update(files=[1])), "no manifest"),
    "pairs of files": (
        manifest(lambda value: value.update(files=[*value["files"].items()])),
        "no manifest",
    ),
    "no files": (manifest(lambda value: value.pop("files")), "no manifest"),
    "another format": (manifest(lambda value: value.update(format=2)), "format 2, expected 1"),
    "a list for a manifest": (manifest(lambda value: [value]), "no manifest"),
    "no JSON": (
        lambda bundle: (bundle / MANIFEST).write_bytes(b"\x80\xff"),
        "no manifest",
    ),
    "JSON without an end": (
        lambda bundle: (bundle / MANIFEST).write_text("[" * 100_000),
        "no manifest",
    ),
    "no manifest": (lambda bundle: (bundle / MANIFEST).unlink(), "found no manifest.json"),
}


@pytest.mark.parametrize("lie", LIES)
def test_read_changed_bundle_is_refused(workshop: Make, lie: str) -> None:
    bundle = workshop("regression").bundle
    (bundle.parent / "outside").write_text("not in the bundle")
    damage, words = LIES[lie]
    damage(bundle)
    with pytest.raises(BadInput) as refused:
        read(bundle)
    assert words in str(refused.value)


GARBAGE = {
    "contract.json": ["{}", "[]", '{"task": 1, "classes": 2, "inputs": 3, "outputs": 4}', "null"],
    "evaluation.json": [
        "[]",
        '{"threshold": null, "threshold": null}',
        '{"threshold": "high"}',
        '{"threshold": NaN}',
        "nothing",
    ],
    "reference.json": ["1", '{"rows": Infinity}'],
    "golden.jsonl": [
        '{"kind": "typical", "row": {}, "answer": {}, "customer": "c17"}',
        '{"kind": "typical", "row": {"customer": "c17"}, "row": {}, "answer": {}}',
        "[]",
        '{"kind": "typical"}',
        '{"kind": "typical", "row": 3, "answer": {}}',
        '{"kind": "typical", "row": {}, "answer": []}',
        "{",
        '"row"',
    ],
    "problem.toml": ["assumed = 1", "= nothing", "[decision"],
}


@pytest.mark.parametrize("name", GARBAGE)
def test_read_malformed_file_is_refused(workshop: Make, name: str) -> None:
    bundle = workshop("regression").bundle
    for text in GARBAGE[name]:
        (bundle / name).write_text(text)
        reseal(bundle)
        with pytest.raises(BadInput):
            read(bundle)


def test_read_linked_folder_is_read(workshop: Make, tmp_path: Path) -> None:
    """Mounted volumes are links; files inside may not be links."""
    bundle = workshop("regression").bundle
    (tmp_path / "mounted").symlink_to(bundle)
    assert read(tmp_path / "mounted").id == bundle.name


def test_read_moved_bundle_is_read(workshop: Make, tmp_path: Path) -> None:
    bundle = workshop("regression").bundle
    moved = bundle.rename(tmp_path / "moved")
    assert read(moved).id == bundle.name == file_digest(moved / MANIFEST)


def test_record_damaged_bundle_raises(workshop: Make) -> None:
    made: Workshop = workshop("regression")
    _flip_a_bit(made.bundle)
    verdict = made.validate()
    assert [(one.check, one.outcome) for one in verdict.findings] == [("complete", "refuse")]
    assert verdict.bundle_id is None
    with pytest.raises(ValueError, match="cannot be recorded"):
        record(verdict)


def test_validate_missing_folder_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    with pytest.raises(BadInput, match="nowhere") as refused:
        validate(made.root / "nowhere", made.definition, QUICK)
    assert refused.value.code == "not-a-bundle"
