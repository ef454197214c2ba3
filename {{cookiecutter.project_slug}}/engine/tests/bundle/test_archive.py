"""A model loads with trusted types and with its own feature code alone."""

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import skops.io
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier

from engine.bundle.archive import (
    features_module,
    import_features,
    load_archive,
    load_model,
    trusted,
    trusted_types_file,
)
from engine.bundle.bundle import Bundle, read
from engine.problem.errors import BadInput
from engine.tests.bundle.conftest import Copy
from engine.tests.serving.made import FEATURES, write_manifest

KD_TREE = {"sklearn.neighbors._kd_tree.KDTree", "sklearn.metrics._dist_metrics.EuclideanDistance64"}


@pytest.fixture(autouse=True)
def imported_modules() -> Iterator[None]:
    """No module of a bundle stays behind for other tests."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def changed(path: Path, **files: bytes) -> Bundle:
    """The bundle with other files: `model` or `code`."""
    paths = {"model": "model/model.skops", "code": "code/features.py"}
    for name, content in files.items():
        (path / paths[name]).write_bytes(content)
    write_manifest(path)
    return read(path)


def near() -> bytes:
    """A model with types that the project does not trust."""
    model = KNeighborsClassifier(1, algorithm="kd_tree").fit([[0], [1]], [False, True])
    return bytes(skops.io.dumps(model))


def test_load_model_has_its_bundles_own_feature_code(copy: Copy) -> None:
    bundle = read(copy())
    model = load_model(bundle)
    module = sys.modules[features_module(bundle)]
    assert features_module(bundle) == f"bundle_{bundle.id[:12]}_features"
    assert type(model[0].named_transformers_["numbers"]) is module.Floats
    assert module.__file__ == str(bundle.features_path)
    assert import_features(bundle) is module
    assert not list(bundle.path.rglob("__pycache__"))
    # The training's module of that name is not imported: it may be of another version.
    assert "poc.features" not in sys.modules or sys.modules["poc.features"] is not module


def test_load_model_untrusted_types_are_refused_by_name(copy: Copy) -> None:
    bundle = changed(copy(), model=near())
    with pytest.raises(BadInput) as refused:
        load_model(bundle)
    assert refused.value.code == "untrusted-types"
    assert ", ".join(sorted(KD_TREE)) in str(refused.value)
    assert bundle.id[:12] in str(refused.value)


def test_load_model_takes_the_types_that_were_added(copy: Copy, tmp_path: Path) -> None:
    bundle, listed = changed(copy(), model=near()), tmp_path / "types.txt"
    listed.write_text("# read, harmless\n" + "".join(f"{one}  # here\n" for one in KD_TREE))
    assert load_model(bundle, listed).predict([[1]]).tolist() == [True]
    listed.write_text(f"{min(KD_TREE)}\n")
    with pytest.raises(BadInput, match=max(KD_TREE)):
        load_model(bundle, listed)


def test_load_archive_takes_feature_types_of_that_module_alone() -> None:
    class Own(LinearRegression):  # type: ignore[misc]
        """A type of this module."""

    Own.__qualname__ = "Own"
    globals()["Own"] = Own
    archive = bytes(skops.io.dumps(Own().fit([[0.0], [1.0]], [0.0, 1.0])))
    assert load_archive(archive, __name__, "it").predict([[2.0]]) == pytest.approx([2.0])
    for other in (__name__[:-1], f"{__name__}.Own", "poc.features"):
        with pytest.raises(BadInput) as refused:
            load_archive(archive, other, "it")
        assert refused.value.code == "untrusted-types"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + b"\0" * 18])
def test_load_model_of_no_archive_is_refused(copy: Copy, content: bytes) -> None:
    bundle = changed(copy(), model=content)
    with pytest.raises(BadInput, match=bundle.id[:12]) as refused:
        load_model(bundle)
    assert refused.value.code == "not-an-archive"
    with pytest.raises(BadInput, match="the model") as refused:
        load_archive(content, "poc.features", "the model")
    assert refused.value.code == "not-an-archive"


def test_load_model_that_does_not_load_here_is_refused(copy: Copy) -> None:
    """Its feature code has another class than the archive names."""
    bundle = changed(copy(), code=FEATURES.replace("class Floats", "class Others").encode())
    with pytest.raises(BadInput, match=bundle.id[:12]) as refused:
        load_model(bundle)
    assert refused.value.code == "model-does-not-load"
    assert refused.value.__cause__ is not None


@pytest.mark.parametrize("code", ["import nothing_of_that_name", "1 / 0", "def"])
def test_import_features_that_fail_are_refused_and_forgotten(copy: Copy, code: str) -> None:
    bundle = changed(copy(), code=code.encode())
    for _ in range(2):
        with pytest.raises(BadInput, match=bundle.id[:12]) as refused:
            import_features(bundle)
        assert refused.value.code == "feature-code-does-not-run"
        assert refused.value.__cause__ is not None
        assert features_module(bundle) not in sys.modules


def test_load_model_reads_the_module_that_the_manifest_names(copy: Copy) -> None:
    """Every other entry of the archive stays as it was."""
    path = copy()
    archive = (path / "model/model.skops").read_bytes()
    with zipfile.ZipFile(io.BytesIO(archive)) as entries:
        schema = json.loads(entries.read("schema.json"))
    text = json.dumps(schema)
    assert '"poc.features"' in text
    renamed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(renamed, "w") as new:
        for name in old.namelist():
            content = text.replace("poc.features", "elsewhere").encode()
            new.writestr(name, content if name == "schema.json" else old.read(name))
    (path / "model/model.skops").write_bytes(renamed.getvalue())
    write_manifest(path)
    manifest = json.loads((path / "manifest.json").read_text()) | {"features_module": "elsewhere"}
    (path / "manifest.json").write_text(json.dumps(manifest))
    bundle = read(path)
    step = load_model(bundle)[0].named_transformers_["numbers"]
    assert type(step).__module__ == features_module(bundle)


def test_trusted_types_are_one_a_line_without_comments(tmp_path: Path) -> None:
    path = tmp_path / "types.txt"
    path.write_text("# a comment\n\n  a.B  # why\nc.D\n")
    assert trusted(path) == {"a.B", "c.D"}
    with pytest.raises(BadInput) as refused:
        trusted(tmp_path / "nothing.txt")
    assert refused.value.code == "missing-file"
    assert trusted_types_file().name == "trusted_types.txt"
    assert trusted_types_file().parent.name == "handoff"
