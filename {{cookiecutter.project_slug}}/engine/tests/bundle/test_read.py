"""A bundle is read only if every byte is what its manifest states."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.bundle import MANIFEST, Contract, file_digest, read
from engine.contract.layout import Layout
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.tests.bundle.conftest import Copy
from engine.tests.serving.made import CLASSES, COLUMNS, write_manifest


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
    write_manifest(bundle)


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
    "a linked manifest": (_link(MANIFEST), "found no manifest.json"),
}


@pytest.mark.parametrize("lie", LIES)
def test_read_changed_bundle_is_refused(copy: Copy, lie: str) -> None:
    bundle = copy()
    (bundle.parent / "outside").write_text("not in the bundle")
    damage, words = LIES[lie]
    damage(bundle)
    with pytest.raises(BadInput) as refused:
        read(bundle)
    assert words in str(refused.value)
    codes = {"no manifest": "not-a-bundle", "a linked manifest": "not-a-bundle"}
    codes |= {"another format": "other-format"}
    assert refused.value.code == codes.get(lie, "changed-bundle")


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
def test_read_malformed_file_is_refused(copy: Copy, name: str) -> None:
    bundle = copy()
    for text in GARBAGE[name]:
        (bundle / name).write_text(text)
        write_manifest(bundle)
        with pytest.raises(BadInput) as refused:
            read(bundle)
        assert refused.value.code == "invalid-document" or name == "problem.toml"
        assert str(bundle) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "fact"),
    [
        ("evaluation.json", '{"threshold": "high"}', "threshold"),
        ("golden.jsonl", '{"kind": "typical"}', "a golden row with ['kind']"),
        ("reference.json", '{"rows": Infinity}', "Infinity is no number"),
        ("contract.json", "[]", "no object"),
    ],
)
def test_read_malformed_file_names_the_fault(copy: Copy, name: str, text: str, fact: str) -> None:
    bundle = copy()
    (bundle / name).write_text(text)
    write_manifest(bundle)
    with pytest.raises(BadInput) as refused:
        read(bundle)
    assert fact in str(refused.value)


def test_read_linked_folder_is_read(copy: Copy, tmp_path: Path) -> None:
    """Mounted volumes are links; files inside may not be links."""
    bundle = copy()
    (tmp_path / "mounted").symlink_to(bundle)
    assert read(tmp_path / "mounted").id == read(bundle).id


def test_read_moved_bundle_is_read(copy: Copy, tmp_path: Path) -> None:
    bundle = copy()
    before = read(bundle).id
    moved = bundle.rename(tmp_path / "moved")
    assert read(moved).id == before == file_digest(moved / MANIFEST)


@pytest.mark.parametrize("name", ["golden.jsonl", "reference.json", "model/model.skops"])
def test_content_of_a_file_changed_since_is_refused(copy: Copy, name: str) -> None:
    """The folder may change between the verification and the use of a file."""
    bundle = read(copy())
    path = bundle.path / name
    before = path.read_bytes()
    assert bundle.content(name) == before
    for change in (lambda: path.write_bytes(before + b" "), path.unlink):
        change()
        with pytest.raises(BadInput, match=name) as refused:
            bundle.content(name)
        assert refused.value.code == "changed-bundle"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_read_gives_the_documents_as_they_stand_in_the_folder(copy: Copy, task: Task) -> None:
    path = copy(task)
    bundle = read(path)
    assert bundle.path == path
    for name, value in (
        ("manifest.json", bundle.manifest),
        ("evaluation.json", bundle.evaluation),
        ("reference.json", bundle.reference),
        ("contract.json", bundle.contract.to_json()),
    ):
        assert value == json.loads((path / name).read_text())
    assert bundle.contract.classes == CLASSES[task]
    assert bundle.contract.inputs == COLUMNS
    assert bundle.problem.target.task == bundle.contract.task == task
    assert bundle.threshold == (0.5 if task == "binary" else None)
    assert bundle.model_path.is_file()
    assert bundle.features_path.is_file()
    lines = (path / "golden.jsonl").read_text().splitlines()
    assert bundle.golden() == [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("evaluation", "threshold"), [({}, None), ({"threshold": None}, None), ({"threshold": 1}, 1.0)]
)
def test_threshold_is_a_number_or_none(
    copy: Copy, evaluation: dict[str, Any], threshold: float | None
) -> None:
    path = copy()
    (path / "evaluation.json").write_text(json.dumps(evaluation))
    write_manifest(path)
    result = read(path).threshold
    assert (result, type(result)) == (threshold, type(threshold))


def test_contract_survives_json() -> None:
    layout = Layout(encoding="cp1252", separator=";", header=False)
    outputs = ({"name": "score", "meaning": "how sure"},)
    contract = Contract("multiclass", ("a", "b", "c"), COLUMNS, outputs, layout)
    value = json.loads(json.dumps(contract.to_json()))
    assert Contract.from_json(value) == contract
    # A bundle of engine 1 has no layout: its file was a plain CSV.
    del value["layout"]
    assert Contract.from_json(value).layout == Layout()
