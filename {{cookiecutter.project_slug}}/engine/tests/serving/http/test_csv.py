"""A CSV or a data frame of a request is read as the contract says, or refused by its fault."""

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.bundle.bundle import Contract
from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.serving.http.errors import ProblemError
from engine.serving.http.protocols.invocations import (
    MOST_OTHER_COLUMNS,
    rows_of_csv,
    rows_of_json,
)
from engine.serving.http.schema import Limits, Schema, schema_of

COLUMNS = (
    Column("weight", "number"),
    Column("items", "integer", nullable=True),
    Column("day", "date", nullable=True),
    Column("note", "category", nullable=True),
)
READ = {"weight": 1.5, "items": 3, "day": "2026-03-01", "note": "a"}
# A date of a text is read as a time.
CELLS = READ | {"day": "2026-03-01T00:00:00"}
TEXT = "weight,items,day,note\n1.5,3,2026-03-01,a\n"


def schema(layout: Layout = Layout()) -> Schema:  # noqa: B008
    contract = Contract("regression", (), COLUMNS, ())
    return schema_of(replace(contract, layout=layout), Limits(rows=3))


def of_csv(text: str | bytes, layout: Layout = Layout()) -> list[dict[str, Any]]:  # noqa: B008
    body = text if isinstance(text, bytes) else text.encode()
    return list(rows_of_csv(body, schema(layout)))


def of_json(body: Any) -> list[dict[str, Any]]:
    return list(rows_of_json(json.dumps(body).encode(), schema()))


def refusal(text: str | bytes, layout: Layout = Layout()) -> ProblemError:  # noqa: B008
    with pytest.raises(ProblemError) as refused:
        of_csv(text, layout)
    return refused.value


def test_cells_are_read_as_their_columns_are() -> None:
    assert of_csv(TEXT) == [CELLS]
    assert of_csv(TEXT.replace("\n", "\r\n")) == [CELLS]
    assert of_csv(b"\xef\xbb\xbf" + TEXT.encode()) == [CELLS]
    assert of_csv(TEXT.replace("3,2026-03-01,a", ",,")) == [
        CELLS | {"items": None, "day": None, "note": None}
    ]
    assert of_csv(TEXT + "\n\n2,4,,b\n")[1] == {"weight": 2.0, "items": 4, "day": None, "note": "b"}
    assert of_csv(TEXT.replace(",a\n", ',"a,\nb"\n')) == [CELLS | {"note": "a,\nb"}]
    assert of_csv(TEXT.replace(",a\n", ",a\u2028\x0bb\n"))[0]["note"] == "a\u2028\x0bb"


def test_layout_of_the_contract_is_that_of_the_request() -> None:
    assert of_csv(TEXT.replace(",", ";"), Layout(separator=";")) == [CELLS]
    names = {f"column_{number + 1}" for number in range(4)}
    [row] = of_csv(TEXT.splitlines()[1], Layout(header=False))
    assert not names & {"1.5"}
    assert list(row.values()) == ["1.5", "3", "2026-03-01", "a"]
    note = TEXT.replace(",a\n", ",é\n")
    assert of_csv(note.encode("latin-1"), Layout(encoding="latin-1")) == [CELLS | {"note": "é"}]
    assert of_csv(note, Layout(encoding="latin-1")) == [CELLS | {"note": "é"}]
    utf16 = Layout(encoding="utf-16")
    for text in (TEXT, note):
        assert of_csv(text.encode("utf-16"), utf16)[0]["note"] == text[-2]
    assert of_csv(TEXT.encode("utf-16-le"), Layout(encoding="utf-16-le")) == [CELLS]


def test_other_columns_are_dropped_unless_an_input_is_missing() -> None:
    more = TEXT.replace("note\n", "note,id\n").replace(",a\n", ",a,7\n")
    assert of_csv(more) == [CELLS]
    # One of the others may be the one that is missing under another name.
    [row] = of_csv(more.replace("items", "itms"))
    assert row == {"weight": 1.5, "itms": "3", "day": CELLS["day"], "note": "a", "id": "7"}


