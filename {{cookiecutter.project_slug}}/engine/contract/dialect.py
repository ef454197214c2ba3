"""Recognises dialects of text tables that are not read, each with the edit that helps.

Decided on the first lines; standard library only.
"""

import mmap
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from engine.contract.layout import SEPARATORS, Layout
from engine.problem.errors import BadInput

Lines = Sequence[Sequence[str]]
# The code of a fault, and what is wrong with the next step.
Fault = tuple[str, str]

# Fewer lines are alike by chance.
FEWEST = 3
# Signs that may separate cells: none that stands in names, numbers, days or files.
SIGNS = re.compile(r"""[^\w\s"'(){}\[\].,;|=-]+|=>|þ|[\x01\x1f]""")
# Signs that enclose a cell in some files, other than quotation marks as on a keyboard.
QUOTES = ("''", "``", "“”", "„“", "«»", "‘’")
# A mark within a cell, that is neither doubled nor stands at its end; so many are looked at.
INNER = re.compile(rb'"(?<=[^",;|\t\r\n]")(?:"")*+(?=[^",;|\t\r\n])(?! +(?:[,;|\t\r\n]|\Z))')
MOST_INNER = 200_000
LONGEST_LINE = 1 << 16
BACKSLASHES = """quotation marks inside cells are escaped by backslashes; double them instead, in \
the program that exports or by `sed 's/\\\\"/""/g'`"""
WHOLE_LINES = (
    "lines are in quotation marks as a whole; remove the outer ones and halve the doubled "
)
WHOLE_LINES += """ones: `sed -e 's/^"//' -e 's/"$//' -e 's/""/"/g'`"""
SPACED = "spaces stand before quotation marks, which then enclose nothing; remove them: "
COMMAS = "; if its numbers have decimal commas, export it with semicolons between the cells"
FIXED = "export it again, or `pandas.read_fwf`, then `to_csv`"


def check_dialect(path: Path, layout: Layout, lines: Lines, raw: Sequence[str]) -> None:
    """Raise BadInput if the table is written in a dialect that is not read.

    Args:
        lines: the cells of the first lines by `layout`, the header among them.
        raw: the same lines as they are, without blank ones.
    """
    if fault := _quotes(layout, lines) or _separator(lines, raw) or _last_cell(layout, lines):
        raise _refused(path, fault)


def row_fault(text: str, expected: int, actual: int, separator: str) -> Fault:
    """The code and the likely reason for a row of `actual` cells where `expected` were."""
    is_whole = actual == 1 and text[:1] == text.rstrip()[-1:] == '"' and separator in text
    is_ended = actual == expected + 1 and text.rstrip("\r\n ").endswith(separator)
    is_escaped = f"\\{separator}" in text
    reasons = (
        (not text.strip(), "row-length", "it is blank but for spaces: delete such lines"),
        ('\\"' in text, "backslash-quotes", BACKSLASHES),
        (f'{separator} "' in text, "spaced-quotes", _spaced(separator)),
        (is_whole, "quoted-lines", WHOLE_LINES),
        (is_ended, "trailing-separator", "it ends in a separator that the header lacks: remove it"),
        (expected == 1 < actual, "row-length",
         "if a title stands above the header, delete its lines"),
        (actual == 1 < expected, "row-length", "if it is a note below the table, delete it"),
        (is_escaped, "escaped-separators",
         "separators inside cells are escaped by backslashes; put such cells in quotation marks"),
        (expected < actual and separator == ",", "row-length", COMMAS.removeprefix("; ")),
    )  # fmt: skip
    return next((reason[1:] for reason in reasons if reason[0]), ("row-length", ""))


def check_marks(path: Path, layout: Layout) -> None:
    """Raise BadInput for a mark within a quoted cell that is escaped by a backslash, or not at all.

    Readers end the cell there and lose the mark.
    """
    sign = re.escape(layout.separator).encode()
    is_open = re.compile(rb"(?:^|" + sign + rb') ?"(?:[^"\\]|\\.|"")*\Z', re.DOTALL).search
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        is_wide = layout.encoding.startswith("utf-16")
        text = mapped[:].decode(layout.encoding).encode() if is_wide else mapped
        for match in islice(INNER.finditer(text), MOST_INNER):
            start = max(text.rfind(b"\n", 0, match.start()) + 1, match.start() - LONGEST_LINE)
            is_escaped = text[match.start() - 1] == ord("\\")
            if is_open(text[start : match.start() - is_escaped]):
                row = text[: match.start()].count(b"\n") + 1
                what = f"a quotation mark in line {row} stands within a quoted cell, and does not "
                what += "end it; write it twice, or leave the outer marks out"
                escaped = "backslash-quotes", f"{BACKSLASHES} (first: line {row})"
                raise _refused(path, escaped if is_escaped else ("stray-quote", what))


