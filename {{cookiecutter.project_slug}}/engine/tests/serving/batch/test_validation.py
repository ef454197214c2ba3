"""Bulk work and the server accept the same rows, refuse the same, and give the same reasons."""

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

from engine.bundle.archive import same
from engine.contract.text_cell import read_cell
from engine.serving.batch.predict import valid_rows
from engine.serving.model.table import frame
from engine.tests.serving.batch.files import answered, refused, rows, table, text
from engine.tests.serving.made import COLUMNS, ROW

LONG = "x" * 201
# More than Python makes an int of.
DIGITS = 5_000
# Cells of a text table; tests/contract has the table of what each of them means.
TEXTS = {
    "number": [
        *("", "12.5", " 7 ", "1e1", "+3", ".5", "50.001", "abc", "nan", "1e999", "1,5"),
        *(
            "9" * DIGITS,
            "-" + "9" * DIGITS,
            "0." + "3" * DIGITS,
            "0" * DIGITS + "7",
            "1e" + "9" * 99,
        ),
    ],
    "integer": [
        *("", "3", "3.0", "3.5", "101", "9223372036854775807", "9223372036854775808", "x"),
        *(
            "9" * DIGITS,
            "-" + "9" * DIGITS,
            "3." + "0" * DIGITS,
            "0" * DIGITS + "7",
            "1e" + "9" * 99,
        ),
    ],
    "boolean": ["", "true", " TRUE ", "1", "yes", "1" * DIGITS],
    "category": ["", "fast", "Fast", " fast", "red", "7", LONG, LONG[1:], "a\nb", "7" * DIGITS],
    "date": [
        *("", "2026-03-01", "2026-02-30", "2026-03-01T09:30:00Z", "0000-01-01", "yesterday"),
        *("2" * DIGITS, "2026-03-01T09:30:00." + "1" * DIGITS),
    ],
}
# Columns of a Parquet file, with the JSON values that mean the same.
ARRAYS: list[tuple[str, pa.Array, list[Any]]] = [
    ("mean radius (mm)", pa.array([1, None, 50], pa.int32()), [1, None, 50]),
    ("mean radius (mm)", pa.array([0.5, 50.5], pa.float32()), [0.5, 50.5]),
    ("mean radius (mm)", pa.array([float("nan"), 1.0]), [None, 1.0]),
    ("mean radius (mm)", pa.array([Decimal("1.25"), Decimal("50.01")]), [1.25, 50.01]),
    ("mean radius (mm)", pa.nulls(2), [None, None]),
    ("mean radius (mm)", pa.nulls(2, pa.bool_()), [None, None]),
    ("items", pa.array([3.0, 3.5, None, float("nan")]), [3.0, 3.5, None, None]),
    ("items", pa.array([0, 2**63, 7], pa.uint64()), [0, 2**63, 7]),
    ("items", pa.array([Decimal("4"), Decimal("4.5")]), [4, 4.5]),
    ("items", pa.array(["4", "4.5"]), [4, 4.5]),
    ("days", pa.array([2**53 + 1, None, -5], pa.int64()), [2**53 + 1, None, -5]),
    ("days", pa.array([1e17, float("nan"), -0.5]), [1e17, None, -0.5]),
    ("insured", pa.array([True, None, False]), [True, None, False]),
    ("service", pa.array(["fast", "quick", None]).dictionary_encode(), ["fast", "quick", None]),
    ("carrier", pa.array(["new", LONG, None], pa.large_string()), ["new", LONG, None]),
    ("carrier", pa.array(["new", None], pa.string_view()), ["new", None]),
    ("carrier", pa.array([3, 4], pa.int8()), ["3", "4"]),
    ("ordered_at", pa.array([date(2026, 3, 1), None], pa.date32()), ["2026-03-01", None]),
    ("ordered_at", pa.array([date(2026, 3, 1), None], pa.date64()), ["2026-03-01", None]),
    ("ordered_at", pa.nulls(2, pa.float64()), [None, None]),
    (
        "ordered_at",
        pa.array([datetime(2026, 3, 1, 9), None], pa.timestamp("ns", "Europe/Berlin")),
        ["2026-03-01T09:00:00", None],
    ),
    (
        "ordered_at",
        pa.array([10**12, 10**14, 0], pa.timestamp("s")),
        ["33658-09-27", "a year after 9999", "1970-01-01"],
    ),
]


def by_server(client: TestClient, row: dict[str, Any]) -> Any:
    """The server's prediction for a row, or the fields that it refuses."""
    sent = {name: value for name, value in row.items() if name != "id" and value is not None}
    body = client.post("/v1/predict", content=json.dumps(sent)).json()
    if "score" in body:
        return {name: body[name] for name in ("score", "decision")}
    return [(error["field"], error["expected"]) for error in body["errors"]]


