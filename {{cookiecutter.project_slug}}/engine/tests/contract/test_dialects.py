"""A file of another kind or dialect is named with the way out; its honest neighbours are read."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.contract.encoding import check_encoding
from engine.contract.layout import Layout
from engine.contract.sniff import sniff
from engine.data.sources import read_text
from engine.problem.errors import BadInput
from engine.serving.batch.source import open_source

FRAME = pd.DataFrame({"amount": [1.5, 2.5, 3.5], "segment": ["a", "b", "c"], "late": [0, 1, 0]})
TEXT = FRAME.to_csv(index=False)


def zipped(*names: str) -> bytes:
    """An archive that holds files of these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 50)
    return file.getvalue()


def tarred() -> bytes:
    """A tar archive of one file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("t.csv"))
    return file.getvalue()


def arrays() -> bytes:
    """An array of numpy."""
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


OTHERS: dict[str, tuple[bytes | str, str]] = {
    "page": ("<!DOCTYPE html>\n<html lang='en'><p>Sign in</p></html>", "web-page"),
    "page after a mark and lines": ("\ufeff\r\n  <HTML><BODY>x", "web-page"),
    "page with a declaration": ('<?xml version="1.0"?>\n<!-- x -->\n<html>', "web-page"),
    "a table of HTML": (FRAME.to_html(), "web-page"),
    "page in UTF-16": ("<html><body>x".encode("utf-16"), "web-page"),
    "workbook": (zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), "spreadsheet"),
    "OpenDocument": (zipped("mimetype", "content.xml").replace(
        b"x" * 46, b"application/vnd.oasis.opendocument.spreadsheet", 1), "spreadsheet"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "spreadsheet"),
    "workbook in XML": ('<?xml version="1.0"?>\n<Workbook xmlns="x">', "spreadsheet"),
    "zip": (zipped("t.csv"), "compressed-file"),
    "gzip": (gzip.compress(TEXT.encode()), "compressed-file"),
    "bzip2": (bz2.compress(TEXT.encode()), "compressed-file"),
    "xz": (lzma.compress(TEXT.encode()), "compressed-file"),
    "tar": (tarred(), "compressed-file"),
    "LZ4": (b"\x04\x22\x4d\x18" + bytes(90), "compressed-file"),
    "nothing": ("", "empty-table"),
    "UTF-32": (TEXT.encode("utf-32"), "not-text"),
    "UTF-32 without a mark": (TEXT.encode("utf-32-be"), "not-text"),
    "DuckDB": (bytes(range(1, 9)) + b"DUCK\x40" + bytes(90), "other-format"),
    "Access": (b"\0\1\0\0Standard Jet DB" + bytes(90), "other-format"),
    "SAS": (bytes(12) + b"\xc2\xea\x81\x60" + bytes(90), "other-format"),
    "MATLAB": (b"MATLAB 5.0 MAT-file" + bytes(90), "other-format"),
    "LIBSVM": ("1 1:0.5 4:2\n0 2:1\n", "other-format"),
    "YAML": ("- id: 1\n  late: no\n- id: 2\n  late: yes\n", "other-format"),
    "LaTeX": ("\\begin{tabular}{ll}\nid & late\n", "other-format"),
    "git-annex": ("../.git/annex/objects/xx/SHA256E-s1.csv\n", "pointer-file"),
    "PDF": (b"%PDF-1.7\n1 0 obj", "other-format"),
    "Feather": (b"ARROW1\0\0" + bytes(80), "other-format"),
    "numpy": (arrays(), "other-format"),
    "XML": ("<rows>\n  <row><a>1</a></row>\n</rows>", "other-format"),
    "a dump": ("--\n-- PostgreSQL database dump\n--\nSET x = 0;\n", "other-format"),
    "statements": ("INSERT INTO t VALUES (1,'a');\n" * 3, "other-format"),
    "ARFF": ("% a comment\n@RELATION t\n@DATA\n1,2\n", "other-format"),
    "records": (FRAME.to_json(orient="records"), "json-file"),
    "lines of JSON": (FRAME.to_json(orient="records", lines=True), "json-file"),
    "columns": (json.dumps(FRAME.to_dict(), indent=2), "json-file"),
    "lists": (json.dumps(FRAME.to_numpy().tolist()), "json-file"),
    "a list in each line": ("[0, \"a\"]\n[1, \"b\"]\n", "json-file"),
    "a pointer": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer-file"),
    "psql": (" a | b \n---+---\n 1 | 2 \n", "drawn-table"),
    "Markdown": ("| a | b |\n|:---|---:|\n| 1 | 2 |\n", "drawn-table"),
    "mysql": ("+----+----+\n| a  | b  |\n+----+----+\n", "drawn-table"),
    "reStructuredText": ("==  ====\nid  late\n==  ====\n1   yes\n", "drawn-table"),
    "a box": ("┌────┬──────┐\n│ id │ late │\n", "drawn-table"),
    "sqlcmd": ("a,bcd\n-----,---\n1,2\n", "drawn-table"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_file_of_another_kind_is_named_with_the_next_step(name: str, tmp_path: Path) -> None:
    """At adoption and for a later delivery alike."""
    content, code = OTHERS[name]
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match="; ") as first:
        sniff(path)
    with pytest.raises(BadInput) as later:
        check_encoding(path, "utf-8")
    assert first.value.code == later.value.code == code


def quoted(quote: str, rows: int = 5) -> str:
    """A table whose cells are all enclosed in `quote`, an opening and a closing sign."""
    lines = [["a", "b"], *([f"x, {n}", "1.5"] for n in range(rows))]
    return "".join(",".join(f"{quote[0]}{c}{quote[1]}" for c in cells) + "\n" for cells in lines)


ESCAPED = 'note,n\n"plain",1\n"she said \\"no, never\\" twice",2\n"x",3\n'
DIALECTS = {
    "backslashes": (ESCAPED, "backslash-quotes"),
    "backslashes, no separator within": (ESCAPED.replace(",", " ").replace(" n\n", ",n\n").replace(
        '" ', '",'), "backslash-quotes"),
    "backslashes far below": ("note,n\n" + "plain,1\n" * 200_000 + ESCAPED[7:],
                              "backslash-quotes"),
    "backslashes after a semicolon": (ESCAPED.replace(",", ";"), "backslash-quotes"),
    "an end in each row": ("a;b\n" + "1;2;\n" * 5, "trailing-separator"),
    "an end in each row, in tabs": ("a\tb\n" + "1\t2\t\r\n" * 5, "trailing-separator"),
    "names of rows": ('"a","b"\n' + "".join(f'"{n}",1,2\n' for n in range(5)), "missing-name"),
    "single quotes": (quoted("''"), "other-quotes"),
    "typographic quotes": (quoted("“”"), "other-quotes"),
    "lines quoted as a whole": ('"a,b"\n' + '"1,2"\n' * 5, "quoted-lines"),
    "rows quoted as a whole": ("a;b\n" + '"1;""x""";\n'.replace(";\n", "\n") * 5, "quoted-lines"),
    "a header quoted as a whole": ('"a,b"\n' + "1,2\n" * 5, "quoted-lines"),
    "spaces before quotation marks": ('a, b\n' + '1, "x"\n' * 5, "spaced-quotes"),
    "and separators behind them": ('a, b\n' + '1, "x, y"\n' * 5, "spaced-quotes"),
    "a mark within a quoted cell": ("a,b\n" + "1,x\n" * 9 + '2,"5" pipe"\n', "stray-quote"),
    "a quoted word at a cell's start": ("a\tb\n" + "1\tx\n" * 9 + '2\t"So" it is\n', "stray-quote"),
    "ampersands": ("a & b & c\n" + "1 & x & 2\n" * 5, "unknown-separator"),
    "slashes": ("id/size/late\n" + "1/2.5/yes\n" * 5, "unknown-separator"),
    "wide commas": ("a，b\n" + "1，x\n" * 5, "unknown-separator"),
    "the letter thorn": ("aþb\n" + "1þx\n" * 5, "unknown-separator"),
    "fixed width": ("id  colour of it\n" + " 1  dark red\n22  blue\n" * 5, "unknown-separator"),
    "colons": ("a::b::c\n" + "1::x y::Drama|War\n" * 5, "unknown-separator"),
    "two bars": ("a||b||c\n" + "1||x||\n" * 5, "unknown-separator"),
    "carets": ("a^b\n" + "1,5^x\n" * 5, "unknown-separator"),
    "a control character": ("a\x01b\n" + "1\x01x\n" * 5, "unknown-separator"),
    "spaces": ("a b c\n" + "1.5 2 x\n" * 5, "unknown-separator"),
    "columns in line": ("a    b     c\n" + "1.5  10   -3\n" * 5, "unknown-separator"),
}  # fmt: skip


