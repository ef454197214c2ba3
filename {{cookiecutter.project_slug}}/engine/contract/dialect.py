"""Recognises dialects of text tables that are not read, each with the edit that helps.

Decided on the first lines; standard library only.
"""

import mmap
import re
from collections.abc import Sequence
from pathlib import Path

from engine.contract.layout import SEPARATORS, Layout
from engine.problem.errors import BadInput

Lines = Sequence[Sequence[str]]

# Signs that part cells in some files, and are not read.
OTHER_SIGNS = {"||": "||", "::": "::", "\x01": "\\x01", "^": "^", "~": "~", "¦": "¦", ":": ":"}
# Fewer lines are alike by chance.
FEWEST = 3
# Signs that enclose a cell in some files, other than quotation marks as on a keyboard.
QUOTES = ("''", "``", "“”", "„“", "«»", "‘’")
# A quotation mark behind a backslash which does not end its cell.
ESCAPED = re.compile(rb'\\"(?=[^,;|\t"\r\n])')
# A cell in quotation marks that goes on up to there.
OPEN = re.compile(rb'(?:^|[,;|\t]) ?"(?:[^"\\]|\\.|"")*\Z')
LONGEST_LINE = 1 << 16
BACKSLASHES = """quotation marks inside cells are escaped by backslashes; double them instead, in \
the program that exports or by `sed 's/\\\\"/""/g'`"""
WHOLE_LINES = "each line is in quotation marks as a whole; remove the outer ones and halve the "
WHOLE_LINES += """doubled ones: `sed -e 's/^"//' -e 's/"$//' -e 's/""/"/g'`"""


def check_dialect(path: Path, layout: Layout, lines: Lines, raw: Sequence[str]) -> None:
    """Raise BadInput if the table is written in a dialect that is not read.

    Args:
        lines: the cells of the first lines by `layout`, the header among them.
        raw: the same lines as they are, without blank ones.
    """
    first, rest = lines[0], lines[1:]
    fault = _separator(layout, lines, raw) or _quotes(first, rest)
    widths = {len(cells) for cells in rest}
    if not fault and len(rest) > 1 and len(first) > 1 and widths == {len(first) + 1}:
        sign = SEPARATORS[layout.separator].removesuffix("s")
        if not any(cells[-1].strip() for cells in rest):
            what = f"each row ends in a {sign} that the header lacks; remove it from each row "
            what += f"(`sed 's/{layout.separator}[[:space:]]*$//'`), or add one to the header"
            fault = "trailing-separator", what
        else:
            what = f"each row has one cell more than the header has names ({len(first)}); if the "
            what += f"first column has no name, put a name and a {sign} before the header "
            fault = "missing-name", f"{what}(in R: `write.csv`, or `col.names = NA`)"
    if not fault and not layout.encoding.startswith("utf-16") and (row := _escaped(path)):
        fault = "backslash-quotes", f"{BACKSLASHES} (first: line {row})"
    if fault:
        code, what = fault
        raise BadInput(f"expected a text table in {path}, but {what}", code=code)


def row_fault(text: str, expected: int, actual: int, separator: str) -> tuple[str, str]:
    """The code and the likely reason for a row of `actual` cells where `expected` were."""
    is_whole = actual == 1 and text[:1] == text.rstrip()[-1:] == '"' and separator in text
    is_ended = actual == expected + 1 and text.rstrip("\r\n ").endswith(separator)
    reasons = (
        ('\\"' in text, "backslash-quotes", BACKSLASHES),
        (f'{separator} "' in text, "row-length", "remove the spaces before quotation marks"),
        (is_whole, "quoted-lines", WHOLE_LINES),
        (is_ended, "trailing-separator", "it ends in a separator that the header lacks: remove it"),
        (expected == 1 < actual, "row-length",
         "if a title stands above the header, delete its lines"),
        (actual == 1 < expected, "row-length", "if it is a note below the table, delete it"),
    )  # fmt: skip
    return next((reason[1:] for reason in reasons if reason[0]), ("row-length", ""))


def _separator(layout: Layout, lines: Lines, raw: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with how lines are parted into cells."""
    first, rest = lines[0], lines[1:]
    same_width = bool(rest) and all(len(cells) == len(first) for cells in rest)
    whole = [cells for cells in (rest if len(first) > 1 else lines) if len(cells) == 1]
    if len(whole) >= len(rest) and len(rest) > 1:
        width = len(first) - 1 or max(whole[0][0].count(sign) for sign in SEPARATORS)
        if width and all(
            line[:1] == line[-1:] == '"' and any(one[0].count(s) >= width for s in SEPARATORS)
            for line, one in zip(raw[-len(whole) :], whole, strict=False)
        ):
            return "quoted-lines", WHOLE_LINES
    if len(raw) < FEWEST:
        return None
    for sign, shown in OTHER_SIGNS.items():
        counts = {line.count(sign) for line in raw}
        is_doubled = sign == "||" and all(line.count("|") == 2 * line.count(sign) for line in raw)
        if len(counts) == 1 and counts != {0} and (is_doubled or not same_width or len(first) == 1):
            return "unknown-separator", _other(f"'{shown}'", f"`sed 's/{re.escape(shown)}/;/g'`")
    if len(first) == 1 and same_width and not raw[0].startswith('"'):
        widths = {len(line.split()) for line in raw}
        values = [text for line in raw[1:] for text in line.split()]
        numbers = sum(text.strip("+-").replace(".", "", 1).isdigit() for text in values)
        if len(widths) == 1 and widths != {1} and numbers >= len(values) / 2:
            return "unknown-separator", _other("spaces", "`tr -s ' ' ';'`")
    return None


def _other(sign: str, command: str) -> str:
    signs = ", ".join(SEPARATORS.values())
    return f"its cells are separated by {sign}; expected {signs}: export it again, or {command}"


def _quotes(first: Sequence[str], rest: Lines) -> tuple[str, str] | None:
    """Whether cells are enclosed in other signs than quotation marks."""
    for signs in QUOTES:
        enclosed = re.compile(rf"\s*{signs[0]}.*{signs[1]}\s*", re.DOTALL).fullmatch
        if rest and all(map(enclosed, first)) and all(any(map(enclosed, row)) for row in rest):
            what = f"its cells are enclosed in {signs[0]} and {signs[1]}; expected quotation marks "
            return "other-quotes", f'{what}("): export it again, or replace them'
    return None


def _escaped(path: Path) -> int:
    """The line of the first quotation mark behind a backslash inside a quoted cell; 0 for none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for match in ESCAPED.finditer(text):
            start = max(text.rfind(b"\n", 0, match.start()) + 1, match.start() - LONGEST_LINE)
            if OPEN.search(text[start : match.start()]):
                return text[: match.start()].count(b"\n") + 1
    return 0
