"""Recognises files of other kinds than a text table, whatever their name ends in.

Standard library only: the first bytes decide.
"""

import re
from pathlib import Path

from engine.problem.errors import BadInput

# How names of tables end.
TEXTS, PARQUET = (".csv", ".tsv", ".tab", ".txt"), ".parquet"
# How much of a file is compared.
START = 4096
SHEET = "save the sheet as CSV UTF-8"
UNPACK = "unpack it, and give the table in it"
EXPORT = "export the table as CSV, or write it as Parquet"
GET = "fetch the table itself: run `git lfs pull`, `dvc pull` or `git annex get`"
WEB = "the download needs a login or another address; open it in a browser and save the table"
FLAT = "flatten it into a table: `pandas.json_normalize`, then `to_csv`"
QUOTE = rb"""(?:"(?:[^"\\]|\\.)*"|'[^']*')"""
# What a file begins with (a regular expression), the code of the fault, what the file is, and the
# next step. The first that fits decides.
KINDS: tuple[tuple[bytes, str, str, str], ...] = (
    (rb"\Z", "empty-table", "an empty file", "export it again, with a header line and rows"),
    (rb"PK\x03\x04.{0,3000}(xl/|spreadsheet)", "spreadsheet", "a spreadsheet", SHEET),
    (rb"PK\x03\x04.{0,3000}word/", "other-format", "a Word document", EXPORT),
    (rb"PK\x03\x04.{26}\[Content_Types\]", "spreadsheet", "a spreadsheet", SHEET),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "spreadsheet", "a spreadsheet (.xls)", SHEET),
    (rb"PK(\x03\x04|\x05\x06)", "compressed-file", "a ZIP archive", UNPACK),
    (rb"\x1f\x8b", "compressed-file", "a gzip archive", f"{UNPACK}: `gunzip`"),
    (rb"BZh[1-9]", "compressed-file", "a bzip2 archive", f"{UNPACK}: `bunzip2`"),
    (rb"\xfd7zXZ\0", "compressed-file", "an xz archive", f"{UNPACK}: `unxz`"),
    (rb"\x28\xb5\x2f\xfd", "compressed-file", "a zstd archive", f"{UNPACK}: `unzstd`"),
    (rb"7z\xbc\xaf\x27\x1c|Rar!\x1a|\x04\x22\x4d\x18|\xff\x06\0\0sNaPpY|\x1f\x9d|]\0\0.\0",
     "compressed-file", "an archive", UNPACK),
    (rb".{257}ustar", "compressed-file", "a tar archive", UNPACK),
    (rb"%PDF-", "other-format", "a PDF", f"copy no tables from it: {EXPORT} at its source"),
    # With the first byte of its first page: a column may be called PAR1.
    (rb"PAR1\x15", "other-format", "a Parquet file", "give it a name that ends in .parquet"),
    (rb"ARROW1\0\0|FEA1", "other-format", "an Arrow (Feather) file", "write it as Parquet"),
    (rb"ORC\n?[\x00-\x1f]|Obj\x01", "other-format", "an ORC or Avro file", "write it as Parquet"),
    (rb"SQLite format 3\0", "other-format", "an SQLite database",
     "write a query in a .sql file, and its address in DATABASE_URL"),
    (rb".{8}DUCK.\0|\0\x01\0\0Standard ", "other-format", "a database", EXPORT),
    (rb"\x89HDF|<stata_dta>|\$FL[23]@|\x93NUMPY|\x80[\x02-\x05]|RD[AX][23]\n|MATLAB [57]"
     rb"|HEADER RECORD\*|ASCII SPSS PORT|\0{12}\xc2\xea\x81\x60|\x03.[\x01-\x0c][\x01-\x1f].{28}\0",
     "other-format", "a file of a statistics program or library", EXPORT),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|MZ\x90|\x7fELF", "other-format", "no table", EXPORT),
    (rb"version https://git-lfs|outs:\s*\n\s*- |[./git]*annex/objects/",
     "pointer-file", "a pointer to a file", GET),
    (rb"\s*<\?xml.*<Workbook", "spreadsheet", "a spreadsheet in XML", SHEET),
    (rb"(?i)\s*(<\?xml[^>]*>\s*)?(<!--.{0,500}?-->\s*)?<(!doctype\s+html|html|head|body)\b",
     "web-page", "a web page (HTML)", WEB),
    (rb"(?i)\s*<(table|div|style|meta|script)[\s>][^,;\t]",
     "web-page", "a part of a web page (HTML)",
     "open it in a browser or spreadsheet, and save the table as CSV UTF-8"),
    # A name in angle brackets alone may be a column's.
    (rb"\s*<(\?xml|[A-Za-z][^<>\n]*>[ \r]*(\n\s*)?<)", "other-format", "an XML file", EXPORT),
    # An object, a list of objects, or a list of lists or values over lines.
    (rb"\s*(\[\s*)?\{\s*(" + QUOTE + rb"\s*:|\}\s*$)|\s*\[\s*\[\s*[\"\d\[-]|\[\s*\n\s*[\"\d]"
     rb"|\[[^\n\]]*\]\r?\n\[[^\n\]]*\]\r?\n", "json-file", "JSON", FLAT),
    (rb"(---\s*\n)?\s*- \w+: [^\n]*\n\s+\w+: ", "other-format", "YAML", FLAT),
    (rb"[+-]?[\d.]+( \d+:\S+)+\r?\n", "other-format", "a LIBSVM file",
     "read it by `sklearn.datasets.load_svmlight_file`, and write a table with names"),
    (rb"##fileformat=", "other-format", "a file of a laboratory (VCF)", EXPORT),
    (rb"\\(begin|documentclass)\b", "other-format", "a LaTeX document", EXPORT),
    (rb"\xff\xfe\0\0|\0\0\xfe\xff|([^\0]\0\0\0){4}|(\0\0\0[^\0]){4}", "not-text", "UTF-32 text",
     "save it as UTF-8"),
    (rb"\{\\rtf", "other-format", "a text document (RTF)", EXPORT),
    (rb"(?i)\s*(--|/\*)[^,;]{0,200} dump|\s*(--.*|/\*.*)?\b(insert\s+into|(create|drop)\s+table)\s",
     "other-format", "a dump of a database",
     "load it into a database and export the table, or read it by a query (.sql)"),
    (rb"(?is)(\s|%[^\n]*\n)*@relation\s", "other-format", "an ARFF file", EXPORT),
    # The second line is drawn, or the first.
    (rb"([^\n]*\n)?(?=[^\n]*(---|===))[ \t|,;:+]*[-=]{2,}([ \t|,;:+]+[-=]{2,})+[ \t|,;:+]*\r?\n"
     rb"|\+-[+-]*\+\r?\n|\s*\xe2(\x94\x8c|\x95[\x94\xad])",
     "drawn-table", "a table drawn for people to read, with lines below its header",
     "export it as CSV (psql: `\\copy (…) TO 'file.csv' CSV HEADER`)"),
)  # fmt: skip


