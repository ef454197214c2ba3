"""A text file is read as its sender meant it, and every later one like it in the same way."""

from pathlib import Path

import pandas as pd
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.contract.layout import Layout
from engine.contract.sniff import sniff
from engine.contract.text_table import header
from engine.data.digest import digest
from engine.data.load import load
from engine.data.sources import read_text
from engine.problem.errors import BadInput
from engine.problem.spec import read as read_problem
from engine.tests.data.made import schema_of, table


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("codec", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("windows-1252", "windows-1252"),
        ("latin-1", "windows-1252"),
    ],
)
def test_separators_and_encodings_are_found_out(
    separator: str, codec: str, named: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    lines = [["größe", "ort", "n"], ["1,5" if separator == ";" else "1.5", '"a ""b"""', " 7 "]]
    lines += [["2", f'"Zürich{separator}\nSüd"', ""]] * 30
    path.write_bytes("".join(f"{separator.join(cells)}\r\n" for cells in lines).encode(codec))
    layout = sniff(path)
    assert layout == Layout(named, separator, header=True)
    frame = read_text(path)
    assert frame.columns.tolist() == ["größe", "ort", "n"]
    assert frame["ort"].tolist()[:2] == ['a "b"', f"Zürich{separator}\nSüd"]
    assert frame["n"].tolist()[0] == "7"
    assert frame["n"].isna().sum() == 30


FOREIGN = [("красный", "cp1251"), ("красный", "koi8-r"), ("红色", "gbk"), ("réd", "mac-roman")]


@pytest.mark.parametrize(("word", "codec"), [*FOREIGN, ("grün", "mac-roman"), ("café", "cp850")])
def test_encoding_that_is_not_read_is_refused(word: str, codec: str, tmp_path: Path) -> None:
    """Windows-1252 decodes nearly every byte: words show that it is another encoding."""
    path = tmp_path / "t.csv"
    path.write_bytes(f"a,b\n{f'1,{word}s{chr(10)}' * 9}".encode(codec))
    with pytest.raises(BadInput) as refusal:
        sniff(path)
    assert refusal.value.code == "not-text"


@pytest.mark.parametrize(
    "word", ["größer", "££££", "jäääär", "AÇÕES", "it’s", "Škoda", "cœur", "«Été»", "Łódź"[1:3]]
)
def test_words_of_windows_1252_are_read(word: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(f"a,b\n{f'1,{word}{chr(10)}' * 9}".encode("windows-1252"))
    assert read_text(path)["b"].unique().tolist() == [word]


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a;b\n1,5;2,5\n2,5;3,5\n", ";"),
        ("a,b\n1;2,3\n4;5,6\n", ","),
        ("only\n1\n2\n", ","),
        ('a,b\n"x;y;z",1\n"p;q;r",2\n', ","),
        ("date|note\n2026-01-01|a, b, c\n2026-01-02|d, e\n", "|"),
        ("\n\r\n\na\tb\n1\t2\n3\t4\n", "\t"),
        ("  \r\n\n a,b\n1,2\n3,4\n", ","),
    ],
)
def test_the_separator_is_the_one_that_parts_lines_alike(
    text: str, separator: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, "utf-8", newline="")
    assert sniff(path).separator == separator
    assert len(read_text(path)) == 2


