"""How the texts of one column are written; standard library only.

The contract keeps it as `metadata` of the column, contract.json as `format`.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

SPACE = "[ \u00a0\u202f\u2009]"
# Other ways to write -1: a pattern, and its replacement.
NEGATIVES = {
    "(1)": (r"^\(([^()+−-]*)\)$", r"-\1"),
    "−1": ("−", "-"),
    "1-": (rf"^([^+-].*?){SPACE}*-$", r"-\1"),
}
INFINITE = r"[+-]?(inf|infinity|∞)"
SHORT_INTEGER = "[+-]?0*[0-9]{1,18}"
# What spreadsheets put around a cell so that it stays a text.
GUARD = r"^(?:'|=\"([^\"]*)\"$)"
# Numbers that may be too large for a float.
HUGE = r"[eE]\+?[0-9]{3}|[0-9]{300}"
BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
# ISO 8601: a day, and behind it a time of day and its offset from UTC.
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
OFFSET = r" ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
ISO = rf"({DAY})({TIME})?({OFFSET})?"


@dataclass(frozen=True)
class ColumnFormat:
    """What a column's texts mean. Blank is always missing, ISO 8601 always a date.

    `missing`: words that mean missing as well. `decimal`, `thousands`: the signs in its numbers;
    `unit`: text before or behind each number, such as % or EUR; `negative`: how numbers below 0
    are written beside '-1', such as '(1)'; `infinite`: infinite numbers mean missing; `marks`:
    footnotes behind numbers, left aside. `guarded`: a cell may have an apostrophe before it, or
    stand in ="…", as spreadsheets keep texts. `true`, `false`: words of a boolean, in small
    letters. `dates`: forms of its dates, as in `strptime`, or a key of `dates.EPOCHS`; `pivot`:
    the last year that two digits mean.
    """

    missing: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    negative: tuple[str, ...] = ()
    infinite: bool = False
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    guarded: bool = False
    pivot: int = 2068

    def to_metadata(self) -> dict[str, Any]:
        """The values that differ from the default, for the contract's metadata."""
        plain = asdict(PLAIN)
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
            if value != plain[key]
        }

    @classmethod
    def of(cls, metadata: Mapping[str, Any] | None) -> "ColumnFormat":
        """Read what `to_metadata` wrote; other keys belong to others."""
        names = {one.name for one in fields(cls)} & (metadata or {}).keys()
        given = {key: (metadata or {})[key] for key in names}
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
        }
        return cls(**plain)

    @property
    def booleans(self) -> dict[str, bool]:
        """Every word of a boolean, in small letters."""
        return BOOLEANS | dict.fromkeys(self.true, True) | dict.fromkeys(self.false, False)

    @property
    def number_pattern(self) -> str:
        """A regular expression for a whole number cell without unit and other negatives."""
        return f"^({number_pattern(self.decimal, self.thousands)})$"

    @property
    def unit_pattern(self) -> str:
        """A regular expression for the unit before or behind a number; groups hold its sign."""
        sign = f"{SPACE}*{re.escape(self.unit)}{SPACE}*"
        return rf"^([+-]?){sign}|{sign}(-?)$"

    @property
    def marks_pattern(self) -> str:
        """A regular expression for one of the footnotes, and the space before it."""
        return f"{SPACE}*({'|'.join(map(re.escape, self.marks))})$"

    @property
    def thousands_pattern(self) -> str:
        """A regular expression for one thousands sign."""
        return sign_pattern(self.thousands)


PLAIN = ColumnFormat()


def number_pattern(decimal: str, thousands: str) -> str:
    """A regular expression for a whole cell that is a number with these signs."""
    point, comma = re.escape(decimal), sign_pattern(thousands)
    groups = rf"|[0-9]{{1,3}}({comma}[0-9]{{3}})+" if thousands else ""
    return rf"[+-]?(([0-9]+{groups})({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?"


def sign_pattern(thousands: str) -> str:
    """Every kind of space is the same sign: readers cannot see which one it is."""
    return SPACE if thousands and re.fullmatch(SPACE, thousands) else re.escape(thousands)
