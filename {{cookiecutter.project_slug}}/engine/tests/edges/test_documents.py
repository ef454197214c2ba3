"""A bundle whose documents are not what their readers expect is one error, however well sealed."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.bundle import bundle as bundles
from engine.bundle.bundle import MANIFEST
from engine.bundle.record import refusal, signed
from engine.serving.select_bundle import choice_file, converted_model
from engine.tests.edges.commands import Runner
from engine.tests.edges.contents import CONTENTS
from engine.tests.monitoring.made import bundle_of, frozen, write_bundle

COMMANDS = (
    "serving run --bundle {} --rehearsal",
    "serving batch rows.csv out.parquet --bundle {} --rehearsal",
    "monitoring check --bundle {}",
    "handoff accept {} --as ml-engineer",
)
NAMES = ("manifest.json", "contract.json", "evaluation.json", "reference.json", "golden.jsonl")
# Whole documents, as they stand in the file.
DOCUMENTS = (
    *("", "[]", "null", "1", '"text"', "{", "NaN", "\ufeff{}"),
    *("[" * 99_999, '{"a": 1, "a": 2}', '{"a": ' * 900 + "1" + "}" * 900),
)
# (document, where in it, what stands there instead); MISSING takes the key away.
MISSING = object()
ODD: tuple[Any, ...] = (MISSING, None, True, -1, "1", 1e999, [], {}, [[]], 10**400)
FIELDS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("manifest.json", "name", (MISSING, None, 1, [])),
    ("manifest.json", "version", (MISSING, None, [], {})),
    ("manifest.json", "features_module", (MISSING, None, 1, {})),
    ("manifest.json", "files", (MISSING, None, 1, [], "text", {"a\0b": "c"}, {"\ud800": "c"})),
    ("manifest.json", "format", (MISSING, None, "1", [], 2, 10**400)),
    ("manifest.json", "code", (None, 1, [], {}, {"commit": 1, "dirty": "no"})),
    ("manifest.json", "engine", (None, 1, "2.0.0", [], {}, {"version": "2.0.0", "sha256": "0"})),
    ("manifest.json", "run_id", (None, 1, [])),
    ("contract.json", "task", (*ODD, "clustering")),
    ("contract.json", "classes", (*ODD, [1], [None, None], "ab", ["a", "b", "c"])),
    ("contract.json", "inputs", (*ODD, [1], [{"name": "a"}])),
    ("contract.json", "outputs", (MISSING, None, True, "1", {}, [1])),
    ("contract.json", "inputs.0.name", ODD[:4]),
    ("contract.json", "inputs.0.type", (*ODD, "float")),
    ("contract.json", "inputs.0.nullable", (MISSING, None, "no", 1)),
    ("contract.json", "inputs.0.minimum", (MISSING, "1", 1e999, [])),
    ("contract.json", "inputs.0.categories", (MISSING, None, "ab", [1])),
    ("contract.json", "inputs.0.unknown", (1,)),
    ("evaluation.json", "threshold", (True, "0.5", 1e999, [], {}, 10**400)),
    ("evaluation.json", "candidate", (None, 1, "a", [], {}, {"name": 1})),
    ("reference.json", "score", (MISSING, None, 1, "1", [], {})),
    ("reference.json", "score.edges", (MISSING, None, "1", ["0.5"], [None], [1e999], {})),
    ("reference.json", "score.counts", (None, "1", [-1], ["1"], [0.5])),
    ("reference.json", "features", (None, 1, "1", {}, [1], [{"name": "a"}])),
    ("reference.json", "features.0.name", (MISSING, None, 1)),
    ("reference.json", "features.0.type", (MISSING, None, "float")),
    ("reference.json", "features.0.edges", (MISSING, None, "1", ["1"])),
    ("reference.json", "features.0.counts", (MISSING, None, "1", ["1"])),
    ("reference.json", "rows", (None, "1", -1, 0.5)),
    ("reference.json", "performance", (None, 1, [], {}, {"value": "1", "low": 0, "high": 1})),
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with everything that any reader wants: of the monitor, with a served contract."""
    folder = tmp_path_factory.mktemp("good") / "bundle"
    write_bundle(folder, bundle_of(frozen()))
    return folder


