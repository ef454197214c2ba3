"""Bulk work where processes cannot be copies of one: no temporary folder, or one of a long path."""

import errno
import os
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.problem.errors import BadInput
from engine.tests.serving.batch.files import answered, command, parquet, rows
from engine.tests.serving.batch.processes import ENVIRONMENT


@pytest.mark.parametrize("case", ["long path", "no folder"])
def test_temporary_folder_without_sockets_gives_the_same_file(
    tmp_path: Path, bundle_path: Path, case: str
) -> None:
    """Python's own start of processes fails there with 'AF_UNIX path too long'."""
    long, (given, expected) = tmp_path / ("x" * 120), [tmp_path / "given", tmp_path / "expected"]
    for folder in (long, given, expected):
        folder.mkdir()
    given, expected = [parquet(one / "in.parquet", rows(150)) for one in (given, expected)]
    words = command(given, bundle_path)
    if case == "no folder":
        words[2] = f"import tempfile\ntempfile.tempdir = '/no/such/folder'\n{words[2]}"
    environment = ENVIRONMENT | ({"TMPDIR": str(long)} if case == "long path" else {})
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answered(expected, bundle_path)
    assert pq.read_table(given.with_name("out.parquet")) == pq.read_table(
        expected.with_name("out.parquet")
    )
    assert not [path for path in given.parent.iterdir() if path.name.endswith(".parts")]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "no-space"),
        (errno.EDQUOT, "no-space"),
        (errno.EROFS, "system-error"),
        (errno.EACCES, "system-error"),
        (errno.EMFILE, "system-error"),
        (errno.EAGAIN, "system-error"),  # no more processes for this user
        (errno.EIO, "system-error"),
    ],
)
def test_error_of_the_system_is_not_called_a_full_disk(
    tmp_path: Path, bundle_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    """Only a full disk is mended by more space."""
    given = parquet(tmp_path / "in.parquet", rows(3))

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("engine.serving.batch.run.predict_parts", refused)
    with pytest.raises(BadInput) as error:
        answered(given, bundle_path)
    assert error.value.code == code
    assert ("free some space" in str(error.value)) == (code == "no-space")
    assert not given.with_name("out.parquet").exists()