def _quotes(layout: Layout, lines: Lines) -> Fault | None:
    """Whether lines are quoted as a whole, or cells by other signs, or behind spaces."""
    first, rest = lines[0], lines[1:]
    separators = len(first) - 1 or max(map(first[0].count, SEPARATORS))
    alone = [row[0] for row in (rest if len(first) > 1 else lines) if len(row) == 1]
    are_whole = len(alone) >= len(rest) and all(
        any(text.count(sign) >= separators for sign in SEPARATORS) for text in alone
    )
    is_whole = len(first) == 1 and all(len(row) == separators + 1 for row in rest)
    if separators and len(rest) > 1 and (are_whole or is_whole):
        return "quoted-lines", WHOLE_LINES
    for signs in QUOTES:
        enclosed = re.compile(rf"\s*{signs[0]}.*{signs[1]}\s*", re.DOTALL).fullmatch
        if rest and all(map(enclosed, first)) and all(any(map(enclosed, row)) for row in rest):
            what = f"its cells are enclosed in {signs[0]} and {signs[1]}; expected quotation marks "
            return "other-quotes", f'{what}("): export it again, or replace them'
    if any(re.fullmatch(r'\s+"([^"]*|.*"\s*)', cell) for row in lines for cell in row):
        return "spaced-quotes", _spaced(layout.separator)
    return None


def _separator(lines: Lines, raw: Sequence[str]) -> Fault | None:
    """Whether another sign than those that are read separates the cells."""
    if len(raw) < FEWEST:
        return None
    if all(line.count("||") and line.count("|") == 2 * line.count("||") for line in raw):
        return "unknown-separator", _other("'||'", r"`sed 's/||/;/g'`")
    if len(lines[0]) > 1:
        return None
    for sign in SIGNS.findall(raw[0]):
        names = raw[0].split(sign)
        if {line.count(sign) for line in raw} == {len(names) - 1} and not any(
            map(str.isdigit, names)
        ):
            shown = sign if sign.isprintable() else f"\\x{ord(sign):02x}"
            pattern = re.sub(r"([*+?$&\\](?!x))", r"[\1]", shown).replace("^", r"\^")
            return "unknown-separator", _other(f"'{shown}'", f"`sed 's|{pattern}|;|g'`")
    return _spaces(raw) if all(len(cells) == 1 for cells in lines) else None


def _spaces(raw: Sequence[str]) -> Fault | None:
    """Whether spaces separate the cells, one or as many as fill a column."""
    widths = {len(line.split()) for line in raw}
    values = [text for line in raw[1:] for text in line.split()]
    numbers = sum(text.strip("+-").replace(".", "", 1).isdigit() for text in values)
    if len(widths) == 1 and widths != {1} and numbers >= len(values) / 2:
        return "unknown-separator", _other("spaces", "`tr -s ' ' ';'`")
    if all(re.search(r"\S {2,}\S|^ {2,}\S", line) for line in raw):
        return "unknown-separator", f"its columns are of fixed width, filled with spaces: {FIXED}"
    return None


def _other(sign: str, command: str) -> str:
    signs = ", ".join(SEPARATORS.values())
    return f"its cells are separated by {sign}; expected {signs}: export it again, or {command}"


def _spaced(separator: str) -> str:
    return f"""{SPACED}`sed 's/{separator} *"/{separator}"/g'`"""


def _last_cell(layout: Layout, lines: Lines) -> Fault | None:
    """Whether each row has one cell more than the header."""
    first, rest = lines[0], lines[1:]
    if len(rest) < 2 or len(first) < 2 or {len(cells) for cells in rest} != {len(first) + 1}:
        return None
    sign = SEPARATORS[layout.separator].removesuffix("s")
    if not any(cells[-1].strip() for cells in rest):
        what = f"each row ends in a {sign} that the header lacks; remove it from each row "
        what += f"(`sed 's/{layout.separator}[[:space:]]*$//'`), or add one to the header"
        return "trailing-separator", what
    what = f"each row has one cell more than the header has names ({len(first)}); if the first "
    what += f"column has no name, put a name and a {sign} before the header (in R: `write.csv`, or "
    return "missing-name", f"{what}`col.names = NA`){COMMAS if layout.separator == ',' else ''}"


def _refused(path: Path, fault: Fault) -> BadInput:
    return BadInput(f"expected a text table in {path}, but {fault[1]}", code=fault[0])
