"""Every file in the log's folder is read, named or refused, and damage is told from an end."""

import gzip
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from engine.monitoring import log as logs
from engine.monitoring.result import Result
from engine.problem.errors import BadInput
from engine.tests.monitoring.made import (
    NOW,
    bundle_of,
    frozen,
    rows,
    write_labels,
    write_lines,
    write_log,
)
from monitoring.check import check

ROWS = rows(150, seed=2)
SCORES = [i / 150 for i in range(150)]
BROKEN = '{"prediction_id": "x", "row": {"a'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of 150 predictions and their labels."""
    write_labels(tmp_path, write_log(tmp_path, ROWS, SCORES), [True] * 150)
    return tmp_path


def checked(folder: Path) -> Result:
    return check(bundle_of(frozen()), folder, now=NOW)


def refusal(folder: Path) -> BadInput:
    with pytest.raises(BadInput) as raised:
        checked(folder)
    assert "; " in str(raised.value)
    return raised.value


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_truncated_lines_of_both_kinds_are_counted(folder: Path) -> None:
    append(folder / "predictions/one.jsonl", BROKEN)
    append(folder / "labels/one.jsonl", '{"prediction_id": "one-1", "lab')
    write_log(folder, ROWS, SCORES, segment="two")
    append(folder / "predictions/two.jsonl", "{")
    result = checked(folder)
    assert (result.counted, result.log.truncated) == (300, 3)


def test_whole_log_has_no_truncated_line(folder: Path) -> None:
    result = checked(folder)
    assert (result.log.truncated, result.log.repeated, result.log.unread) == (0, 0, ())
    assert not result.log.rehearsal


@pytest.mark.parametrize("chunk", [150, 157, 400, 1 << 24])
@pytest.mark.parametrize("ends_in", ["\n", "", "truncated"])
def test_end_of_a_segment_is_told_however_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, ends_in: str
) -> None:
    """A last line without its break is whole or truncated; one before it is damage."""
    monkeypatch.setattr(logs, "LONGEST_LINE", chunk)
    path = folder / "labels/one.jsonl"
    last = {"\n": "", "": '{"prediction_id": "one-1"', "truncated": BROKEN}[ends_in]
    path.write_text(path.read_text("utf-8") + last, encoding="utf-8")
    if ends_in != "\n":
        assert checked(folder).log.truncated == 1
    append(path, "\n")
    if ends_in != "\n":
        assert refusal(folder).code == "invalid-log"
    else:
        assert checked(folder).log.truncated == 0


@pytest.mark.parametrize("last", ["[]", "{}", "7", '{"prediction_id": "one-1", "at": "noon"}'])
def test_last_line_that_is_whole_but_no_record_is_refused(folder: Path, last: str) -> None:
    append(folder / "labels/one.jsonl", last)
    error = refusal(folder)
    assert error.code == "invalid-log"
    assert "labels/one.jsonl" in str(error)
    assert "found 1 broken, the first in line 151" in str(error)


@pytest.mark.parametrize(("text", "truncated"), [("[]", None), ('{"pre', 1), ("", 0)])
def test_segment_of_one_line_is_told_like_others(
    folder: Path, text: str, truncated: int | None
) -> None:
    (folder / "predictions/two.jsonl").write_text(text)
    if truncated is None:
        assert refusal(folder).code == "invalid-log"
    else:
        assert checked(folder).log.truncated == truncated


def test_damage_in_one_segment_is_not_that_of_another(folder: Path) -> None:
    """Each segment may end in a truncated line; the count of one is no excuse for the next."""
    append(folder / "predictions/one.jsonl", BROKEN)
    write_log(folder, ROWS, SCORES, segment="two")
    path = folder / "predictions/two.jsonl"
    lines = path.read_text("utf-8").splitlines()
    lines[3] = lines[90] = BROKEN
    path.write_text("\n".join([*lines, ""]), "utf-8")
    message = str(refusal(folder))
    assert "two.jsonl, found 2 broken, the first in line 4;" in message


def test_truncated_line_that_is_nested_deep_is_skipped(folder: Path) -> None:
    append(folder / "labels/one.jsonl", '{"prediction_id": "one-1", "label": ' + "[" * 100_000)
    assert checked(folder).log.truncated == 1


@pytest.mark.parametrize("kind", ["predictions", "labels"])
@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_segment_that_is_not_compressed_as_it_is_named_is_refused(
    folder: Path, kind: str, ending: str
) -> None:
    path = folder / kind / "one.jsonl"
    path.rename(f"{path}{ending}")
    error = refusal(folder)
    assert error.code == "invalid-log"
    assert f"one.jsonl{ending}" in str(error)
    assert len(str(error)) < 600


def test_compressed_segment_cut_short_is_refused(folder: Path) -> None:
    path = folder / "predictions/two.jsonl.gz"
    whole = gzip.compress((folder / "predictions/one.jsonl").read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(folder).code == "invalid-log"


@pytest.mark.parametrize("kind", ["predictions", "labels"])
def test_segment_that_is_no_file_is_refused(folder: Path, kind: str) -> None:
    path = folder / kind / "pipe.jsonl"
    for make in (os.mkfifo, os.mkdir):
        make(path)
        error = refusal(folder)
        assert error.code == "not-a-file"
        assert str(path) in str(error)
        path.unlink() if path.is_fifo() else path.rmdir()


def test_files_that_are_not_read_are_named_in_order(folder: Path) -> None:
    for name in ("predictions/b.csv", "labels/a.txt", "predictions/a.jsonl.bz2"):
        (folder / name).write_text("")
    unread = ("predictions/a.jsonl.bz2", "predictions/b.csv", "labels/a.txt")
    assert checked(folder).log.unread == unread


def test_folder_without_segments_names_what_is_expected(folder: Path) -> None:
    (folder / "predictions/one.jsonl").rename(folder / "predictions/one.txt")
    error = refusal(folder)
    assert error.code == "no-log"
    for part in (str(folder / "predictions"), "*.jsonl.gz", "python -m serving run", "--log"):
        assert part in str(error)


def test_log_without_labels_is_read(folder: Path) -> None:
    (folder / "labels/one.jsonl").unlink()
    assert checked(folder).counted == 150
    (folder / "labels").rmdir()
    assert checked(folder).counted == 150


@pytest.mark.parametrize(
    "written", ["2026-11-23T07:00:00-05:00", "2026-11-23 12:00:00", NOW.isoformat()]
)
def test_time_of_a_record_is_utc_unless_it_has_an_offset(folder: Path, written: str) -> None:
    path = folder / "predictions/one.jsonl"
    path.write_text(path.read_text("utf-8").replace(NOW.isoformat(), written), "utf-8")
    second = timedelta(seconds=1)
    for now, counted in ((NOW, 150), (NOW - second, 0)):
        assert check(bundle_of(frozen()), folder, now=now).counted == counted
    for since, counted in ((NOW, 150), (NOW + second, 0)):
        result = check(bundle_of(frozen()), folder, since, now=NOW + timedelta(hours=9))
        assert result.counted == counted


@pytest.mark.parametrize("rehearsal", [None, False])
def test_record_without_a_word_on_rehearsals_is_of_production(
    folder: Path, rehearsal: bool | None
) -> None:
    path = folder / "predictions/one.jsonl"
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for record in records:
        del record["rehearsal"]
    word = {} if rehearsal is None else {"rehearsal": rehearsal}
    write_lines(path, [record | word for record in records])
    write_log(folder, rows(40, 1), [0.5] * 40, rehearsal=True, segment="rehearsed")
    result = checked(folder)
    assert (result.counted, result.log.rehearsal) == (150, False)


def test_record_that_was_delivered_again_in_its_segment_counts_once(folder: Path) -> None:
    path = folder / "predictions/one.jsonl"
    first, *others = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([first, *others, first, ""]), "utf-8")
    result = checked(folder)
    assert (result.counted, result.log.repeated) == (150, 1)


def test_reference_that_lacks_a_part_is_an_error(folder: Path) -> None:
    for part in ("rows", "features", "performance"):
        bundle = bundle_of(frozen())
        del bundle.reference[part]
        with pytest.raises(BadInput, match=part) as raised:
            check(bundle, folder, now=NOW)
        assert raised.value.code == "incomplete-reference"
