"""A log that a server has written with a strict umask, read by another user."""

import os
from pathlib import Path

import pytest

from engine.problem.errors import BadInput
from engine.tests.monitoring.made import NOW, bundle_of, frozen, rows, write_log
from monitoring.check import check


@pytest.mark.parametrize("kind", ["predictions", "labels"])
def test_segment_of_another_user_is_not_called_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Nobody moves a good segment out of the log because of its rights."""
    write_log(tmp_path, rows(150, seed=2), [i / 150 for i in range(150)])
    for path in tmp_path.rglob("*.jsonl"):
        path.chmod(0o644)
    segment = tmp_path / kind / "strict.jsonl"
    segment.parent.mkdir(exist_ok=True)
    segment.touch(mode=0o600)
    # Root may read every file, so the owner's rights do not count here.
    monkeypatch.setattr(os, "access", lambda path, _: bool(os.stat(path).st_mode & 0o044))
    with pytest.raises(BadInput) as error:
        check(bundle_of(frozen()), tmp_path, now=NOW)
    assert error.value.code == "no-right"
    assert str(segment) in str(error.value)
    assert "out of the log" not in str(error.value)
    segment.chmod(0o644)
    assert check(bundle_of(frozen()), tmp_path, now=NOW).counted == 150
