"""Every fault of a table is one message with a code and a next step; nothing is written."""

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
    "another kind": (text(b"PK\x03\x04 xl/workbook.xml", "t.xlsx"), "ends in .csv,",
                     "save the sheet as CSV"),
    "packed": (text(b"\x1f\x8b", "t.csv.gz"), "t.csv.gz, which is a gzip", "`gunzip`"),
    "a kind nobody knows": (text("x", "t.dat"), "got t.dat", "save the table as one of these"),
    "no such bundled table": (lambda _: "sklearn:iris", "'iris'", "sklearn:wine"),
    "empty": (text(""), "an empty file", "a header line and rows"),
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
    "a long name": (text(f"late,{'x' * 201}\n1,2\n"), "longer than 200", "a name of its own"),
    "Excel's own line": (text("sep=;\r\nlate;b\r\n"), "'sep=;', which only Excel", "delete it"),
    "a title": (text(f"Sales\n\n{LINES}"), "has 1 columns", "delete its lines"),
    "a title as wide": (text(f"Sales,\n{LINES}"), "has 'Sales', 'column_2'", "row 1 holds 'late'"),
    "a long row": (text(LINES + "no,2,3\n"), "row 81 below the header has 3 cells", "quotes"),
    "a long first row": (text("late,b\nyes,1,2\n"), "row 1 below", "fix that row"),
    "a short row": (text(LINES + "no\n"), "row 81 below the header has 1 cells", "fix that row"),
    "an open quote": (text(LINES + '"no,2\n'), "row 81", "fix that row"),
    "no Parquet": (text(LINES, "t.parquet"), "a file of another kind", "ends in .csv"),
    "half a Parquet": (text(b"PAR1 and PAR1", "t.parquet"), "a damaged file", "copy it again"),
    "Parquet, doubled": (parquet(size=pa.array([1] * N)), "characters: 'size'", "of its own"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT_FILES.values(), ids=UNFIT_FILES)
def test_adopt_unfit_file_is_refused(case: tuple[Make, str, str], project: Path) -> None:
    make, what, next_step = case
    error = refused(project, make(project.parent), {})
    assert what in str(error)
    assert next_step in str(error)


DAYS = ["2026-01-01", "2026-01-02"] * (N // 2)
WORDS = ["yes", "no", "maybe"] * (N // 3)
UNFIT_TABLES: dict[str, tuple[Make, dict[str, Any], str, str]] = {
    "no such target": (rows(), {"target": "lat"}, "unknown-column", "'late'"),
    "target in another case": (rows(), {"target": "Late"}, "unknown-column", "'late'"),
    "target all missing": (rows(late=""), {}, "too-few-rows", "0 rows"),
    "few rows": (text("late,b\n" + "yes,1\nno,2\n" * 20), {}, "too-few-rows", "at least 50"),
    "few labels": (rows(late=["yes", "no"] * 20 + [None] * (N - 40)), {}, "too-few-rows",
                   "40 rows"),
    "one class": (rows(late="yes"), {}, "one-class", "'yes'"),
    "a rare class": (rows(late=["a"] + ["b"] * (N - 1)), {}, "rare-class", "1 rows of 'a'"),
    "a rare number": (rows(late=[7] + [1, 2] * (N // 2 - 1) + [1]), {"task": "multiclass"},
                      "rare-class", "1 rows of 7"),
    "too many classes": (rows(late=[f"w{n // 2}" for n in range(N)]), {}, "wrong-target-type",
                         "60 different"),
    "dates as target": (rows(late=DAYS), {}, "wrong-target-type", "2026-01-0"),
    "fractions as classes": (rows(late=[0.5, 1.5] * (N // 2)), {}, "wrong-target-type", "0.5"),
    "words, to be a number": (rows(), {"task": "regression"}, "wrong-target-type", "'late'"),
    "three, to be binary": (rows(late=WORDS), {"task": "binary"}, "wrong-class-count",
                            "multiclass"),
    "no such time": (rows(), {"time": "when"}, "unknown-column", "'at'"),
    "time is no date": (rows(), {"time": "colour"}, "not-a-date", "category"),
    "time is a number": (rows(), {"time": "items"}, "not-a-date", "integer"),
    "time with gaps": (rows(at=[None, *DAYS[1:]]), {"time": "at"}, "missing-time", "row 1"),
    "constant time": (rows(at="2026-01-01"), {"time": "at"}, "constant-time", "--time at"),
    "time is the target": (rows(), {"time": "late"}, "target-in-other-role", "--time late"),
    "id repeats": (rows(), {"id_column": "colour"}, "not-unique", "117 rows"),
    "id with gaps": (rows(nr=[None, *range(1, N)]), {"id_column": "nr"}, "not-unique", "1 have"),
    "id is the target": (rows(), {"id_column": "late"}, "target-in-other-role", "--id late"),
    "two of the target's name": (text("late, late \n" + "1,yes\n2,no\n" * 40), {},
                                 "repeated-name", "several columns"),
    "target alone": (rows(size=None, items=None, fragile=None, colour=None, at=None), {},
                     "no-inputs", "'late'"),
    "all infinite": (rows(size=float("inf"), items=None, fragile=None, colour=None, at=None), {},
                     "no-inputs", "'size': it is constant: inf"),
    "all excluded": (rows(size=None, items=range(N), fragile=True, colour="", at=None), {},
                     "no-inputs", "'fragile': it is constant"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT_TABLES.values(), ids=UNFIT_TABLES)
def test_adopt_unfit_table_is_refused(
    case: tuple[Make, dict[str, Any], str, str], project: Path
) -> None:
    make, arguments, code, fact = case
    error = refused(project, make(project.parent), arguments)
    assert error.code == code
    assert fact in str(error)


def refused(project: Path, source: str, arguments: dict[str, Any]) -> BadInput:
    """The error of an adoption, which leaves every file as it was."""
    (project / "problem/notes.txt").write_text("mine")
    before = contents(project)
    with pytest.raises(BadInput) as refusal:
        adopt(source, **({"target": "late"} | arguments))
    assert contents(project) == before
    return refusal.value


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
