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

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.adopt.infer import guess, infer_column, reach, typed
from engine.contract.cells import allowed, convert
from engine.contract.column import Column, ColumnType
from engine.contract.layout import Layout
from engine.data.edges import all_edges
from engine.data.load import load
from engine.data.sources import read
from engine.problem.errors import BadInput
from engine.problem.spec import read as read_problem
from engine.serving.batch.source import open_source
from engine.tests.data.made import schema_of

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
    "whole decimals": (pa.array([Decimal(5), None], pa.decimal128(38, 0)), "integer", [5, None]),
    "long decimals": (pa.array([Decimal(10**30), Decimal(-1)]), "category", [str(10**30), "-1"]),
    "long with a scale": (pa.array([Decimal(2**54 + 1)] * 2, pa.decimal128(38, 9)), "integer",
                          [2**54 + 1] * 2),
    "long with a fraction": (
        pa.array([Decimal(f"{10**20}.25"), Decimal(10**20)], pa.decimal128(38, 2)), "category",
        [f"{10**20}.25", str(10**20)]),
    "of a zone that nobody knows": (pa.array([0, 1], pa.timestamp("s", "Mars/Base")), "date",
                                    ["1970-01-01 00:00:00", "1970-01-01 00:00:01"]),
    "uuids": (pa.array([bytes(16), None], pa.uuid()), "category",
              ["00000000-0000-0000-0000-000000000000", None]),
    "bytes of text": (pa.array([b"a", None]), "category", ["a", None]),
    "durations": (pa.array([90, None], pa.duration("s")), "number", [90.0, None]),
    "json": (pa.array(["1.5", None], pa.json_()), "number", [1.5, None]),
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


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ("1.1 1.10 1.2", "category"),
        ("250.0 250.00 414.01", "category"),
        ("76561198000000001.0 76561198000000002.0", "category"),
        ("+99999999999999999999 1", "category"),
        ("1,234,567,890,123,456,789,012 1,234", "category"),
        ("1.10 1.20 1.30", "number"),
        ("1 1.0 2.5", "number"),
        ("1,5 1,50 2,75", "number"),
        ("12.50% 12.5%", "number"),
        ("9007199254740993 9007199254740992", "integer"),
        (" ".join(f"{n / 100:.2f} {n / 10:g}" for n in range(300)), "number"),
    ],
)
def test_texts_that_would_become_one_number_are_codes_or_are_named(
    texts: str, kind: ColumnType
) -> None:
    inferred = infer_column(pd.Series(texts.split(" "), dtype="str"))
    assert inferred.kind == kind
    values, unique = typed(pd.Series(texts.split(" "), dtype="str"), inferred), set(texts.split())
    assert values.nunique() == len(unique) or "are read as one number" in " ".join(inferred.notes)


def not_text() -> pa.Array:
    """Texts of Parquet that are not UTF-8, which nothing checks when they are written."""
    ends = np.arange(81, dtype=np.int32).tobytes()
    return pa.Array.from_buffers(
        pa.string(), 80, [None, pa.py_buffer(ends), pa.py_buffer(b"\xff" * 80)]
    )


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([[1], [2]] * 40),
        pa.array([{"a": 1}] * 80),
        pa.array([[("a", 1)]] * 80, pa.map_(pa.string(), pa.int64())),
        pa.array([b"\xff\x00", b"a"] * 40),
        pa.array([b"\0"] * 80),
        pa.array([2**62] * 80, pa.duration("s")),
        not_text(),
    ],
    ids=["lists", "structs", "maps", "bytes", "zeros", "durations", "no text"],
)
def test_columns_without_single_values_are_excluded_and_needed_ones_refused(
    cells: pa.Array, project: Path
) -> None:
    pq.write_table(
        pa.table({"x": [n % 7 for n in range(80)], "odd": cells, "late": [0, 1] * 40}), "t.parquet"
    )
    done = adopt("t.parquet", "late")
    assert "odd" in [one.name for one in done.guesses if one.excluded]
    problem, schema = read_problem(), schema_of(CONTRACT_FILE)
    assert "odd" in problem.columns.excluded
    assert load(problem, schema)["odd"].isna().all()
    without = {name: why for name, why in problem.columns.excluded.items() if name != "odd"}
    changed = problem.model_copy(
        update={"columns": problem.columns.model_copy(update={"excluded": without})}
    )
    with pytest.raises(BadInput) as error:
        load(changed, schema)
    assert error.value.code == "not-single-values"


@pytest.mark.parametrize("name", [" x ", "\ufeffx", "x\u200b"])
def test_names_of_parquet_are_stripped_as_those_of_text_are(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({name: [1, 2]}), path)
    assert read(str(path)).columns.tolist() == ["x"]
    assert open_source(path, Layout()).schema.names == ["x"]
    pq.write_table(pa.table({name: [1, 2], "x": [3, 4]}), path)
    for refused in (lambda: read(str(path)), lambda: open_source(path, Layout())):
        with pytest.raises(BadInput) as error:
            refused()
        assert error.value.code == "bad-column-names"


def test_old_times_of_parquet_keep_their_year(tmp_path: Path) -> None:
    late = dt.datetime(9999, 12, 31, 23, 59, 59)
    table = pa.table({"x": pa.array([late, dt.datetime(1600, 1, 1)], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "t.parquet", use_deprecated_int96_timestamps=True)
    assert read(str(tmp_path / "t.parquet"))["x"].max() == pd.Timestamp(late)


def test_guessed_range_of_whole_numbers_stays_within_64_bits() -> None:
    values = pd.Series([-(2**63), 2**63 - 1, 5] * 20, dtype="Int64", name="x")
    one = guess(values, infer_column(values))
    assert (one.minimum, one.maximum) == (-(2**63), 2**63 - 1)
    wide = Column("x", "integer", minimum=-1e30, maximum=1e30)
    assert allowed(wide, values).all()
    assert all(-(2**63) <= edge.value < 2**63 for edge in all_edges(wide))


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
