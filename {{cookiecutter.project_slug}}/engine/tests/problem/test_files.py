"""A file is written whole or not at all."""

from pathlib import Path

import pytest

from engine.problem.files import atomic_path, write_atomically


@pytest.mark.parametrize("data", ["ä\r\nb\n", b"\x00\xff"])
def test_write_atomically_missing_folder_writes_the_exact_bytes(
    tmp_path: Path, data: str | bytes
) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, data)
    assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert list(path.parent.iterdir()) == [path]


def test_atomic_path_error_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(TypeError), atomic_path(path) as draft:
        draft.write_text(None, encoding="utf-8")  # type: ignore[arg-type]
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
