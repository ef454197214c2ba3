"""Detects how a text file is laid out: its encoding, its separator, and whether it has a header.

`sniff` decides it once, at adoption; `data/contract.py` keeps the decision, so that every later
delivery is read in the same way or refused.
"""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from engine.contract.dialect import check_dialect
from engine.contract.file_kinds import check_kind
from engine.contract.layout import SEPARATORS, Layout
from engine.contract.text_table import decoded, first_lines
from engine.problem.errors import BadInput

# A line that names the separator for Excel.
EXCELS = re.compile(r'"?sep=[^\r\n]{0,3}(?=[\r\n])', re.IGNORECASE)
# A number or a date, as no column is called.
VALUE = re.compile(r"[+-]?[\d.,:/ '-]*\d[\d.,:/ '-]*([eE][+-]?\d+)?|\d{4}-\d\d-\d\dT\S*")
YEAR = re.compile("(18|19|20)[0-9]{2}")
# Fewer values in the first line are no names by their form alone.
FEWEST_NAMES = 3
# How much of a file is decoded in one go.
PIECE = 1 << 24
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def sniff(path: Path) -> Layout:
    """The layout of the text file at `path`: the same file always gives the same.

    The separator is the one that parts most of the first lines into as many cells as the first.

    Raises:
        BadInput: the file is no text in UTF-8, UTF-16 or Windows-1252, is no table, holds nothing,
            or is written in a dialect that is not read (see `check_kind`, `check_dialect`).
    """
    check_kind(path)
    encoding = encoding_of(path)
    encoding = "utf-8" if encoding == "ascii" else encoding
    if line := EXCELS.match(decoded(path, encoding)[0]):
        raise BadInput(
            f"{path} opens with the line {line[0]!r}, which only Excel understands; delete it",
            code="not-a-table",
        )
    scores = {sign: _score(first_lines(path, encoding, sign)) for sign in SEPARATORS}
    separator = max(scores, key=lambda sign: scores[sign])
    lines = first_lines(path, encoding, separator)
    if not lines:
        raise BadInput(f"{path} is empty; expected a header line and rows", code="empty-table")
    layout = Layout(encoding, separator, _has_header(lines))
    raw = [line for line in decoded(path, encoding)[0].splitlines() if line.strip()]
    check_dialect(path, layout, lines, raw[: len(lines)])
    return layout


def _score(lines: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How well a separator parts these lines: the share that is as wide as the first, the width."""
    width = len(lines[0]) if lines else 0
    if width < 2:
        return 0.0, width
    return sum(len(cells) == width for cells in lines) / len(lines), width


def _has_header(lines: Sequence[Sequence[str]]) -> bool:
    """Does the first line name the columns?

    It does not if a value stands in it, and no word of it above a column of values; but values
    that count on, as years do, or have a form of their own, are names.
    """
    first, rest = lines[0], [cells for cells in lines[1:] if len(cells) == len(lines[0])]
    named, values = False, []
    for at, cell in enumerate(first):
        if VALUE.fullmatch(cell.strip()):
            values.append(at)
        else:
            below = [text for cells in rest if (text := cells[at].strip())]
            named |= bool(cell.strip() and below and all(map(VALUE.fullmatch, below)))
    return (
        named
        or not values
        or _are_names(
            [first[at].strip() for at in values], [[c[at].strip() for at in values] for c in rest]
        )
    )


def _are_names(texts: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether these values of the first line name their columns; `rest` are the cells below."""
    if len(set(texts)) < len(texts) or len(texts) < FEWEST_NAMES:
        return False
    forms = {_form(text) for text in texts}
    if len(forms) == 1 and not any(forms & set(map(_form, cells)) for cells in rest):
        return True  # as years above fractions, or days above counts
    steady = [cells for cells in rest if _step(cells)]
    is_count = texts[0] in ("0", "1") and _step(texts) == 1
    are_years = all(YEAR.fullmatch(text) for text in texts) and _step(texts) != 0
    return (is_count or are_years) and 2 * len(steady) < len(rest)


def _form(text: str) -> str:
    """The signs between a value's digits."""
    return re.sub(r"\d+", "9", text)


def _step(texts: Sequence[str]) -> int:
    """By how much whole numbers grow or fall, each by as much; 0 for others."""
    numbers = [int(text) for text in texts if text.isdecimal()]
    steps = {after - before for before, after in pairwise(numbers)}
    return steps.pop() if len(numbers) == len(texts) and len(steps) == 1 else 0


def encoding_of(path: Path) -> str:
    """ascii, utf-8, utf-16 (with its mark, or -le, -be) or windows-1252: the first that fits.

    Raises:
        BadInput: none does. A file that is UTF-8 but for a few bytes is damaged, no other encoding.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    marked = next((name for bom, name in BOMS.items() if start.startswith(bom)), None)
    zeros = Counter(at % 2 for at, byte in enumerate(start) if byte == 0)
    if not marked and max(zeros.values(), default=0) > len(start) / 5:
        marked = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    if marked and marked != "utf-8":
        mistake = _mistake(path, marked)[0]
        problem = f"is not {marked.upper()} text: {mistake}; export it again" if mistake else ""
    else:
        mistake, wide = _mistake(path, "utf-8")
        if not mistake:
            return "utf-8" if wide or marked else "ascii"
        again, problem = "export it again as CSV UTF-8 from where it came from", ""
        if "end of data" in mistake:
            problem = f"is UTF-8 text but for its end ({mistake}): cut off; copy it as a whole"
        elif marked or wide:
            sign = "opens with the mark of UTF-8" if marked else "holds letters in UTF-8"
            problem = f"{sign}, but {mistake} is none: two encodings were put together; {again}"
        elif _mistake(path, "windows-1252")[0]:
            problem = f"is neither UTF-8 nor Windows-1252 text: {mistake}; {again}"
        marked = "windows-1252"
    if problem:
        raise BadInput(f"{path} {problem}", code="not-text")
    return marked


def check_encoding(path: Path, expected: str) -> None:
    """Raise BadInput where `path` is no text, or in another encoding than the contract names."""
    check_kind(path)
    encoding = encoding_of(path)
    if encoding not in ("ascii", expected):
        raise BadInput(
            f"{path} is {encoding} text, but data/contract.py states {expected}; save it as "
            f"{expected}, or change the contract's metadata",
            code="wrong-encoding",
        )


def _mistake(path: Path, codec: str) -> tuple[str, bool]:
    """What is wrong with the file as text in `codec`, if anything; and are letters beyond ASCII
    in what comes before?
    """
    decoder, position, wide = codecs.getincrementaldecoder(codec)(), 0, False
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            try:
                text = decoder.decode(piece, final=len(piece) < PIECE)
            except UnicodeDecodeError as error:
                wide = wide or not error.object[: error.start].isascii()
                byte = error.object[error.start]
                where = f"byte {byte:#04x} near byte {position + error.start}"
                return f"{where} ({error.reason})", wide
            if "\0" in text:
                return "it holds zero bytes", wide
            wide = wide or not text.isascii()
            position += len(piece)
    return "", wide
