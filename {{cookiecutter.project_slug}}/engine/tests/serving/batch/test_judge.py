"""In bulk and online the same rows are accepted, refused and answered, and in the same words."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from engine.bundle.replay import same
from engine.serving.batch.cells import training_table
from engine.serving.batch.validation import Judge
from engine.serving.model.predictor import Predictor
from engine.serving.model.table import frame
from engine.tests.serving.batch.files import answered, refused, rows, table, text
from engine.tests.serving.made import COLUMNS, ROW

LONG = "x" * 201
# A cell of a CSV, and what it says in JSON.
CELLS: dict[str, list[tuple[str, Any]]] = {
    "number": [
        ("", None), ("12.5", 12.5), ("7", 7), (" 7 ", 7), ("1e1", 10.0), ("+3", 3), (".5", 0.5),
        ("5.", 5.0), ("-0", -0.0), ("50", 50), ("50.001", 50.001), ("-1e-9", -1e-9), ("abc", "abc"),
        ("nan", "nan"), ("inf", "inf"), ("1e999", float("inf")), ("1_0", "1_0"), ("true", "true"),
        ("0x10", "0x10"), ("1,5", "1,5"), ("٣", "٣"), ("007", 7), ("null", "null"), ("1 2", "1 2"),
    ],
    "integer": [
        ("", None), ("3", 3), ("3.0", 3.0), ("3.5", 3.5), ("1e1", 10.0), ("0", 0), ("100", 100),
        ("101", 101), ("9223372036854775807", 2**63 - 1), ("9223372036854775808", 2**63),
        ("-9223372036854775808", -(2**63)), ("123456789012345678", 123456789012345678),
        ("abc", "abc"), ("1e999", float("inf")), ("+4", 4), ("004", 4), ("true", "true"),
    ],
    "boolean": [
        ("", None), ("true", True), ("False", False), (" TRUE ", True), ("1", "1"), ("yes", "yes"),
    ],
    "category": [
        ("", None), ("fast", "fast"), ("Fast", "Fast"), (" fast", " fast"), ("red", "red"),
        ("7", "7"), (LONG, LONG), (LONG[1:], LONG[1:]), ("é" * 200, "é" * 200), ("a\nb", "a\nb"),
    ],
    "date": [
        ("", None), ("2026-03-01", "2026-03-01"), ("2026-03-01 09:30", "2026-03-01 09:30"),
        ("2026-03-01T09:30:00.5", "2026-03-01T09:30:00.5"), ("2026-02-30", "2026-02-30"),
        ("2026-03-01T09", "2026-03-01T09"), ("2026-03-01T25:00", "2026-03-01T25:00"),
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00Z"), ("0000-01-01", "0000-01-01"),
        ("0001-01-01", "0001-01-01"), ("9999-12-31T23:59:59", "9999-12-31T23:59:59"),
        ("yesterday", "yesterday"), ("2026-03-01T09:30:00.1234567", "2026-03-01T09:30:00.1234567"),
        ("2026-3-1", "2026-3-1"), ("20260301", "20260301"),
    ],
}  # fmt: skip
# Arrays of a Parquet file by the type of their column, with what they say in JSON.
ARRAYS: list[tuple[str, pa.Array, list[Any]]] = [
    ("mean radius (mm)", pa.array([1, None, 51], pa.int32()), [1, None, 51]),
    ("mean radius (mm)", pa.array([0.5, 50.5], pa.float32()), [0.5, 50.5]),
    ("mean radius (mm)", pa.array([float("nan"), 1.0, float("inf")]), [None, 1.0, float("inf")]),
    ("mean radius (mm)", pa.array([Decimal("1.25"), Decimal("50.01")]), [1.25, 50.01]),
    ("mean radius (mm)", pa.nulls(2), [None, None]),
    ("items", pa.array([3.0, 3.5, None, 1e300, float("nan")]), [3.0, 3.5, None, 1e300, None]),
    ("items", pa.array([0, 2**63, 7], pa.uint64()), [0, 2**63, 7]),
    ("items", pa.array([Decimal("4"), Decimal("4.5")]), [4, 4.5]),
    ("days", pa.array([2**53 + 1, None, -5], pa.int64()), [2**53 + 1, None, -5]),
    ("days", pa.array([1e17, float("nan"), -0.5]), [1e17, None, -0.5]),
    ("days", pa.nulls(2), [None, None]),
    ("insured", pa.array([True, None, False]), [True, None, False]),
    ("fragile", pa.array([True, None]), [True, None]),
    ("service", pa.array(["fast", "quick", None]).dictionary_encode(), ["fast", "quick", None]),
    ("carrier", pa.array(["new", LONG, None], pa.large_string()), ["new", LONG, None]),
    ("ordered_at", pa.array([date(2026, 3, 1), None], pa.date32()), ["2026-03-01", None]),
    (
        "ordered_at",
        pa.array([datetime(2026, 3, 1, 9), None], pa.timestamp("ms")),
        ["2026-03-01T09:00:00", None],
    ),
    (
        "ordered_at",
        pa.array([1_000, 1_001, 10**18], pa.timestamp("ns")),
        ["1970-01-01 00:00:00.000001", "1970-01-01 00:00:00.000001001", "2001-09-09 01:46:40"],
    ),
    (
        "ordered_at",
        pa.array([10**12, -(10**12), 0], pa.timestamp("s")),
        ["33658-09-27", "-29719-04-05", "1970-01-01"],
    ),
]


def told(client: TestClient, row: dict[str, Any]) -> Any:
    """What the server says of a row: the answer, or the fields that it refuses."""
    sent = {name: value for name, value in row.items() if name != "id" and value is not None}
    got = client.post("/v1/predict", content=json.dumps(sent)).json()
    if "score" in got:
        return {name: got[name] for name in ("score", "decision")}
    return [(error["field"], error["expected"]) for error in got["errors"]]


def agree(client: TestClient, given: Path, bundle: Path, sent: Sequence[dict[str, Any]]) -> None:
    """Batch says of each row of the file what the server says of what was `sent`."""
    _, found = answered(given, bundle)
    answers = {row["row"]: {name: row[name] for name in ("score", "decision")} for row in found}
    path = given.with_name("out.refused.parquet")
    bad = {row["row"]: row["reason"] for row in refused(given)} if path.exists() else {}
    assert sorted([*answers, *bad]) == list(range(1, len(sent) + 1))
    for number, row in enumerate(sent, start=1):
        says = told(client, row)
        if isinstance(says, dict):
            assert number in answers, (row, bad[number])
            assert same(answers[number], says), row
        else:
            assert number in bad, row
            reasons = bad[number].split("; ")
            assert [reason.rsplit(", got ", 1)[0] for reason in reasons] == [
                f"{field}: expected {expected}" for field, expected in says
            ]


def test_every_cell_of_a_csv_is_judged_as_the_server_judges_what_it_says(
    client: TestClient, tmp_path: Path, bundle_path: Path
) -> None:
    sent: list[dict[str, Any]] = []
    written: list[dict[str, Any]] = []
    for column in COLUMNS:
        for cell, value in CELLS[column.type]:
            [row] = rows(1, seed=len(sent))
            written.append(row | {column.name: cell})
            sent.append(row | {column.name: value})
    agree(client, text(tmp_path / "in.csv", written), bundle_path, sent)


def test_over_many_rows_with_many_mistakes_both_say_the_same(
    client: TestClient, tmp_path: Path, bundle_path: Path
) -> None:
    rng = np.random.default_rng(0)
    sent, written = rows(400), rows(400)
    for row, other in zip(sent, written, strict=True):
        for column in COLUMNS:
            if rng.random() < 0.15:
                cells = CELLS[column.type]
                other[column.name], row[column.name] = cells[rng.integers(len(cells))]
    agree(client, text(tmp_path / "in.csv", written), bundle_path, sent)


@pytest.mark.parametrize(("name", "cells", "values"), ARRAYS)
def test_every_type_that_a_parquet_may_have_is_judged_as_the_server_judges_its_json(
    client: TestClient,
    tmp_path: Path,
    bundle_path: Path,
    name: str,
    cells: pa.Array,
    values: list[Any],
) -> None:
    some = rows(len(values))
    given = table(some)
    given = given.set_column(given.column_names.index(name), name, cells)
    pq.write_table(given, tmp_path / "in.parquet")
    sent = [row | {name: value} for row, value in zip(some, values, strict=True)]
    agree(client, tmp_path / "in.parquet", bundle_path, sent)


def test_the_model_sees_the_table_that_the_server_makes(predictor: Predictor) -> None:
    some = [{**row, "id": None} for row in rows(50)] + [{**ROW, "id": None, "items": 100}]
    judged = Judge(predictor.bundle.contract, written=False)(table(some))
    assert len(judged.good) == len(some)
    made = training_table(judged.good, COLUMNS)
    pd.testing.assert_frame_equal(made, frame(some, COLUMNS))


def test_rows_asked_about_stay_in_their_places(predictor: Predictor) -> None:
    some = rows(9)
    for place, number in ((2, 2**53 + 2), (5, -(2**60))):
        some[place]["days"] = number
    days = pa.array([None if row["days"] is None else float(row["days"]) for row in some])
    given = table(some).set_column(3, "days", days)
    judged = Judge(predictor.bundle.contract, written=False)(given)
    assert judged.places.tolist() == list(range(9))
    assert judged.good.column("days").to_pylist() == [row["days"] for row in some]