@pytest.mark.parametrize(
    ("first", "names", "message"),
    [
        ("a,b,c", ["a", "b", "c"], ""),
        (" a , b,c ", ["a", "b", "c"], ""),
        ("a,,c", ["a", "column_2", "c"], "column 2 has no name and is called 'column_2'"),
        ("a,a,a", ["a", "a_2", "a_3"], "column 3 is a second 'a' and is called 'a_3'"),
        ("a,a_2,a", ["a", "a_2", "a_3"], "column 3 is a second 'a'"),
        ("id,2019,2020", ["id", "2019", "2020"], ""),
        ("3,x,2026-01-05", ["column_1", "column_2", "column_3"], "no header line: columns are"),
        ("2.5,,7", ["column_1", "column_2", "column_3"], "no header line"),
    ],
)
def test_odd_headers_are_mended_and_that_is_said(
    first: str, names: list[str], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{first}\n" + "1,x,2026-01-01\n2,y,2026-01-02\n", "utf-8")
    layout = sniff(path)
    result = header(path, layout)
    assert list(result.names) == names
    assert message in "; ".join(result.notes)
    assert bool(message) == bool(result.notes)
    frame = read_text(path, layout)
    assert frame.columns.tolist() == names
    assert len(frame) == 2 + (not layout.header)


def continental(rows: int = 120) -> str:
    """A table as a spreadsheet in much of Europe writes it."""
    lines = ["Größe;Stück;zerbrechlich;Farbe;am;spät;Preis"]
    for at, row in enumerate(table(rows).to_dict("records")):
        size = "-" if pd.isna(row["size"]) else f"{row['size']:.3f}".replace(".", ",")
        message = {True: "ja", False: "nein"}
        lines.append(
            f"{size};{row['items']};{message[row['fragile']]};{row['colour']};"
            f"{row['at']:%d.%m.%Y %H:%M};{message[row['late']]};1.{at:03},50"
        )
    return "\r\n".join(lines) + "\r\n"


def test_what_was_decided_is_written_down_and_training_reads_the_same(project: Path) -> None:
    Path("t.csv").write_bytes(continental().encode("windows-1252"))
    adopt("t.csv", "spät", time="am")
    contract = CONTRACT_FILE.read_text("utf-8")
    for message in (
        'metadata={"encoding": "windows-1252", "separator": ";", "header": True},',
        'metadata={"missing": ["-"], "decimal": ","},',
        'metadata={"true": ["ja"], "false": ["nein"]},',
        'metadata={"dates": ["%d.%m.%Y %H:%M"]},',
        'metadata={"decimal": ",", "thousands": "."},',
    ):
        assert message in contract
    problem = read_problem()
    assert (problem.target.positive, problem.rows.time) == ("ja", "am")
    frame, meant = load(problem, schema_of(CONTRACT_FILE)), table()
    assert frame["Größe"].round(3).equals(meant["size"].round(3).rename("Größe"))
    assert frame["am"].tolist() == meant["at"].tolist()
    assert frame["zerbrechlich"].tolist() == meant["fragile"].tolist()
    assert (frame["spät"] == "ja").tolist() == meant["late"].tolist()
    assert frame["Preis"].tolist() == [1000.5 + at for at in range(120)]


def test_the_same_rows_written_otherwise_have_the_same_digest(project: Path) -> None:
    digests = []
    for separator, decimal, codec in ((",", ".", "utf-8"), (";", ",", "utf-16")):
        table().to_csv("t.csv", index=False, sep=separator, decimal=decimal, encoding=codec)
        adopt("t.csv", "late", time="at", force=True)
        digests.append(digest(load(read_problem(), schema_of(CONTRACT_FILE))))
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("adopted", "delivered"),
    [("utf-8", "windows-1252"), ("windows-1252", "utf-8"), ("utf-16", "utf-8")],
)
def test_a_delivery_in_another_encoding_is_refused_not_garbled(
    adopted: str, delivered: str, project: Path
) -> None:
    Path("t.csv").write_bytes(continental().encode(adopted))
    adopt("t.csv", "spät")
    Path("data/raw/t.csv").write_bytes(continental().encode(delivered))
    with pytest.raises(BadInput) as error:
        load(read_problem(), schema_of(CONTRACT_FILE))
    assert error.value.code == "wrong-encoding"


def test_a_delivery_in_ascii_fits_every_encoding(project: Path) -> None:
    rows = "a,late\n" + "1,yes\n2,no\n" * 60
    Path("t.csv").write_bytes(f"{rows}é,yes\n".encode("windows-1252"))
    adopt("t.csv", "late")
    Path("data/raw/t.csv").write_bytes(rows.encode("ascii"))
    assert len(load(read_problem(), schema_of(CONTRACT_FILE))) == 120


def test_a_file_without_a_header_is_adopted_by_number(project: Path) -> None:
    Path("t.tsv").write_text("".join(f"{n % 7}\t{n % 2}\tx\n" for n in range(100)), "utf-8")
    adopt("t.tsv", "column_2")
    frame = load(read_problem(), schema_of(CONTRACT_FILE))
    assert frame.shape == (100, 3)
    assert frame["column_1"].tolist() == [n % 7 for n in range(100)]
