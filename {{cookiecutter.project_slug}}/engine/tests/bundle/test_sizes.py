"""A file of a bundle has a largest size, which is tested before the file is read."""

import os
from pathlib import Path

import pytest

from engine.bundle import bundle as room
from engine.bundle.bundle import LARGEST_FILE, read
from engine.problem.errors import BadInput
from engine.tests.monitoring.made import bundle_of, frozen, write_bundle


def test_read_too_large_file_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path, bundle_of(frozen()))
    os.truncate(tmp_path / "model_card.md", LARGEST_FILE + 1)  # it takes no space on the disk
    with pytest.raises(BadInput, match=r"model_card\.md is larger than 512 MiB") as refused:
        read(tmp_path)
    assert refused.value.code == "changed-bundle"


@pytest.mark.parametrize(("beyond", "refused"), [(0, False), (1, True)])
def test_read_file_of_the_largest_size_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beyond: int, refused: bool
) -> None:
    bundle_id = write_bundle(tmp_path, bundle_of(frozen()))
    largest = max(
        path.stat().st_size for path in tmp_path.rglob("*.*") if path.name != room.MANIFEST
    )
    monkeypatch.setattr(room, "LARGEST_FILE", largest - beyond)
    if refused:
        with pytest.raises(BadInput, match="is larger than"):
            read(tmp_path)
    else:
        assert read(tmp_path).id == bundle_id
