"""What is in a bundle: files, fields, archives, secrets and personal columns, each fault alone."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.bundle import Bundle, read
from engine.gate.checks import safe_to_own
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.safe_to_own import FIELDS, complete, safe
from engine.tests.gate.untrained import context_of, write
from engine.tests.serving.made import FEATURES, make_bundle, write_manifest

AWS = "AKIA" + "ABCDEFGHIJKLMNOP"
CODE = {"commit": "0123456789abcdef" * 3, "dirty": False, "snapshot": "s"}


def with_manifest(context: CheckContext, **changes: Any) -> Result:
    """The result of `complete` for a manifest of all fields, with changes; None takes one away."""
    manifest: dict[str, Any] = dict.fromkeys(FIELDS, 1) | {"files": {}, "code": CODE} | changes
    manifest = {key: value for key, value in manifest.items() if value is not None}
    return complete(replace(context, bundle=replace(context.bundle, manifest=manifest)))


@pytest.fixture
def context(empty: Path) -> CheckContext:
    """A bundle and the rows of a binary project."""
    write("binary")
    return context_of()


def test_complete_bundle_passes(context: CheckContext) -> None:
    result = with_manifest(context, files={"golden.jsonl": "0", "problem.toml": "1"})
    assert (result.outcome, result.next) == ("pass", "")
    assert result.measured == f"2 files as built, id {context.bundle.id[:12]}"


def test_complete_every_field_is_needed_and_no_other(context: CheckContext) -> None:
    for name in FIELDS - {"files"}:
        result = with_manifest(context, **{name: None})
        assert result.outcome == "refuse"
        assert f"manifest.json lacks {name}" in result.measured
        assert result.next
    result = with_manifest(context, signed="yes", award="best")
    assert result.outcome == "refuse"
    assert result.measured == (
        "unknown field in manifest.json: award; unknown field in manifest.json: signed"
    )
    result = with_manifest(context, files={"golden.jsonl": "0", "notes.txt": "1"})
    assert (result.outcome, result.measured) == ("refuse", "unknown file: notes.txt")


@pytest.mark.parametrize(
    ("code", "is_valid"),
    [
        (CODE, True),
        (CODE | {"commit": None}, True),
        (CODE | {"commit": "a" * 40}, True),
        (CODE | {"commit": "a" * 64}, True),
        (CODE | {"commit": "a" * 39}, False),
        (CODE | {"commit": "a" * 65}, False),
        (CODE | {"commit": "A" * 40}, False),
        (CODE | {"commit": "--output=x"}, False),
        (CODE | {"more": 1}, False),
        ({"commit": "a" * 40, "dirty": False}, False),
    ],
)
def test_complete_code_is_a_commit_or_none_yet(
    context: CheckContext, code: dict[str, Any], is_valid: bool
) -> None:
    result = with_manifest(context, code=code)
    assert (result.outcome == "pass") == is_valid
    assert is_valid or "does not name the code" in result.measured


@pytest.fixture
def made(context: CheckContext, tmp_path: Path) -> Callable[..., Result]:
    """`made(change)` is the result of `safe` on a small bundle that was changed."""

    def check(change: Callable[[Path], object] = lambda _: None, **more: Any) -> Result:
        path = tmp_path / "made"
        make_bundle(path)
        change(path)
        write_manifest(path)
        bundle: Bundle = replace(read(path), **more)
        return safe(replace(context, bundle=bundle))

    return check


def pack(name: str, content: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with zipfile.ZipFile(path / "model/model.skops", "a") as archive:
            archive.writestr(name, content)

    return change


def put(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda path: (path / name).write_bytes(content)


def test_safe_sound_bundle_passes(made: Callable[..., Result]) -> None:
    result = made()
    assert (result.outcome, result.next) == ("pass", ""), result.measured
    assert "9 files" in result.measured


UNSAFE: list[tuple[Callable[[Path], object], str]] = [
    *((put(f"more{end}", b"text"), f"more{end} is a pickle")
      for end in (".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth", ".PKL")),
    *((put("card.txt", bytes([0x80, protocol]) + b"N."), "card.txt is a pickle")
      for protocol in (2, 3, 4, 5)),
    (put("card.txt", AWS.encode()), "card.txt holds an AWS key"),
    (pack("7.npy", AWS.encode()), "model/model.skops: 7.npy holds an AWS key"),
    (pack("7.npy", b"\x80\x04N."), "model/model.skops: 7.npy is a pickle"),
    (pack("a.npy", b"1"), "holds 'a.npy', which skops does not write"),
    (pack("7.npy.exe", b"1"), "holds '7.npy.exe', which skops does not write"),
    (put("code/features.py", b"import os\n" + FEATURES.encode()), "imports os"),
    (put("model/model.skops", b"none"), "model.skops is no archive"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), UNSAFE)
def test_safe_each_fault_is_refused_alone(
    made: Callable[..., Result], change: Callable[[Path], object], words: str
) -> None:
    result = made(change)
    assert result.outcome == "refuse"
    assert words in result.measured
    assert "; " not in result.measured
    assert result.next


def test_safe_names_every_fault(made: Callable[..., Result]) -> None:
    def both(path: Path) -> None:
        put("a.pkl", b"")(path)
        put("code/features.py", b"import os\n" + FEATURES.encode())(path)

    result = made(both)
    assert "a.pkl is a pickle" in result.measured
    assert "imports os" in result.measured


@pytest.mark.parametrize("beyond", [0, 1])
def test_safe_archives_are_limited_by_what_they_unpack_to(
    made: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, beyond: int
) -> None:
    """By any name; nothing is unpacked then."""
    sizes: list[int] = []

    def add(path: Path) -> None:
        with zipfile.ZipFile(path / "notes.txt", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", bytes(600_000))
            archive.writestr("b", AWS.encode() + bytes(400_000))
        sizes.append(1_000_000 + len(AWS))
        monkeypatch.setattr(safe_to_own, "LARGEST_FILE", sizes[-1] - beyond)

    result = made(add)
    assert result.outcome == "refuse"
    if beyond:
        assert result.measured == (
            f"notes.txt unpacks to {sizes[-1]:,} bytes, more than {sizes[-1] - 1:,}"
        )
    else:
        assert "notes.txt: b holds an AWS key" in result.measured


def test_safe_personal_columns_are_nowhere(made: Callable[..., Result]) -> None:
    """The project's problem.toml names 'customer' as personal."""

    def rename(name: str, *keys: Any) -> Callable[[Path], None]:
        def change(path: Path) -> None:
            text = (path / name).read_text()
            document = json.loads(text.splitlines()[0] if name.endswith("l") else text)
            if name == "contract.json":
                document["inputs"][0]["name"] = "customer"
            elif name == "golden.jsonl":
                document["row"]["customer"] = "c17"
            else:
                document["features"] = [{"name": "customer", "type": "date", "counts": []}]
            lines = text.splitlines()[1:] if name.endswith("l") else []
            (path / name).write_text("\n".join([json.dumps(document), *lines]) + "\n")

        return change

    for name, place in (
        ("contract.json", "model's inputs and so in the prediction log"),
        ("golden.jsonl", "golden rows"),
        ("reference.json", "monitor's reference"),
    ):
        result = made(rename(name))
        assert result.outcome == "refuse"
        assert f"personal column 'customer' is in the {place}" in result.measured
