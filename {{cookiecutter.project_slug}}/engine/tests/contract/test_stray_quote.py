"""A quotation mark that swallows rows is refused with its line; honest line breaks are not."""

from pathlib import Path

import pytest

from engine.bundle.bundle import Contract
from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.data.sources import read_text
from engine.problem.errors import BadInput
from engine.serving.batch.source import open_source
from engine.serving.http.errors import ProblemError
from engine.serving.http.protocols.invocations import rows_of_csv
from engine.serving.http.schema import Limits, schema_of

ROWS = 300
HEADER = ["id", "note", "amount", "late"]
COLUMNS = (Column("amount", "number"), Column("note", "category", nullable=True))


def lines_of(separator: str, *marks: int, column: int = 1) -> list[str]:
    """A table's lines; a quotation mark stands before a cell in the rows `marks`."""
    lines = [separator.join(HEADER)]
    for at in range(ROWS):
        cells = [str(at), f"note {at}", f"{at * 1.5}", "yes" if at % 3 else "no"]
        cells[column] = ('"' if at in marks else "") + cells[column]
        lines.append(separator.join(cells))
    return lines


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("column", [0, 1, 3])
@pytest.mark.parametrize("marks", [(5, 6), (5, 250), (5,)])
def test_mark_that_swallows_rows_is_refused_by_every_reader(
    separator: str, column: int, marks: tuple[int, ...], tmp_path: Path
) -> None:
    """Training and bulk work name the line, the server refuses the body."""
    path, layout = tmp_path / "t.csv", Layout(separator=separator)
    text = "\n".join(lines_of(separator, *marks, column=column)) + "\n"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput) as training:
        read_text(path, layout)
    with pytest.raises(BadInput) as bulk:
        list(open_source(path, layout).parts(1_000))
    assert training.value.code == bulk.value.code == "stray-quote"
    assert "line 7 " in str(training.value)
    schema = schema_of(Contract("regression", (), COLUMNS, (), layout), Limits(rows=1_000))
    with pytest.raises(ProblemError):
        list(rows_of_csv(text.encode(), schema))


@pytest.mark.parametrize("line", [0, 1])
def test_mark_that_nothing_closes_in_a_large_file_is_refused(line: int, tmp_path: Path) -> None:
    """Neither the header nor the first row is longer than what a decision on the layout reads."""
    path = tmp_path / "t.csv"
    lines = lines_of(",") + lines_of(",")[1:] * 200
    lines[line] = f'"{lines[line]}'
    path.write_text("\n".join(lines), "utf-8")
    for read in (read_text, lambda file: list(open_source(file, Layout()).parts(1_000))):
        with pytest.raises(BadInput) as refusal:
            read(path)
        assert refusal.value.code == "stray-quote"


@pytest.mark.parametrize(
    "cell",
    [
        "Hello, a\nb, c",
        "one\ntwo, three\nfour",
        "1, 2, 3\n4, 5, 6\n7, 8, 9",
        'a ""quoted"" word\n, , \n',
        "Dear X,\n\nyours, Y, Z\n",
    ],
)
@pytest.mark.parametrize("width", [2, 4])
def test_honest_cells_of_several_lines_are_read(cell: str, width: int, tmp_path: Path) -> None:
    """Line breaks and separators within quotes belong to the cell."""
    path = tmp_path / "t.csv"
    rows = [[str(at), f'"{cell}"', "1.5", "yes"][:width] for at in range(ROWS)]
    path.write_text("\n".join(map(",".join, [HEADER[:width], *rows])) + "\n", "utf-8")
    frame = read_text(path)
    assert len(frame) == ROWS
    assert frame["note"].unique().tolist() == [cell.replace('""', '"').strip()]
