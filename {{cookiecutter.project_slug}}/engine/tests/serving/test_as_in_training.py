"""The server reads a value as training and bulk work read it, or refuses it.

Otherwise the same value would be a known one in a file and an unseen one in a request, and the
model would give it another score without a word.
"""

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from engine.bundle.bundle import Contract
from engine.contract.column import Column
from engine.contract.format import ColumnFormat
from engine.serving.batch.predict import valid_rows
from engine.serving.http.errors import ProblemError
from engine.serving.http.request_parsing import read_rows
from engine.serving.http.schema import Limits, schema_of

WORDS = ColumnFormat(missing=("N/A", "unknown", "-999", "9999-12-31"))
SPACES = ("", " ", "\t", "\u00a0", "\u3000", "\n ")
TEXTS = [f"{before}{text}{after}" for text in ("red", "Zed", "N/A", "unknown", "n/a", "")
         for before in SPACES for after in SPACES]  # fmt: skip
NUMBERS = [-999.0, 999, -998.5, 0, 3]
DATES = ["9999-12-31", "9999-12-30", "2026-03-01T09:30:00"]
CASES: list[tuple[Any, list[Any]]] = [
    ("category", TEXTS),
    ("number", NUMBERS),
    ("integer", NUMBERS),
    ("date", DATES),
]


def served(column: Column, values: list[Any], *, many: bool = False) -> list[Any]:
    """The value of each request's row after its checks; 'refused' if it has none."""
    schema = schema_of(Contract("regression", (), (column,), ()), Limits())
    result = []
    for value in values:
        row: Any = {column.name: value}
        try:
            body = {"rows": [row, row]} if many else row
            rows, _ = read_rows(json.dumps(body).encode(), schema)
            result.append(rows[-1].get(column.name))
        except ProblemError as error:
            result.append("refused" if error.code == "invalid" else error)
    return result


def in_bulk(column: Column, values: list[Any]) -> list[Any]:
    """The same as bulk work and training read the values in a Parquet file."""
    frame, reasons = valid_rows(pa.table({column.name: values}), (column,))
    cells = frame[column.name]
    return [
        "refused" if at in reasons else None if pd.isna(cells[at]) else cells[at]
        for at in range(len(values))
    ]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("cells", [ColumnFormat(), WORDS])
@pytest.mark.parametrize(("kind", "values"), CASES)
def test_value_of_a_request_is_read_as_in_a_file(
    kind: Any, values: list[Any], cells: ColumnFormat, *, nullable: bool, many: bool
) -> None:
    column = Column("c", kind, nullable=nullable, categories=("red",), format=cells)
    wanted, given = in_bulk(column, values), served(column, values, many=many)
    if kind == "date":  # the row keeps the text
        given = [one if one in (None, "refused") else pd.Timestamp(one) for one in given]
    assert dict(zip(values, given, strict=True)) == dict(zip(values, wanted, strict=True))


@pytest.mark.parametrize("nullable", [False, True])
def test_closed_category_is_exact(*, nullable: bool) -> None:
    """A client that sends another text learns of it; no score is wrong."""
    column = Column("c", "category", nullable=nullable, categories=("red",), closed=True)
    assert served(column, ["red", "red ", " red", "", "Red"]) == ["red"] + ["refused"] * 4


@pytest.mark.parametrize("value", [True, False, [], {}, [""], 1.5, None])
def test_other_types_are_refused_where_words_mean_missing(value: Any) -> None:
    column = Column("c", "category", categories=("red",), format=WORDS)
    assert served(column, [value]) == ["refused"]