def assert_agree(
    client: TestClient, given: Path, bundle: Path, sent: Sequence[dict[str, Any]]
) -> None:
    """Bulk work gives each row of the file the server's result for the row that was `sent`."""
    _, results = answered(given, bundle)
    answers = {row["row"]: {name: row[name] for name in ("score", "decision")} for row in results}
    path = given.with_name("out.refused.parquet")
    reasons = {row["row"]: row["reason"] for row in refused(given)} if path.exists() else {}
    assert sorted([*answers, *reasons]) == list(range(1, len(sent) + 1))
    for number, row in enumerate(sent, start=1):
        online = by_server(client, row)
        if isinstance(online, dict):
            assert number in answers, (row, reasons[number])
            assert same(answers[number], online), row
        else:
            assert number in reasons, row
            assert [reason.rsplit(", got ", 1)[0] for reason in reasons[number].split("; ")] == [
                f"{field}: expected {expected}" for field, expected in online
            ]


def test_text_cells_get_the_result_of_the_server(
    client: TestClient, tmp_path: Path, bundle_path: Path
) -> None:
    """Each kind of cell once, alone in its row."""
    sent: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    for column in COLUMNS:
        for cell in TEXTS[column.type]:
            [row] = rows(1, seed=len(sent))
            texts.append(row | {column.name: cell})
            sent.append(row | {column.name: read_cell(column, cell)})
    assert_agree(client, text(tmp_path / "in.csv", texts), bundle_path, sent)


@pytest.mark.parametrize("name", ["items", "days"])
@pytest.mark.parametrize("digits", [17, 18, 19, 20, 4_300, 4_301, DIGITS])
def test_whole_number_of_many_digits_is_read_as_the_server_reads_it(name: str, digits: int) -> None:
    """Beside short ones: a column of short whole numbers alone is read faster."""
    [column] = (one for one in COLUMNS if one.name == name)
    for cell in ("9" * digits, "-" + "9" * digits, "1" + "0" * digits, "0" * digits + "7"):
        given = pa.table({name: ["1", "+2", cell]})
        made, reasons = valid_rows(given, (column,))
        value = read_cell(column, cell)
        if isinstance(value, int) and (name == "days" or value == 7):
            assert (made[name].tolist(), reasons) == ([1, 2, float(value)], {})
        else:
            assert (made[name].tolist(), [*reasons]) == ([1, 2], [2])
            assert len(reasons[2]) < 200


def test_rows_with_many_mistakes_get_the_reasons_of_the_server(
    client: TestClient, tmp_path: Path, bundle_path: Path
) -> None:
    """Reasons of several columns stand in the order of the contract."""
    rng = np.random.default_rng(0)
    sent, texts = rows(400), rows(400)
    for row, other in zip(sent, texts, strict=True):
        for column in COLUMNS:
            if rng.random() < 0.15:
                cells = TEXTS[column.type]
                other[column.name] = cells[rng.integers(len(cells))]
                row[column.name] = read_cell(column, other[column.name])
    assert_agree(client, text(tmp_path / "in.csv", texts), bundle_path, sent)


@pytest.mark.parametrize(("name", "cells", "values"), ARRAYS)
def test_typed_columns_get_the_result_of_the_server(
    client: TestClient,
    tmp_path: Path,
    bundle_path: Path,
    name: str,
    cells: pa.Array,
    values: list[Any],
) -> None:
    """A declared type is only a way to store values."""
    few = rows(len(values))
    given = table(few)
    given = given.set_column(given.column_names.index(name), name, cells)
    pq.write_table(given, tmp_path / "in.parquet")
    sent = [row | {name: value} for row, value in zip(few, values, strict=True)]
    assert_agree(client, tmp_path / "in.parquet", bundle_path, sent)


def test_valid_rows_are_the_table_that_the_server_makes() -> None:
    """The model gets the same columns, types and values."""
    few = [{**row, "id": None} for row in rows(50)] + [{**ROW, "id": None, "items": 100}]
    made, reasons = valid_rows(table(few), COLUMNS)
    assert not reasons
    pd.testing.assert_frame_equal(made, frame(few, COLUMNS))


def test_dictionaries_that_outgrow_their_index_are_read_by_meaning(
    tmp_path: Path, bundle_path: Path
) -> None:
    """More values than the declared index type can count, in inputs and copied columns."""
    few = rows(400)
    names = pa.array([f"c{number}" for number in range(400)])
    small = pa.dictionary(pa.int8(), pa.string())
    given = table(few).set_column(7, "carrier", names).append_column("lane", names)
    schema = given.schema.set(7, pa.field("carrier", small)).set(9, pa.field("lane", small))
    with pq.ParquetWriter(tmp_path / "in.parquet", schema) as writer:
        for first in range(0, 400, 100):
            piece = given.slice(first, 100)
            columns = [
                column.combine_chunks().dictionary_encode().cast(small)
                if name in ("carrier", "lane")
                else column.combine_chunks()
                for name, column in zip(piece.column_names, piece.columns, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    code, results = answered(tmp_path / "in.parquet", bundle_path)
    assert code == 0
    assert [row["lane"] for row in results] == names.to_pylist()
