"""Training, bulk work and /invocations read the same cells of the same text file."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from engine.bundle.bundle import Contract
from engine.contract import text_table
from engine.contract.cells import convert, read, trimmed, without_missing
from engine.contract.column import Column
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.data.columns import json_value
from engine.data.sources import read_text
from engine.problem.errors import BadInput
from engine.serving.http.protocols.invocations import rows_of_csv
from engine.serving.http.schema import Limits, schema_of

FILES, ROWS, SEED = 300, 12, 20261130
LIMITS = Limits(rows=5_000)
WORDS = ["red", "dark blue", 'a "quoted" one', "a;b,c|d\te", "null", "NA", "05", " padded "]
# Neither may end a row.
LINE_ENDS = ["a\u2028b", "a\x85b", "a\x0bb", "a\x0cb", "a\u2029b", "a\nb", "a\r\nb", "a\rb"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "windows-1252"]


def number_format(dice: random.Random) -> ColumnFormat:
    """How the numbers of a file are written."""
    decimal = dice.choice([".", ","])
    return ColumnFormat(
        decimal=decimal,
        thousands=dice.choice(["", "." if decimal == "," else ",", " "]),
        unit=dice.choice(["", "EUR", "%"]),
        missing=("k. A.", "-"),
        infinite=dice.random() < 0.5,
    )


def number_text(dice: random.Random, cells: ColumnFormat) -> str:
    """A number as the format writes it; now and then something else."""
    if dice.random() < 0.25:
        invalid = [
            "",
            "-",
            "k. A.",
            "null",
            "x",
            ".5",
            "+5",
            "05",
            "inf",
            "1e3",
            " 7 ",
            "5 EUR",
            "1,5",
        ]
        return dice.choice(invalid)
    text = f"{dice.uniform(-1e5, 1e5):,.2f}".translate(
        {ord(","): cells.thousands, ord("."): cells.decimal}
    )
    return text + (f" {cells.unit}" if cells.unit else "")


def made(dice: random.Random, path: Path) -> tuple[Layout, tuple[Column, ...]]:
    """A file with cells of every kind, and its specification."""
    encoding = dice.choice(ENCODINGS)
    layout = Layout(encoding.removesuffix("-sig"), dice.choice(",;\t|"), dice.random() < 0.85)
    dates = ColumnFormat(dates=("%d.%m.%Y",), missing=("offen",))
    answers = ColumnFormat(true=("ja",), false=("nein",))
    names = ["n", "i", "b", "c", "d"] if layout.header else [f"column_{at}" for at in range(1, 6)]
    columns = (
        Column(names[0], "number", True, format=number_format(dice)),
        Column(names[1], "integer", True),
        Column(names[2], "boolean", True, format=answers),
        Column(names[3], "category", True, format=ColumnFormat(missing=("NA",))),
        Column(names[4], "date", True, format=dates),
    )
    words = [*WORDS, *LINE_ENDS]
    if encoding == "windows-1252":
        words = [word for word in words if not set(word) & set("\u2028\u2029\x85")] + ["café", "€"]
    lines, end, quote_all = [], dice.choice(["\n", "\r\n"]), dice.random() < 0.5

    def write(cells: Sequence[str]) -> None:
        special = set(f'"\r\n{layout.separator}')
        quoted = (
            '"' + cell.replace('"', '""') + '"' if quote_all or special & set(cell) else cell
            for cell in cells
        )
        lines.append(layout.separator.join(quoted))

    if layout.header:
        write(names)
    for _ in range(ROWS):
        write([
            number_text(dice, columns[0].format),
            dice.choice(["1", "+5", "05", "3.0", "3.5", "", "null", "9007199254740993", "x"]),
            dice.choice(["true", "JA", "nein", "0", "1.0", "", "maybe"]),
            dice.choice(words),
            dice.choice(["01.03.2026", "2026-03-01T09:30Z", "2026-02-30", "offen", "", "soon"]),
        ])  # fmt: skip
    if encoding == "windows-1252":
        write(["", "", "", "Übergröße", ""])
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(end.join([*lines, ""]))
    return layout, columns


def by_training(path: Path, layout: Layout, columns: tuple[Column, ...]) -> list[list[Any]]:
    """The cells as training has them; None is missing or unreadable."""
    frame = read_text(path, layout)
    result = []
    for column in columns:
        texts = without_missing(frame[column.name], column.format)
        values, _ = convert(texts, column.type, nullable=True, cells=column.format)
        result.append([json_value(value, column.type) for value in values])
    return result


def by_bulk(path: Path, layout: Layout, columns: tuple[Column, ...]) -> list[list[Any]]:
    """The cells as bulk work has them."""
    names = list(text_table.header(path, layout).names)
    batches = [batch for batch, _ in text_table.batches(path, layout, names, lambda *_: "error")]
    table = pa.Table.from_batches(batches)
    result = []
    for column in columns:
        values, _ = read(column, trimmed(table[column.name].to_pandas().astype("str")))
        result.append([json_value(value, column.type) for value in values])
    return result


def by_invocations(path: Path, layout: Layout, columns: tuple[Column, ...]) -> list[list[Any]]:
    """The cells as the server has them; a text that is unreadable counts as None."""
    contract = Contract("regression", (), columns, (), layout)
    rows = list(rows_of_csv(path.read_bytes(), schema_of(contract, LIMITS)))
    return [
        [
            None if column.type in ("number", "integer", "boolean") and isinstance(value, str)
            else value if column.type != "date" or is_iso(value) else None
            for value in (row[column.name] for row in rows)
        ]
        for column in columns
    ]  # fmt: skip


def is_iso(value: Any) -> bool:
    """Whether a value is a date of JSON."""
    return isinstance(value, str) and value[:4].isdigit() and value != "2026-02-30"


def test_generated_files_are_read_alike_by_all_readers(tmp_path: Path) -> None:
    """300 files: the same cells in training, bulk work and /invocations."""
    dice, path = random.Random(SEED), tmp_path / "t.csv"  # noqa: S311  # test data
    for number in range(FILES):
        layout, columns = made(dice, path)
        training = by_training(path, layout, columns)
        assert by_bulk(path, layout, columns) == training, (number, layout)
        assert by_invocations(path, layout, columns) == training, (number, layout)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("shift", range(4))
def test_crlf_in_cell_at_block_border_keeps_its_lf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, shift: int
) -> None:
    """Whatever stands at the border of two blocks, every cell is whole."""
    monkeypatch.setattr(text_table, "BLOCK", 96)
    path, layout = tmp_path / "t.csv", Layout(encoding)
    cell = "\r\n".join(["a", "", "b", "\rc"]) + "." * shift
    rows = "".join(f'"{cell}",{at}\r\n' for at in range(200))
    path.write_bytes(f"x,y\r\n{rows}".encode(encoding))
    names = ["x", "y"]
    batches = [batch for batch, _ in text_table.batches(path, layout, names, lambda *_: "error")]
    table = pa.Table.from_batches(batches)
    assert table["x"].to_pylist() == [cell] * 200
    assert table["y"].to_pylist() == [str(at) for at in range(200)]
    assert read_text(path, layout)["x"].tolist() == [cell] * 200


def test_rows_of_another_length_are_numbered_below_the_header(tmp_path: Path) -> None:
    """Bulk work sets such rows aside by their number; training refuses the file."""
    path, bad = tmp_path / "t.csv", []
    path.write_text("\n\nx;y\n1;2\n3\n4;5\n", "utf-8")

    def skip(number: int, row: Any) -> str:
        bad.append((number, row.text))
        return "skip"

    layout = Layout(separator=";")
    batches = [batch for batch, _ in text_table.batches(path, layout, ["x", "y"], skip)]
    assert pa.Table.from_batches(batches)["x"].to_pylist() == ["1", "4"]
    assert bad == [(2, "3")]
    with pytest.raises(BadInput) as error:
        read_text(path, layout)
    assert error.value.code == "row-length"


def test_training_file_with_other_columns_is_answered(tmp_path: Path) -> None:
    """Columns that are no inputs are left out, unless an input is missing."""
    columns = (Column("x", "number"), Column("note", "category", nullable=True))
    contract = Contract("regression", (), columns, (), Layout(separator=";"))
    [row] = rows_of_csv(b"id;x;note;late\n7;1.5;a;yes\n", schema_of(contract, LIMITS))
    assert row == {"x": 1.5, "note": "a"}
    [row] = rows_of_csv(b"id;x;notes\n7;1.5;a\n", schema_of(contract, LIMITS))
    assert row == {"id": "7", "x": 1.5, "notes": "a"}


def test_blank_header_only_file_has_no_rows(tmp_path: Path) -> None:
    """A header line without a line end is a table without rows."""
    path = tmp_path / "t.csv"
    path.write_text("x,y", "utf-8")
    assert list(text_table.batches(path, Layout(), ["x", "y"], lambda *_: "error")) == []
    assert isinstance(read_text(path, Layout()), pd.DataFrame)
