"""Every kind of cell that a file may hold is read as one of five types, or refused, never bent."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.adopt.infer import guess, infer_column, reach, typed
from engine.contract.cells import convert
from engine.contract.column import Column, ColumnType
from engine.data.sources import read

ARROW: dict[str, tuple[Any, ColumnType, list[Any]]] = {
    "small integers": (pa.array([1, 2], pa.int8()), "integer", [1, 2]),
    "integers with gaps": (pa.array([2**60 + 1, None]), "integer", [2**60 + 1, None]),
    "unsigned": (pa.array([2**64 - 1, 1], pa.uint64()), "category", [str(2**64 - 1), "1"]),
    "halves": (pa.array(np.array([1.5, 2], np.float16)), "number", [1.5, 2.0]),
    "decimals": (pa.array([Decimal("1.50"), None]), "number", [1.5, None]),
    "booleans with gaps": (pa.array([True, None]), "boolean", [True, None]),
    "categoricals": (pa.array(["a", "b"]).dictionary_encode(), "category", ["a", "b"]),
    "coded numbers": (pa.array([5, 6]).dictionary_encode(), "integer", [5, 6]),
    "large strings": (pa.array(["a", None], pa.large_string()), "category", ["a", None]),
    "days": (pa.array([dt.date(2026, 1, 2), None]), "date", ["2026-01-02", None]),
    "nanoseconds": (pa.array([1000, 2000], pa.timestamp("ns")), "date",
                    ["1970-01-01 00:00:00.000001", "1970-01-01 00:00:00.000002"]),
    "zoned": (pa.array([0, 1], pa.timestamp("s", "Asia/Tokyo")), "date",
              ["1970-01-01 00:00:00", "1970-01-01 00:00:01"]),
    "the far future": (pa.array([dt.datetime(9999, 12, 31)] * 2, pa.timestamp("s")), "date",
                       ["9999-12-31", "9999-12-31"]),
    "time of day": (pa.array([dt.time(8, 30)] * 2), "category", ["08:30:00"] * 2),
    "nothing": (pa.nulls(2), "category", [None, None]),
}  # fmt: skip


@pytest.mark.parametrize("case", ARROW.values(), ids=ARROW)
def test_infer_parquet_types(case: tuple[Any, ColumnType, list[Any]], tmp_path: Path) -> None:
    values, kind, expected = case
    pq.write_table(pa.table({"x": values}), tmp_path / "t.parquet")
    check(read(str(tmp_path / "t.parquet"))["x"], kind, expected)


CSV: dict[str, tuple[str, ColumnType, list[Any]]] = {
    "integers": ("1 2", "integer", [1, 2]),
    "integers with gaps": ("1 -", "integer", [1, None]),
    "whole numbers with a point": ("1.0 2.0", "number", [1.0, 2.0]),
    "booleans": ("True False", "boolean", [True, False]),
    "booleans with gaps": ("true -", "boolean", [True, None]),
    "mixed": ("1 a", "category", ["1", "a"]),
    "numbers too long": ("99999999999999999999 1", "category", ["99999999999999999999", "1"]),
    "numbers nearly too long": (f"{2**63} 1", "category", [str(2**63), "1"]),
    "days": ("2026-01-02 -", "date", ["2026-01-02", None]),
    "moments": ("2026-01-02T08:30 2026-01-02", "date", ["2026-01-02 08:30", "2026-01-02"]),
    "moments with an offset": ("2026-01-02T00:30+01:00 2026-01-02T00:30Z", "date",
                               ["2026-01-01 23:30", "2026-01-02 00:30"]),
    "no day of the calendar": ("2026-02-30 2026-01-02", "category", ["2026-02-30", "2026-01-02"]),
    "nothing": ("- -", "category", [None, None]),
}  # fmt: skip


@pytest.mark.parametrize("case", CSV.values(), ids=CSV)
def test_infer_csv_types(case: tuple[str, ColumnType, list[Any]], tmp_path: Path) -> None:
    cells, kind, expected = case
    rows = "".join(f"{cell.strip('-')},1\n" for cell in cells.split(" "))
    (tmp_path / "t.csv").write_text(f"\ufeffx,y\n{rows}", "utf-8")
    check(read(str(tmp_path / "t.csv"))["x"], kind, expected)


def check(values: pd.Series, kind: ColumnType, expected: list[Any]) -> None:
    """The guess is `kind`; converted to it, all cells are as expected and none is lost."""
    inferred = infer_column(values)
    assert guess(typed(values, inferred), inferred).type == kind
    converted, refused = convert(values, kind, nullable=bool(values.isna().any()))
    assert not refused.any()
    assert converted.isna().tolist() == [cell is None for cell in expected]
    if kind == "date":
        expected = [cell if cell is None else pd.Timestamp(cell) for cell in expected]
        assert converted.dtype == Column("x", "date").dtype
    assert [a for a in converted if not pd.isna(a)] == [b for b in expected if b is not None]


@pytest.mark.parametrize(
    ("values", "kind", "refused"),
    [
        ([1, 2], "number", []),
        (["1.5", "2", "x", None], "number", [2]),
        ([1.0, np.inf, -np.inf], "number", [1, 2]),
        ([True, False], "number", [0, 1]),
        ([1.0, 2.5, None], "integer", [1]),
        ([1.0, 1e19], "integer", [1]),
        (["True", "FALSE", "no"], "boolean", [2]),
        ([0, 1, 2], "boolean", [2]),
        ([1.0, 2.0, None], "category", []),
        ([True, False], "category", []),
        (["2026-01-01", "soon", "01.02.2026"], "date", [1, 2]),
        ([20260101], "date", [0]),
    ],
)
def test_convert_cells_of_another_type_are_marked(
    values: list[Any], kind: ColumnType, refused: list[int]
) -> None:
    assert np.flatnonzero(convert(pd.Series(values), kind, nullable=True)[1]).tolist() == refused


def test_convert_codes_beside_missing_ones_have_no_point() -> None:
    texts, _ = convert(pd.Series([1.0, 2.0, None]), "category", nullable=True)
    assert texts.dropna().tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1, 4, (0, 7)),
        (-1, 1, (-3, 3)),
        (-8, -2, (-14, 0)),
        (2011, 2012, (2010, 2013)),
        (1_700_000_000, 1_700_000_100, (1_699_999_900, 1_700_000_200)),
        (0.82, 41.0, (0, 81.2)),
        (5, 5, (5, 5)),
        (1e-323, 3e-320, (1e-323, 3e-320)),
        (0, 5e-324, (0, 5e-324)),
        (1e306, 5e307, (1e306, 5e307)),
        (-1.7e308, 1.7e308, (-1.7e308, 1.7e308)),
    ],
)
def test_reach_is_the_observed_range_and_as_much_again(
    low: float, high: float, expected: tuple[float, float]
) -> None:
    assert reach(low, high) == expected


def test_reach_includes_the_observed_values() -> None:
    rng = np.random.default_rng(0)
    for scale in 10.0 ** rng.uniform(-12, 15, 300):
        low, high = np.sort(rng.normal(size=2) * scale + rng.choice([0, 1e6, -1e9]))
        below, above = reach(low, high)
        assert below <= low <= high <= above
