"""Reads one cell of a text table as a JSON value; standard library only.

`engine.contract.cells` reads whole columns in the same way, and calls this for cells in doubt.
"""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.contract.column import Column, ColumnType
from engine.contract.dates import read_date
from engine.contract.format import GUARD, HUGE, INFINITE, NEGATIVES, ColumnFormat

MAY_BE_INFINITE = rf"(?i).*({INFINITE}|{HUGE}).*"
INFINITE_NUMBER = re.compile(INFINITE, re.IGNORECASE)


def read_cell(column: Column, text: str) -> Any:
    """The JSON value of a cell; None is missing, and an unreadable cell stays the text itself.

    Spaces around the cell are removed. The value can still break the column's range, categories
    or nullability: the column's check decides these.
    """
    text = text.strip()
    if is_missing(column.format, text):
        return None
    value = parse(column.type, column.format, text)
    return text if value is None else value


def is_missing(cells: ColumnFormat, text: str) -> bool:
    """Whether a cell without spaces around it means missing."""
    if not text or text in cells.missing:
        return True
    if not cells.infinite:
        return False
    if INFINITE_NUMBER.fullmatch(text):
        return True
    number = _plain_number(cells, text) if re.search(HUGE, text) else None
    return number is not None and math.isinf(float(number))


def parse(kind: ColumnType, cells: ColumnFormat, text: str) -> Any:
    """The JSON value of a cell that is not missing; None if it is unreadable."""
    if cells.guarded and kind != "category":
        text = re.sub(GUARD, r"\1", text)
    return _PARSERS[kind](cells, text)


def _number(cells: ColumnFormat, text: str) -> float | None:
    plain = _plain_number(cells, text)
    value = math.inf if plain is None else float(plain)
    return value if math.isfinite(value) else None


def _integer(cells: ColumnFormat, text: str) -> int | None:
    plain = _plain_number(cells, text)
    if plain is None or abs(float(plain)) > 2.0**63:
        return None
    exact = Decimal(plain)
    whole = exact == exact.to_integral_value() and -(2**63) <= exact < 2**63
    return int(exact) if whole else None


def _plain_number(cells: ColumnFormat, text: str) -> str | None:
    """The number as `float` reads it; None if the text has another form."""
    if cells.marks:
        text = re.sub(cells.marks_pattern, "", text)
    for form in ("(1)", "−1"):
        text = _rewrite(cells, form, text)
    if cells.unit:
        text, match = re.subn(cells.unit_pattern, r"\1\2", text, count=1)
        if not match:
            return None
    text = _rewrite(cells, "1-", text)
    if not re.fullmatch(cells.number_pattern, text):
        return None
    if cells.thousands:
        text = re.sub(cells.thousands_pattern, "", text)
    return text.replace(cells.decimal, ".")


def _rewrite(cells: ColumnFormat, form: str, text: str) -> str:
    return re.sub(*NEGATIVES[form], text) if form in cells.negative else text


_PARSERS: Mapping[ColumnType, Callable[[ColumnFormat, str], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": lambda cells, text: cells.booleans.get(text.lower()),
    "category": lambda _, text: text,
    "date": read_date,
}
