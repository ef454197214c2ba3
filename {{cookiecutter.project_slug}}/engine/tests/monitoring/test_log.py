"""A log is read as it stands and each record counts once; damage is named or refused."""

import itertools
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from engine.monitoring.log import open_log
from engine.monitoring.result import Result
from engine.problem.errors import BadInput
from engine.tests.monitoring.made import (
    NOW,
    bundle_of,
    days_ago,
    frozen,
    rows,
    write_labels,
    write_lines,
    write_log,
)
from monitoring.check import check

ROWS = rows(150, seed=2)
SCORES = [i / 150 for i in range(150)]


def checked(logs: Path, since_days: float | None = None) -> Result:
    since = None if since_days is None else days_ago(since_days)
    return check(bundle_of(frozen()), logs, since, now=NOW)


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_no_log_is_refused_with_the_next_step(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty" / "predictions").mkdir(parents=True)
    with pytest.raises(BadInput, match="python -m serving run") as raised:
        checked(tmp_path / folder)
    assert raised.value.code == "no-log"


@pytest.mark.parametrize("truncated", ['{"prediction_id": "x", "row": {"a', "{", '{"row": "é'])
def test_log_truncated_last_line_is_counted_and_skipped(tmp_path: Path, truncated: str) -> None:
    write_log(tmp_path, ROWS, SCORES)
    with (tmp_path / "predictions/one.jsonl").open("ab") as file:
        file.write(truncated.encode()[:-1] if truncated.endswith("é") else truncated.encode())
    write_log(tmp_path, ROWS, SCORES, segment="two")
    assert (checked(tmp_path).counted, checked(tmp_path).log.truncated) == (300, 1)


def test_log_last_line_without_line_break_counts(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES)
    path = tmp_path / "predictions/one.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert (checked(tmp_path).counted, checked(tmp_path).log.truncated) == (150, 0)


@pytest.mark.parametrize(
    "line",
    [
        '{"prediction_id": "x", "row": {"a',
        "[]",
        "{}",
        '{"prediction_id": "x", "at": "2026-11-23", "bundle": "b", "row": {}}',
        '{"prediction_id": "x", "at": "noon", "bundle": "b", "row": {}, "score": 1}',
        '{"prediction_id": "x", "at": "2026-11-23", "bundle": "b", "row": {}, "score": "high"}',
    ],
)
def test_log_broken_line_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    write_log(tmp_path, ROWS, SCORES)
    path = tmp_path / "predictions/one.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[6] = line
    path.write_text("\n".join([*lines, '{"torn']), encoding="utf-8")
    with pytest.raises(BadInput, match=r"one\.jsonl, found 2 broken, the first in line 7;"):
        checked(tmp_path)


def test_log_broken_label_is_refused(tmp_path: Path) -> None:
    ids = write_log(tmp_path, ROWS, SCORES)
    write_labels(tmp_path, ids, [True] * 150)
    write_lines(tmp_path / "labels/two.jsonl", [{"prediction_id": "x"}])
    with pytest.raises(BadInput, match=r"labels.two\.jsonl, found 1 broken, the first in line 1;"):
        checked(tmp_path)


def taken(logs: Path, sent: Sequence[Mapping[str, Any]]) -> str | None:
    """What is taken of labels for one answer that came in this order, a minute apart, as JSON."""
    if not logs.exists():
        write_log(logs, ROWS, SCORES)
    came = [
        {"prediction_id": "one", "at": f"2026-11-23T12:{minute:02d}:00+00:00", **label}
        for minute, label in enumerate(sent)
    ]
    write_lines(logs / "labels/one.jsonl", came)
    with duckdb.connect() as connection:
        open_log(connection, logs, "b", UNTIL)
        [(label,)] = connection.execute("SELECT label FROM labels").fetchall()
    return None if label is None else str(label)


UNTIL = datetime(2026, 11, 24)
FIRST = {"label": False, "known_at": "2026-11-20T10:00:00+00:00"}
MENDED = {"label": True, "known_at": "2026-11-20T10:00:00.000001+00:00"}


def test_labels_latest_known_counts_in_any_order(
    tmp_path: Path,
) -> None:
    for sent in itertools.product((FIRST, MENDED), repeat=4):
        assert taken(tmp_path / "log", sent) == ("true" if MENDED in sent else "false")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([{"label": True}, {"label": False}], "false"),  # the arrival counts
        ([{"label": True}, FIRST], "true"),  # which here is later than what was known before
        ([{**FIRST, "known_at": "2026-11-23T12:30:00+00:00"}, {"label": True}], "false"),
        ([MENDED, {**MENDED, "label": False}], "false"),  # known at once: the later to come
        ([{**MENDED, "known_at": "2026-11-20T11:00:00+02:00"}, FIRST], "false"),
        ([MENDED, {**FIRST, "label": None, "known_at": "2026-11-21"}], None),
        ([{**MENDED, "known_at": None}, {"label": False}], "false"),
    ],
)
def test_labels_without_known_at_count_from_receipt(
    tmp_path: Path, sent: list[dict[str, Any]], expected: str | None
) -> None:
    assert taken(tmp_path / "log", sent) == expected