@pytest.mark.parametrize(("rows", "code"), [(1, ""), (3, ""), (4, "too-many-rows"), (0, "invalid")])
def test_lines_are_counted_as_rows(rows: int, code: str) -> None:
    header, line = TEXT.splitlines()
    text = "\n".join([header, *[line] * rows])
    if code:
        assert refusal(text).code == code
    else:
        assert of_csv(text) == [CELLS] * rows
    if rows:
        headless = "\n".join([line] * rows)
        if code:
            assert refusal(headless, Layout(header=False)).code == code
        else:
            assert len(of_csv(headless, Layout(header=False))) == rows


def test_columns_are_limited() -> None:
    """A training file has other columns; more than that is no table of this contract."""

    def wide(others: int) -> str:
        names, cells = (f",{text}" for text in ("x%d", "1"))
        more = "".join(names % number for number in range(others))
        header, line = TEXT.splitlines()
        return f"{header}{more}\n{line}{cells * others}\n"

    assert of_csv(wide(MOST_OTHER_COLUMNS)) == [CELLS]
    error = refusal(wide(MOST_OTHER_COLUMNS + 1))
    assert error.code == "invalid"
    assert "at most 204 columns, got 205" in error.detail
    # In whatever line.
    assert "got 206" in refusal(TEXT + "1," * 205 + "1\n").detail


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b"\xff\xfe\x00", "UTF-8"),
        (TEXT + "1,2\n", "4 values a row, got 2 in row 2"),
        (TEXT + "1,2,3,4,5\n", "4 values a row, got 5 in row 2"),
        (TEXT + '1,"2,2026-03-01,b\n3,4",2026-03-01,c\n', "row 2 holds other rows"),
        (TEXT.replace(",a\n", ',"' + "a" * 200_000 + '"\n'), "UTF-8"),
        ("", "got 0"),
        ("weight,items,day,note\n", "got 0"),
    ],
)
def test_text_that_is_no_table_is_refused(text: str | bytes, part: str) -> None:
    error = refusal(text)
    assert error.code == "invalid"
    assert part in error.detail


FRAME: dict[str, Any] = {"columns": list(READ), "data": [list(READ.values())]}


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": FRAME},
        {"dataframe_split": FRAME | {"index": [7]}},
        {"dataframe_records": [READ]},
        {"instances": [READ]},
        {"inputs": [READ]},
        {"inputs": {name: [value] for name, value in READ.items()}},
        {"instances": [READ], "params": None},
        {"instances": [READ], "params": {}},
    ],
)
def test_frame_in_every_form_gives_its_rows(body: Any) -> None:
    assert of_json(body) == [READ]


def test_missing_values_of_pandas_are_null() -> None:
    row = {"weight": float("nan"), "items": None, "day": "NaT", "note": "NaT"}
    read = {"weight": None, "items": None, "day": None, "note": "NaT"}
    assert of_json({"instances": [row]}) == [read]
    assert of_json({"inputs": {name: [value] for name, value in row.items()}}) == [read]


@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ({}, "invalid", "got 0"),
        ({"params": None}, "invalid", "got 0"),
        ({"instances": [READ], "inputs": [READ]}, "invalid", "got 2"),
        ({}, "invalid", "dataframe_split, dataframe_records, instances, inputs;"),
        ({"inputs": {"items": 3}}, "invalid", "a list for each column"),
        ({"inputs": {"items": [3], "day": 3}}, "invalid", "a list for each column"),
        ({"inputs": {"items": [3], "day": []}}, "invalid", "of one length, got 0, 1"),
        ({"instances": [READ] * 4}, "too-many-rows", "got 4"),
        ({"dataframe_records": []}, "invalid", "got 0"),
        ({"dataframe_split": FRAME | {"data": FRAME["data"] * 4}}, "too-many-rows", "got 4"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, "invalid", "twice"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1], [1, 2]]}}, "invalid", "in row 2"),
        ({"inputs": {"items": [3] * 4}}, "too-many-rows", "got 4"),
    ],
)
def test_frame_that_does_not_fit_is_refused_by_its_fault(body: Any, code: str, part: str) -> None:
    with pytest.raises(ProblemError) as refused:
        of_json(body)
    assert refused.value.code == code
    assert part in refused.value.detail
