"""A file that holds no rows is one error: what was expected, what came, and the next step."""

import gzip
import io
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.contract import text_table
from engine.contract.layout import Layout
from engine.problem.errors import BadInput
from engine.serving.batch import source
from engine.serving.batch.source import open_source
from engine.tests.serving.batch.files import command
from engine.tests.serving.batch.processes import ENVIRONMENT


def _parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": range(5_000), "b": [f"x{n}" for n in range(5_000)]}), file)
    return file.getvalue()


WHOLE = _parquet()
FILES = {
    "empty.csv": (b"", "empty-table"),
    "mark.csv": (b"\xef\xbb\xbf", "empty-table"),
    "lines.csv": (b"\n\n\r\n", "empty-table"),
    "latin.csv": ("a,b\ncaf\xe9,1\n".encode("latin-1"), "wrong-encoding"),
    "names.csv": ("caf\xe9,b\nx,1\n".encode("latin-1"), "wrong-encoding"),
    "utf16.csv": ("a,b\n1,2\n".encode("utf-16"), "wrong-encoding"),
    "zeros.csv": (b"a,b\n1,2\n\0\0\0", "not-text"),
    "gzip.csv": (gzip.compress(b"a,b\n1,2\n"), "compressed-file"),
    "parquet.csv": (WHOLE, "other-format"),
    "empty.parquet": (b"", "empty-table"),
    "web.parquet": (b"<html><body>x", "web-page"),
    "pointer.parquet": (b"version https://git-lfs.github.com/spec/v1\n", "pointer-file"),
    "text.parquet": (b"a,b\n1,2\n" * 30, "unreadable-file"),
    "half.parquet": (WHOLE[: len(WHOLE) // 2], "unreadable-file"),
    "pages.parquet": (WHOLE[:40] + b"\xff" * 1_960 + WHOLE[2_000:], "unreadable-file"),
    "footer.parquet": (WHOLE[:-200] + b"\x1b" * 140 + WHOLE[-60:], "unreadable-file"),
}


@pytest.mark.parametrize("name", FILES)
def test_file_of_another_kind_is_one_error_with_the_next_step(name: str, tmp_path: Path) -> None:
    """The message names the file, in one line, with the next step behind a semicolon."""
    content, code = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput) as rejected:
        list(open_source(path, Layout()).parts(1_000))
    message = str(rejected.value)
    assert rejected.value.code == code
    assert str(path) in message
    assert len(message.splitlines()) == 1
    assert "; " in message


@pytest.mark.parametrize("part_rows", [1_000, 30, 7])
def test_rows_of_another_length_are_added_up_over_all_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_rows: int
) -> None:
    """As many as are allowed are set aside; one more, in whatever part, and the file is refused."""
    monkeypatch.setattr(source, "MOST_UNREADABLE", 20)
    monkeypatch.setattr(text_table, "BLOCK", 64)  # as many pieces as a large file has
    lines = ["1,2"] * 200
    lines[3:200:10] = ["1,2,3"] * 20
    path = tmp_path / "in.csv"
    path.write_text("\n".join(["a,b", *lines, ""]))
    parts = list(open_source(path, Layout()).parts(part_rows))
    rows = [one.row for part in parts for one in part.unreadable]
    assert rows == list(range(4, 201, 10))
    assert sum(len(part.table) for part in parts) == 180
    path.write_text("\n".join(["a,b", *lines, "1", ""]))
    with pytest.raises(BadInput) as rejected:
        list(open_source(path, Layout()).parts(part_rows))
    assert rejected.value.code == "row-length"


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    tmp_path: Path, bundle_path: Path
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"\x1b[31mred,\x07bell," + b"x" * 100 + b"\n1,2,3\n")
    done = subprocess.run(
        command(path, bundle_path), env=ENVIRONMENT, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error[")
    assert b"\\x1b[31mred" in done.stderr
    assert b"\x1b" not in done.stderr
    assert b"\x07" not in done.stderr
    assert len(done.stderr) < 2_000