@pytest.mark.parametrize("name", DIALECTS)
def test_dialect_that_is_not_read_is_named_with_the_edit(name: str, tmp_path: Path) -> None:
    text, code = DIALECTS[name]
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    with pytest.raises(BadInput) as refusal:
        read_text(path)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("text", "code"), [(ESCAPED, "backslash-quotes"), ('a,b\n1,"5" pipe"\n', "stray-quote")]
)
def test_marks_that_readers_lose_are_named_in_every_delivery(
    text: str, code: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    for encoding in ("utf-8", "utf-16"):
        path.write_text(f"{text}é,1\n", encoding)
        for read in (read_text, lambda *file: list(open_source(*file).parts(9))):
            with pytest.raises(BadInput) as refusal:
                read(path, Layout(encoding))
            assert refusal.value.code == code


HONEST: dict[str, tuple[str, str, int]] = {
    "a path at a cell's end": ('a,b\n"C:\\dir\\",1\n' + "x,2\n" * 3, ",", 2),
    "inches without quotation marks": ('a,b\n5\\" pipe,1\n' + "x,2\n" * 3, ",", 2),
    "a tag as a name": ("<DATE>,<OPEN>\n" + "2026-01-01,1\n" * 3, ",", 2),
    "tags as names, by tabs": ("<DATE>\t<OPEN>\n" + "2026-01-01\t1\n" * 3, "\t", 2),
    "brackets as names": ("[id],[n]\n" + "1,2\n" * 3, ",", 2),
    "tags in cells": ("a,b\n" + "<p>x</p>,1\n" * 3, ",", 2),
    "JSON in cells": ("a,b\n" + '"{""k"": 1}",1\n' * 3, ",", 2),
    "missing in the first row": ("a,b,c\n-,-,-\n--,--,--\n" + "1,2,3\n" * 3, ",", 3),
    "one column of times": ("at\n" + "10:00:00\n" * 5, ",", 1),
    "one column of phrases": ("the colour\n" + "dark red\n" * 5, ",", 1),
    "a column of quoted words": ("a\n" + '"x"\n' * 5, ",", 1),
    "some rows with an empty last cell": ("a,b,\n" + "1,2,\n" * 5, ",", 3),
    "apostrophes": ("a,b\n" + "'x',1\n" * 5, ",", 2),
    "a mark unquoted": ('a,b\n5" pipe,1\n' + "x,2\n" * 3, ",", 2),
    "JSON unquoted, by tabs": ("a\tb\n" + '{"k": 1, "m": "x"}\t1\n' * 4, "\t", 2),
    "a space behind quoted cells": ('"a" ,"b"\n' + '"x" ,"y, z"\n' * 4, ",", 2),
    "marks within, doubled": ("a,b\n" + '"the ""red"" one","""x"""\n' * 4, ",", 2),
    "lines within, with marks": ("a,b\n" + '"x\n, ""y"" z",1\n' * 4, ",", 2),
    "one column of addresses": ("mail\n" + "a@b.org\nc@d.org\n" * 4, ",", 1),
    "one column of logs": ("10:00:00 up\n10:00:01 down\n10:00:02 up\n", ",", 1),
    "marks that nobody sees": ("\ufeff\ufeff\u200ba,b\n" + "1,2\n" * 4, ",", 2),
    "PK as a name": ("PK,b\n" + "1,2\n" * 5, ",", 2),
    "blank columns between bars": ("a|b|c|d\n" + "1||2|3\n" * 5, "|", 4),
    "a name about a table": ("create table,drop\n" + "1,2\n" * 5, ",", 2),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_neighbour_of_a_dialect_is_read(name: str, tmp_path: Path) -> None:
    text, separator, columns = HONEST[name]
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    layout = sniff(path)
    assert (layout.separator, layout.header) == (separator, True)
    assert len(read_text(path, layout).columns) == columns


HEADERS = {
    "years above fractions": ("2021,2022,2023", "1.5,2.5,3.5\n1.0,2.25,3.5", True),
    "years above counts": ("land,2021,2022,2023", "x,1500,1700,1650\ny,1400,2100,3000", True),
    "days": ("land,1/22/20,1/23/20,1/24/20", "x,1,2,3\ny,5,6,7", True),
    "months": ("land,2026-01,2026-02,2026-03", "x,1,2,3\ny,5,6,9", True),
    "bands": ("area,0-4,5-9,10-14", "x,100,200,300\ny,5,6,9", True),
    "numbers of pandas": (",0,1,2", "0,1.5,2.5,7\n1,1.25,3.5,4", True),
    "a row of values": ("x,15,17,16", "y,14,21,30\nz,4,2,33", False),
    "a row of values that grow": ("x,3,8,17", "y,14,21,30\nz,4,2,33", False),
    "counting in each row": ("x,1,2,3", "y,4,5,6\nz,7,8,9", False),
    "days in each row": ("x,2026-01-01,2026-01-02,7", "y,2026-02-01,2026-02-03,9", False),
    "years in each row": ("x,2021,2022,2023", "y,2019,2020,2021\nz,2020,2021,2022", False),
    "one whole number": ("x,5,0.5", "y,5.5,0.25\nz,4.5,0.125", False),
}


@pytest.mark.parametrize("name", HEADERS)
def test_values_in_the_first_line_are_names_where_they_count_on(name: str, tmp_path: Path) -> None:
    first, rest, is_header = HEADERS[name]
    path = tmp_path / "t.csv"
    path.write_text(f"{first}\n{rest}\n", "utf-8")
    assert sniff(path).header == is_header