def find_kind(path: Path) -> tuple[str, str, str] | None:
    """The code, the kind and the next step for a file that begins as no text table does.

    A UTF-8 or UTF-16 text is compared without its mark and its zero bytes.
    """
    with path.open("rb") as file:
        start = file.read(START)
    text = re.sub(rb"^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)|\0", b"", start)
    for pattern, *kind in KINDS:
        if re.match(pattern, start, re.DOTALL) or re.match(pattern, text, re.DOTALL):
            code, what, then = kind
            return code, what, then
    return None


def check_kind(path: Path) -> None:
    """Raise BadInput if the file at `path` begins as one of another kind than its name states."""
    is_parquet = path.suffix.lower() == PARQUET
    with path.open("rb") as file:
        if is_parquet and file.read(4) == b"PAR1":
            return
    then = "export it as Parquet, or give a CSV a name that ends in .csv"
    other = ("unreadable-file", "a file of another kind", then) if is_parquet else None
    if result := find_kind(path) or other:
        code, kind, then = result
        raise BadInput(f"expected {_expected(path)}, found {kind}; {then}", code=code)


def unreadable(path: Path, error: Exception) -> BadInput:
    """What Arrow or the system raised of the table at `path`, for a person."""
    if isinstance(error, OSError) and error.errno:
        kind, then = f"a file that cannot be read: {error.strerror}", "give another file"
    else:
        # Arrow repeats the row of a text file; a log has no place for a person's data.
        reason = re.sub(r"(Expected \d+ columns, got \d+): .*", r"\1", str(error), flags=re.S)
        kind = f"a damaged file ({' '.join(reason.split()):.200})"
        then = "export or copy it again"
    return BadInput(f"expected {_expected(path)}, found {kind}; {then}", code="unreadable-file")


def _expected(path: Path) -> str:
    return f"{'Parquet' if path.suffix.lower() == PARQUET else 'a text table'} in {path}"
