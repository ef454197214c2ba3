"""Unknown files, pickles, secrets, personal columns and untrusted types are refused."""

import json
import subprocess
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from engine.bundle.bundle import LARGEST_FILE
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import FEATURES, edit_golden, put, types_in
from engine.tests.gate.made import Workshop, reseal


def test_complete_unknown_file_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    (made.bundle / "model/weights.pkl").write_bytes(b"\x80\x04N.")
    reseal(made.bundle)
    assert made.refused_by() == {"complete"}


OPTION = {"commit": "--output=x", "dirty": False, "snapshot": ""}


@pytest.mark.parametrize("code", [1, "clean", {"commit": "0" * 40}, OPTION, None])
def test_complete_manifest_without_valid_code_is_refused(workshop: Make, code: Any) -> None:
    made = workshop("regression")
    made.edit_json("manifest.json", put(code, "code"))
    assert made.refused_by() == {"complete"}


@pytest.mark.parametrize("field", ["run_id", "code", "trained_at", "version"])
def test_complete_manifest_without_a_field_is_refused(workshop: Make, field: str) -> None:
    made = workshop("regression")
    made.edit_json("manifest.json", lambda value: value.pop(field))
    assert made.refused_by() == {"complete"}


def _pack(made: Workshop, name: str, content: bytes) -> None:
    with zipfile.ZipFile(made.bundle / "model/model.skops", "a") as archive:
        archive.writestr(name, content)
    reseal(made.bundle)


def _twice(made: Workshop) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of two entries of one name
        _pack(made, "schema.json", b"{}")


def _comment(made: Workshop) -> None:
    with zipfile.ZipFile(made.bundle / "model/model.skops", "a") as archive:
        archive.comment = b"more than a model"
    reseal(made.bundle)


def _in_front(made: Workshop) -> None:
    path = made.bundle / "model/model.skops"
    path.write_bytes(b"more than a model" + path.read_bytes())
    reseal(made.bundle)


def _bomb(made: Workshop) -> None:
    path = made.bundle / "model/model.skops"
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("0.npy", "w") as entry,
    ):
        for _ in range(LARGEST_FILE >> 24):
            entry.write(bytes(1 << 24))
        entry.write(b"!")
    reseal(made.bundle)


def _remark(made: Workshop) -> None:
    """Add a key to the archive's description of the model."""
    path = made.bundle / "model/model.skops"
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(entries["schema.json"]) | {"remark": KEY}
    entries["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    reseal(made.bundle)


def _untrusted(made: Workshop) -> None:
    path = made.bundle / "model/model.skops"
    model = skops.io.load(path, trusted=types_in(path))
    steps = [("shell", FunctionTransformer(subprocess.getoutput)), *model.steps]
    skops.io.dump(Pipeline(steps), path)
    reseal(made.bundle)


def _write(name: str, content: bytes) -> Callable[[Workshop], None]:
    def lie(made: Workshop) -> None:
        (made.bundle / name).write_bytes(content)
        reseal(made.bundle)

    return lie


def _import(line: str) -> Callable[[Workshop], None]:
    return lambda made: made.edit(
        "code/features.py", "import numpy as np\n", f"import numpy as np\n{line}\n", also=FEATURES
    )


KEY = "AKIA" + "ABCDEFGHIJKLMNOP"  # in two parts, or this file would hold a secret itself
UNSAFE: dict[str, tuple[Callable[[Workshop], None], str]] = {
    "a pickle for a card": (_write("model_card.md", b"\x80\x04N."), "model_card.md is a pickle"),
    "a pickle for a model": (
        _write("model/model.skops", b"\x80\x05N."),
        "model.skops is no archive",
    ),
    "a pickle in the model": (
        lambda made: _pack(made, "extra.pkl", b"N."),
        "'extra.pkl', which skops does not write",
    ),
    "a pickle by another name": (
        lambda made: _pack(made, "999.npy", b"\x80\x04N."),
        "999.npy is a pickle",
    ),
    "a secret in the card": (
        lambda made: made.edit("model_card.md", "Rating customers.", KEY),
        "model_card.md holds an AWS key",
    ),
    "a secret in the model": (_remark, "schema.json holds an AWS key"),
    "two schemas in the model": (_twice, "two entries of one name"),
    "a note in the archive": (_comment, "model.skops has a comment"),
    "something before the archive": (_in_front, "before its first entry"),
    "an archive that fills the memory": (_bomb, "unpacks to"),
    "a file that climbs out of the model": (
        lambda made: _pack(made, "../../evil.txt", b"!"),
        "'../../evil.txt', which skops does not write",
    ),
    "a password in the source": (
        _import('SOURCE = "postgresql://me:hunter22@db/orders"'),
        "features.py holds a password in a URL",
    ),
    "a type that runs commands": (_untrusted, "subprocess.getoutput"),
    "feature code that needs the project": (
        _import("from engine.problem.errors import BadInput"),
        "imports engine, which serving does not install",
    ),
    "feature code that needs more packages": (
        _import("import mlflow"),
        "imports mlflow, which serving does not install",
    ),
    "feature code from next door": (
        _import("from . import model"),
        "imports ., which serving does not install",
    ),
    "feature code that starts a program": (_import("import subprocess"), "imports subprocess"),
    "feature code that calls home": (_import("import urllib.request"), "imports urllib"),
    "feature code that imports by a word": (_import('M = __import__("os")'), "uses __import__"),
    "feature code that imports by a module": (_import("import importlib"), "imports importlib"),
    "feature code that runs text": (_import('exec("LARGEST = 1")'), "uses exec"),
    "feature code that reads a file": (_import("P = open('p.toml')"), "uses open"),
    "feature code that reads a table": (_import("T = pd.read_csv('t.csv')"), "uses .read_csv"),
    "feature code that loads an array": (_import("A = np.load('a.npy')"), "uses .load"),
    "feature code that reads the clock": (
        _import("import time"),
        "imports time: a feature is computed, it reads and writes nothing else",
    ),
    "a personal input": (
        lambda made: made.edit_json(
            "contract.json", lambda value: value["inputs"][2].update(name="customer")
        ),
        "personal column 'customer' is in the model's inputs",
    ),
    "a personal golden row": (
        lambda made: edit_golden(made, put("c17", 0, "row", "customer")),
        "personal column 'customer' is in the golden rows",
    ),
    "a person who is watched": (
        lambda made: made.edit_json(
            "reference.json", lambda value: value["features"][2].update(name="customer")
        ),
        "personal column 'customer' is in the monitor's reference",
    ),
}


@pytest.mark.parametrize("what", UNSAFE)
def test_safe_unsafe_content_is_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    plant, words = UNSAFE[what]
    plant(made)
    result = made.run("safe")
    assert result.outcome == "refuse"
    assert words in result.measured


def test_safe_untrusted_model_is_refused_by_all_that_load_it(workshop: Make) -> None:
    made = workshop("regression")
    _untrusted(made)
    assert made.refused_by() == {
        *("beats the baseline", "slices", "evaluation", "leakage"),
        *("parity", "robust", "behaviour", "safe", "monitorable"),
    }