def test_labels_that_came_after_the_window_do_not_count(tmp_path: Path) -> None:
    labels = [
        {"prediction_id": "one", "at": f"2026-11-{day}T12:00:00+00:00", "label": day == 25}
        for day in (23, 25)
    ]
    write_log(tmp_path, ROWS, SCORES)
    write_lines(tmp_path / "labels/one.jsonl", labels)
    with duckdb.connect() as connection:
        open_log(connection, tmp_path, "b", UNTIL)
        assert connection.execute("SELECT label FROM labels").fetchall() == [("false",)]


def test_labels_received_at_the_end_of_the_window_count(tmp_path: Path) -> None:
    end = {"label": True, "at": f"{UNTIL.isoformat()}+00:00"}
    assert taken(tmp_path / "log", [{**FIRST, "known_at": None}, end]) == "true"
    late = {"label": False, "at": f"{UNTIL.isoformat()}.000001+00:00"}
    assert taken(tmp_path / "log", [end, late]) == "true"


def test_labels_invalid_known_at_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"labels.one\.jsonl, found 1 broken, the first in line 2;"):
        taken(tmp_path / "log", [FIRST, {**FIRST, "known_at": "noon"}])


def test_an_empty_segment_is_a_segment(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES)
    (tmp_path / "predictions/zero.jsonl").touch()
    assert checked(tmp_path).counted == 150


@pytest.mark.parametrize(
    ("name", "neighbour"),
    [("log?", "logs"), ("log*", "log-of-may"), ("**", "log"), ("a [new] 'log'", "a n 'log'")],
)
def test_log_of_any_name_is_read_without_its_neighbours(
    tmp_path: Path, name: str, neighbour: str
) -> None:
    """A folder and a segment whose names are patterns of other names."""
    for folder in (name, neighbour):
        write_log(tmp_path / folder, ROWS, SCORES, segment="one?")
        write_log(tmp_path / folder, ROWS, SCORES, segment="ones")
    assert (checked(tmp_path / name).counted, checked(tmp_path / name).log.repeated) == (300, 0)


def test_log_rows_of_another_bundle_are_skipped(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES)
    write_log(tmp_path, rows(500, 3, shift=5), [0.5] * 500, bundle="c" * 64, segment="two")
    assert (checked(tmp_path).counted, checked(tmp_path).wrong) == (150, ())


def test_log_rehearsals_do_not_mix_with_production_rows(tmp_path: Path) -> None:
    write_log(tmp_path, rows(500, 3, shift=5), [0.5] * 500, rehearsal=True, segment="two")
    alone = checked(tmp_path)
    assert (alone.counted, alone.log.rehearsal) == (500, True)
    assert alone.wrong
    assert "rehearsed" in alone.headline
    write_log(tmp_path, ROWS, SCORES)
    both = checked(tmp_path)
    assert (both.counted, both.log.rehearsal, both.wrong) == (150, False, ())


def test_window_since_and_now_limit_the_rows(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES, at=days_ago(8), segment="old")
    write_log(tmp_path, ROWS, SCORES, at=days_ago(6), segment="new")
    assert checked(tmp_path).counted == 150  # window_days is 7
    assert checked(tmp_path, since_days=9).counted == 300
    assert checked(tmp_path, since_days=1).counted == 0


