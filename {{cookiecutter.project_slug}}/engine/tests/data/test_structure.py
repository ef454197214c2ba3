"""Rows that are no rows of the table are named at adoption and in a delivery."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.adopt.adopt import adopt
from engine.contract.layout import Layout
from engine.data.sources import read_text
from engine.problem.errors import BadInput
from engine.tests.data.made import csv, table


def rows_above(path: Path, *rows: list[str], frame: pd.DataFrame | None = None) -> str:
    """A sound table with these rows between its header and its first row."""
    header, rest = Path(csv(table() if frame is None else frame, path)).read_text().split("\n", 1)
    path.write_text("\n".join([header, *(",".join(row) for row in rows), rest]))
    return str(path)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_repeated_header_is_named_by_its_rows(mark: str, project: Path) -> None:
    path = project.parent / "t.csv"
    text = Path(csv(table(), path)).read_text("utf-8")
    path.write_text(text + mark + text + mark + text, "utf-8")
    for read in (lambda: adopt(str(path), "late"), lambda: read_text(path, Layout())):
        with pytest.raises(BadInput, match="row 121, 242 ") as refusal:
            read()
        assert refusal.value.code == "repeated-header"


def test_repeated_header_is_looked_for_without_a_copy_of_the_rows_for_each_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand columns: rows are chosen of one column at a time."""
    path, keys, get = tmp_path / "t.csv", list[Any](), pd.DataFrame.__getitem__
    path.write_text("".join(f"{','.join(f'{row}{i}' for i in range(60))}\n" for row in "xab"))

    def noted(frame: pd.DataFrame, key: Any) -> Any:
        keys.append(key)
        return get(frame, key)

    monkeypatch.setattr(pd.DataFrame, "__getitem__", noted)
    assert read_text(path, Layout()).shape == (2, 60)
    assert all(isinstance(key, str) for key in keys)


def test_a_row_like_the_header_in_one_cell_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("size,colour\n1,colour\nsize,red\n2,blue\n", "utf-8")
    assert len(read_text(path)) == 3


EXPLAINED = {
    "units, most of them": (["kg", "n", "-", "", "UTC", ""],),
    "the same unit": (["%", "%", "%", "", "%", ""],),
    "types": (["float", "int", "bool", "str", "timestamp", "bool"],),
    "descriptions and types": (
        ["Size of it", "How many", "Is it", "Which", "When", "Was it"],
        ["double", "integer", "logical", "character", "date", "logical"],
    ),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_rows_that_explain_the_header_are_named(name: str, project: Path) -> None:
    source = rows_above(project.parent / "t.csv", *EXPLAINED[name])
    with pytest.raises(BadInput, match="delete") as refusal:
        adopt(source, "late")
    assert refusal.value.code == "units-row"
    assert not list(project.rglob("*.py"))


UNEXPLAINED = {
    "missing": ["NA", "NA", "no", "red", "NA", "True"],
    "a marker of the table's own": ["unknown", "unknown", "no", "red", "unknown", "True"],
    "one odd cell": ["heavy", "3", "True", "red", "2026-01-01", "True"],
    "blank": ["", "", "", "", "", "True"],
}


@pytest.mark.parametrize("name", UNEXPLAINED)
def test_first_row_with_missing_values_is_a_row(name: str, project: Path) -> None:
    adoption = adopt(rows_above(project.parent / "t.csv", UNEXPLAINED[name]), "late")
    assert adoption.rows == 121
