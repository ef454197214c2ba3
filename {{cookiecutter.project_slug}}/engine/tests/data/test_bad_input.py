"""Whatever is wrong with a table is said in one message with a next step; nothing is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.adopt.adopt import adopt
from engine.problem.errors import BadInput
from engine.tests.data.made import contents, csv, table

Make = Callable[[Path], str]


def text(words: str | bytes, name: str = "t.csv") -> Make:
    """A file that holds just these words."""

    def make(folder: Path) -> str:
        path = folder / name
        path.write_bytes(words if isinstance(words, bytes) else words.encode())
        return str(path)

    return make


def rows(**columns: Any) -> Make:
    """A sound table but for these columns; None leaves one out."""

    def make(folder: Path) -> str:
        frame = table().assign(
            **{name: value for name, value in columns.items() if value is not None}
        )
        missing = [name for name, value in columns.items() if value is None]
        return csv(frame.drop(columns=missing), folder / "t.csv")

    return make


def parquet(**columns: Any) -> Make:
    """A sound table with these Arrow columns beside."""

    def make(folder: Path) -> str:
        sound = pa.Table.from_pandas(table(), preserve_index=False)
        for name, values in columns.items():
            sound = sound.append_column(name, values)
        pq.write_table(sound, folder / "t.parquet")
        return str(folder / "t.parquet")

    return make


def loop(folder: Path) -> str:
    """A file that exists and cannot be opened, whoever asks."""
    (folder / "t.csv").symlink_to(folder / "t.csv")
    return str(folder / "t.csv")


N = len(table())
LINES = "late,b\n" + "yes,1\nno,2\n" * 40
UNFIT_FILES: dict[str, tuple[Make, str, str]] = {
    "missing": (lambda folder: str(folder / "no.csv"), "found no such file", "give the path"),
    "a folder": (str, "found a folder", "give the path"),
    "unreadable": (loop, "found a file that cannot be read", "that you may read"),
    "another kind": (text("x", "t.xlsx"), "ends in .csv,", "save the sheet as CSV"),
    "packed": (text("x", "t.csv.gz"), "got t.csv.gz", "unpack it first: `gunzip -k 't.csv.gz'`"),
    "a kind nobody knows": (text("x", "t.dat"), "got t.dat", "save the table as one of these"),
    "no such bundled table": (lambda _: "sklearn:iris", "'iris'", "sklearn:wine"),
    "empty": (text(""), "is empty", "a header line and rows"),
    "blank lines only": (text("\n\n\n"), "is empty", "a header line and rows"),
    "header only": (text("late,b\n"), "no rows", "give it rows"),
    "header only, not ended": (text("late,b"), "no rows", "give it rows"),
    "cut off in a letter": (text(LINES.encode() + "é".encode()[:1]), "UTF-8 text but", "a whole"),
    "UTF-8 with a byte of another": (text(f"é,{LINES}".encode() + b"\xe9,1\n"),
                                     "holds letters in UTF-8", "CSV UTF-8"),
    "UTF-8's mark on another": (text(b"\xef\xbb\xbf" + LINES.encode() + b"\xe9,1\n"),
                                "opens with the mark of UTF-8", "CSV UTF-8"),
    "no letter of Windows-1252": (text(LINES.encode() + b"\x81,1\n"), "0x81", "export it again"),
    "UTF-16, half a letter": (text(LINES.encode("utf-16")[:-1]), "not UTF-16", "export it again"),
    "zero bytes": (text(LINES.encode() + b"\0,1\n"), "zero bytes", "CSV UTF-8"),
    "endless name": (text(f"late,{'x' * 201}\n1,2\n"), "201 characters", "at most 200"),
    "Excel's own line": (text("sep=;\r\nlate;b\r\n"), "'sep=;', which only Excel", "delete it"),
    "a title": (text(f"Sales\n\n{LINES}"), "has 1 columns", "delete its lines"),
    "a title as wide": (text(f"Sales,\n{LINES}"), "has 'Sales', 'column_2'", "row 1 holds 'late'"),
    "a long row": (text(LINES + "no,2,3\n"), "row 81 below the header has 3 cells", "quotes"),
    "a long first row": (text("late,b\nyes,1,2\n"), "row 1 below", "fix that row"),
    "a short row": (text(LINES + "no\n"), "row 81 below the header has 1 cells", "fix that row"),
    "an open quote": (text(LINES + '"no,2\n'), "row 81", "fix that row"),
    "lists in cells": (rows(tags='["a", "b"]'), "'tags' holds lists", "flatten it"),
    "no Parquet": (text(LINES, "t.parquet"), "no readable Parquet file", "export it again"),
    "half a Parquet": (text(b"PAR1 and PAR1", "t.parquet"), "no readable", "export it again"),
    "Parquet of lists": (parquet(tags=pa.array([[1]] * N)), "'tags' (list<", "flatten them"),
    "Parquet of structs": (parquet(tags=pa.array([{"a": 1}] * N)), "'tags' (struct<", "flatten"),
    "Parquet of bytes": (parquet(raw=pa.array([b"x"] * N)), "'raw' (binary)", "leave them out"),
    "Parquet, doubled": (parquet(size=pa.array([1] * N)), "named 'size'", "a name of its own"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT_FILES.values(), ids=UNFIT_FILES)
def test_adopt_unfit_file_is_refused(case: tuple[Make, str, str], project: Path) -> None:
    make, what, next_step = case
    refused(project, make(project.parent), {}, what, next_step)


DAYS = ["2026-01-01", "2026-01-02"] * (N // 2)
WORDS = ["yes", "no", "maybe"] * (N // 3)
UNFIT_TABLES: dict[str, tuple[Make, dict[str, Any], str, str]] = {
    "no such target": (rows(), {"target": "lat"}, "--target lat: no such column", "'late'"),
    "target in another case": (rows(), {"target": "Late"}, "no such column", "'late'"),
    "target all missing": (rows(late=""), {}, "0 rows with a known 'late'", "add rows"),
    "few rows": (text("late,b\n" + "yes,1\nno,2\n" * 20), {}, "40 rows", "at least 50"),
    "few labels": (rows(late=["yes", "no"] * 20 + [None] * (N - 40)), {}, "40 rows", "at least 50"),
    "one class": (rows(late="yes"), {}, "one class only ('yes')", "choose another target"),
    "a rare class": (rows(late=["a"] + ["b"] * (N - 1)), {}, "1 rows of 'a' only", "10 of each"),
    "a rare number": (rows(late=[7] + [1, 2] * (N // 2 - 1) + [1]), {"task": "multiclass"},
                      "1 rows of 7 only", "10 of each"),
    "too many classes": (rows(late=[f"w{n // 2}" for n in range(N)]), {}, "60 different", "group"),
    "dates as target": (rows(late=DAYS), {}, "no labels", "words"),
    "fractions as classes": (rows(late=[0.5, 1.5] * (N // 2)), {}, "no labels", "whole numbers"),
    "words, to be a number": (rows(), {"task": "regression"}, "no number", "another target"),
    "three, to be binary": (rows(late=WORDS), {"task": "binary"}, "3 different", "multiclass"),
    "no such time": (rows(), {"time": "when"}, "--time when: no such column", "'at'"),
    "time is no date": (rows(), {"time": "colour"}, "expected dates such as", "convert the column"),
    "time is a number": (rows(), {"time": "items"}, "found integer values", "leave --time out"),
    "time in seconds": (rows(items=range(1_650_000_131, 1_650_000_131 + N)), {"time": "items"},
                        "2022-04-15T05:22:11 in seconds since 1970", "convert the column"),
    "time with gaps": (rows(at=[None, *DAYS[1:]]), {"time": "at"}, "1 row without", "first: row 1"),
    "time stands still": (rows(at="2026-01-01"), {"time": "at"}, "the same time", "--time out"),
    "time is the target": (rows(), {"time": "late"}, "that is the target", "another column"),
    "id repeats": (rows(), {"id_column": "colour"}, "117 rows repeat one", "unit"),
    "id with gaps": (rows(nr=[None, *range(1, N)]), {"id_column": "nr"}, "1 have none", "--id out"),
    "id is the target": (rows(), {"id_column": "late"}, "that is the target", "another column"),
    "target alone": (rows(size=None, items=None, fragile=None, colour=None, at=None), {},
                     "no column to learn from", "add columns"),
    "all infinite": (rows(size=float("inf"), items=None, fragile=None, colour=None, at=None), {},
                     "'size': it is constant: inf", "add columns"),
    "all excluded": (rows(size=None, items=range(N), fragile=True, colour="", at=None), {},
                     "'fragile': it is constant", "add columns"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT_TABLES.values(), ids=UNFIT_TABLES)
def test_adopt_unfit_table_is_refused(
    case: tuple[Make, dict[str, Any], str, str], project: Path
) -> None:
    make, arguments, what, next_step = case
    refused(project, make(project.parent), arguments, what, next_step)


def refused(
    project: Path, source: str, arguments: dict[str, Any], what: str, next_step: str
) -> None:
    """Adopting says what is wrong and what to do, and leaves every file as it was."""
    (project / "problem/notes.txt").write_text("mine")
    before = contents(project)
    with pytest.raises(BadInput) as refusal:
        adopt(source, **({"target": "late"} | arguments))
    assert what in str(refusal.value)
    assert next_step in str(refusal.value)
    assert contents(project) == before


def test_adopt_other_file_in_data_raw_is_replaced_only_with_force(project: Path) -> None:
    first = csv(table(), project.parent / "t.csv")
    adopt(first, "late")
    before = contents(project)
    other = csv(table(seed=1), project.parent / "t.csv")
    with pytest.raises(BadInput, match=r"data/raw/t\.csv") as refusal:
        adopt(other, "late")
    assert refusal.value.code == "file-exists"
    assert contents(project) == before
    adopt(other, "late", force=True)
    assert pd.read_csv(project / "data/raw/t.csv").equals(pd.read_csv(other))