def test_window_holds_both_of_its_ends_and_nothing_beyond(tmp_path: Path) -> None:
    second = timedelta(seconds=1)
    for segment, at in (
        ("first", days_ago(2)), ("before", days_ago(2) - second), ("last", NOW),
        ("after", NOW + second),
    ):  # fmt: skip
        write_log(tmp_path, ROWS, SCORES, at=at, segment=segment)
    assert checked(tmp_path, since_days=2).counted == 300


@pytest.mark.parametrize("hours", [-11, 2, 13])
def test_window_in_another_zone_is_the_same_window(tmp_path: Path, hours: int) -> None:
    write_log(tmp_path, ROWS, SCORES, at=days_ago(1))
    zone = timezone(timedelta(hours=hours))
    minute = timedelta(minutes=1)
    for since, counted in ((days_ago(1) - minute, 150), (days_ago(1) + minute, 0)):
        result = check(bundle_of(frozen()), tmp_path, since.astimezone(zone), now=NOW)
        assert (result.counted, result.since) == (counted, since)
    until = (days_ago(1) + minute).astimezone(zone)
    assert check(bundle_of(frozen()), tmp_path, now=until).counted == 150


def test_no_answer_of_the_bundle_is_insufficient_data(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES, bundle="c" * 64)
    result = checked(tmp_path)
    assert (result.verdict, result.counted, result.wrong) == ("insufficient data", 0, ())
    assert result.headline.startswith("insufficient data: 0 of at least 100 rows")


def test_window_ends_at_now(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES, at=days_ago(-1), segment="tomorrow")
    write_log(tmp_path, ROWS, SCORES, at=days_ago(1))
    assert checked(tmp_path).counted == 150


def test_a_record_that_was_delivered_several_times_counts_once(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES)
    once = checked(tmp_path)
    segment = tmp_path / "predictions/one.jsonl"
    for number in range(5):
        shutil.copy(segment, segment.with_name(f"again-{number}.jsonl"))
    result = checked(tmp_path)
    assert (result.counted, result.log.repeated) == (150, 5 * 150)
    assert (result.rows, result.verdict) == (once.rows, once.verdict)


def test_a_record_that_was_delivered_again_counts_when_it_was_made(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES, at=days_ago(6))
    again = tmp_path / "predictions/again.jsonl"
    text = (tmp_path / "predictions/one.jsonl").read_text(encoding="utf-8")
    again.write_text(text.replace(days_ago(6).isoformat(), days_ago(1).isoformat()))
    assert (checked(tmp_path).counted, checked(tmp_path).log.repeated) == (150, 150)
    assert checked(tmp_path, since_days=2).counted == 0


@pytest.mark.parametrize(("ending", "codec"), [(".gz", "gzip"), (".zst", "zstd")])
def test_a_compressed_segment_is_read_and_its_truncated_line_skipped(
    tmp_path: Path, ending: str, codec: str
) -> None:
    write_log(tmp_path, ROWS, SCORES)
    plain = tmp_path / "predictions/one.jsonl"
    with pa.output_stream(f"{plain}{ending}", compression=codec) as stream:
        stream.write(plain.read_bytes() + b'{"prediction_id": "x", "ro')
    plain.unlink()
    result = checked(tmp_path)
    assert (result.counted, result.log.truncated, result.log.unread) == (150, 1, ())


@pytest.mark.parametrize(
    "name",
    [f"predictions/{one}" for one in ("one.jsonl.bz2", "two.json", "three.jsonl.tmp", "old")]
    + ["labels/late.csv", "four.jsonl"],
)
def test_a_file_that_is_not_read_is_named_and_the_verdict_is_not_ok(
    tmp_path: Path, name: str
) -> None:
    write_log(tmp_path, rows(2000, seed=0), list(np.random.default_rng(0).random(2000)))
    (tmp_path / name).mkdir(parents=True)
    result = checked(tmp_path)
    assert result.log.unread == (name,)
    assert result.verdict == "insufficient data"
    assert name in result.headline
    assert result.wrong == ()


def test_log_text_in_a_number_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, ROWS, SCORES)
    path = tmp_path / "predictions/one.jsonl"
    first, *others = path.read_text(encoding="utf-8").splitlines()
    record = json.loads(first)
    record["row"]["items"] = "many"
    path.write_text("\n".join([json.dumps(record), *others]) + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match="'many'") as raised:
        checked(tmp_path)
    assert raised.value.code == "not-a-number"
