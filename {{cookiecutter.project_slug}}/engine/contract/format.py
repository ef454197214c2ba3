"""How the texts of one column are read: kept in its contract as `metadata`, for all to see."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from engine.contract.numbers import is_infinite


@dataclass(frozen=True)
class ColumnFormat:
    """What a column's texts mean. Blank is always missing, ISO 8601 always a date.

    `missing`: words that mean missing as well. `decimal`, `thousands`: the signs in its numbers;
    `unit`: what stands before or behind each and is left aside, such as % or EUR; `negative`: how
    numbers below 0 are written beside '-1', such as '(1)'; `infinite`: without an end means
    missing. `true`, `false`: words of a boolean, in small letters. `dates`: forms of its dates, as
    `strptime` has them.
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

    def to_metadata(self) -> dict[str, Any]:
        """What is not as everywhere, as it stands in the contract."""
        plain = asdict(PLAIN)
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
            if value != plain[key]
        }

    @classmethod
    def of(cls, metadata: Mapping[str, Any] | None) -> "ColumnFormat":
        """Read what `to_metadata` wrote; other keys are somebody else's."""
        known = {one.name for one in fields(cls)} & (metadata or {}).keys()
        given = {key: (metadata or {})[key] for key in known}
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
        }
        return cls(**plain)

    def without_missing(self, values: pd.Series) -> pd.Series:
        """`values`, with what means missing gone: words, and numbers without an end."""
        values = values.mask(values.isin(self.missing)) if self.missing else values
        return values.mask(is_infinite(values)) if self.infinite else values

    @property
    def number(self) -> tuple[str, str, str, tuple[str, ...]]:
        """How its numbers are written, as `engine.contract.numbers.plain` asks it."""
        return self.decimal, self.thousands, self.unit, self.negative


PLAIN = ColumnFormat()