def _seal(folder: Path) -> None:
    """The manifest's digests over the files as they are now."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def _put(document: Any, where: str, value: Any) -> None:
    *above, last = where.split(".")
    for key in above:
        document = document[int(key) if isinstance(document, list) else key]
    if value is MISSING:
        del document[last]
    else:
        document[last] = value


def _is_refused(command: Runner, words: str) -> bool:
    before = command.files()
    return command(*words.format("bundle").split()).is_one_error() and command.files() == before


def test_the_good_bundle_is_read(good: Path) -> None:
    assert bundles.read(good).reference["rows"] == 2000


@pytest.mark.parametrize("name", NAMES)
def test_a_document_that_is_no_object_is_one_error(name: str, good: Path, command: Runner) -> None:
    wrong = []
    for number, text in enumerate(DOCUMENTS):
        if name == "golden.jsonl" and not text:
            continue  # no golden rows: the gate refuses that
        folder = shutil.copytree(good, command.folder / "bundle", dirs_exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        if name != MANIFEST:
            _seal(folder)
        words = COMMANDS[number % len(COMMANDS)]
        if not _is_refused(command, words):
            wrong.append((text[:20], words))
    assert not wrong


@pytest.mark.parametrize(("name", "where", "values"), FIELDS, ids=lambda part: str(part)[:30])
def test_a_field_of_another_type_is_one_error(
    name: str, where: str, values: tuple[Any, ...], good: Path, command: Runner
) -> None:
    wrong = []
    for value in values:
        folder = shutil.copytree(good, command.folder / "bundle", dirs_exist_ok=True)
        document = json.loads((folder / name).read_text())
        _put(document, where, value)
        text = "1e999".join(json.dumps(document).split("Infinity"))
        (folder / name).write_text(text)
        if name != MANIFEST:
            _seal(folder)
        if not _is_refused(command, "monitoring check --bundle {}"):
            wrong.append(value)
    assert not wrong


LINES = (
    ("predictions", ("[]", "null", "1", "[" * 99_999, '{"row": ', "\ufeff", "\0", '{"a": ' * 9999)),
    ("labels", ("[]", "null", "1", "[" * 99_999, '{"label": ', "\0")),
)


@pytest.mark.parametrize(("kind", "lines"), LINES, ids=["predictions", "labels"])
def test_a_log_that_holds_no_records_is_one_error(
    kind: str, lines: tuple[str, ...], good: Path, command: Runner
) -> None:
    shutil.copytree(good, command.folder / "bundle")
    logs, wrong = command.folder / "logs", []
    for text in lines:
        shutil.rmtree(logs, ignore_errors=True)
        (logs / "predictions").mkdir(parents=True)
        (logs / "predictions/a.jsonl").write_text("")
        (logs / kind).mkdir(exist_ok=True)
        (logs / kind / "a.jsonl").write_text(f"{text}\n{text}\n")
        if not _is_refused(command, "monitoring check --bundle {}"):
            wrong.append(text[:20])
    assert not wrong


@pytest.mark.parametrize("kind", ["predictions", "labels"])
def test_a_segment_that_is_none_is_one_error_or_half_a_line(
    kind: str, good: Path, command: Runner
) -> None:
    shutil.copytree(good, command.folder / "bundle")
    logs, wrong = command.folder / "logs", []
    for content in CONTENTS:
        shutil.rmtree(logs, ignore_errors=True)
        (logs / "predictions").mkdir(parents=True)
        (logs / "labels").mkdir()
        (logs / "predictions/a.jsonl").write_text("")
        CONTENTS[content](logs / kind / "b.jsonl")
        outcome = command("monitoring", "check", "--bundle", "bundle")
        if not outcome.is_one_error() and (outcome.code != 0 or outcome.errors):
            wrong.append((content, outcome))
    assert not wrong


@pytest.mark.parametrize("content", CONTENTS)
def test_a_choice_of_runtime_that_is_none_leaves_the_pipeline(
    content: str, good: Path, tmp_path: Path
) -> None:
    bundle = bundles.read(shutil.copytree(good, tmp_path / "bundle"))
    file = choice_file(bundle, rehearsal=True)
    file.parent.mkdir()
    CONTENTS[content](file)
    assert converted_model(bundle, rehearsal=True) is None


CHOICES = ("[]", "{}", "1", "true", "''", "2026-01-01", "[[[1]]]", "{a = {b = 1}}", "nan")


@pytest.mark.parametrize("value", CHOICES)
@pytest.mark.parametrize("name", ["bundle", "runtime", "model_sha256"])
def test_a_choice_of_runtime_of_another_type_leaves_the_pipeline(
    name: str, value: str, good: Path, tmp_path: Path
) -> None:
    bundle = bundles.read(shutil.copytree(good, tmp_path / "bundle"))
    file = choice_file(bundle, rehearsal=True)
    file.parent.mkdir()
    (file.parent / "model.onnx").write_bytes(b"model")
    given = {"bundle": f'"{bundle.id}"', "runtime": '"onnx"', "model_sha256": '"a"', name: value}
    lines = [f"{key} = {text}\n" for key, text in given.items()]
    file.write_text("".join(lines), encoding="utf-8-sig")
    assert converted_model(bundle, rehearsal=True) is None


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", ["verdict.json", "data-science.toml", "ml-engineering.toml"])
def test_a_record_that_is_none_accepts_nothing(
    content: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.bundle.record.RECORDS", tmp_path)
    bundle_id = "a" * 64
    folder = tmp_path / bundle_id
    folder.mkdir()
    verdict = json.dumps({"bundle": bundle_id, "verdict": "passed"}).encode()
    (folder / "verdict.json").write_bytes(verdict)
    signature = f'bundle = "{bundle_id}"\nverdict = "{hashlib.sha256(verdict).hexdigest()}"\n'
    for team in ("data-science", "ml-engineering"):
        text = f'team = "{team}"\nperson = "A"\nsigned_at = "B"\n{signature}'
        (folder / f"{team}.toml").write_text(text)
    assert refusal(bundle_id) is None
    (folder / name).unlink()
    CONTENTS[content](folder / name)
    assert refusal(bundle_id)
    assert len(signed(bundle_id)) < 2
