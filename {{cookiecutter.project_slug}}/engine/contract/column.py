"""The one specification of a column, shared by training, server, bulk work and documentation.

Standard library only: a bundle is read without pandas and pyarrow.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.contract.format import PLAIN, ColumnFormat

ColumnType = Literal["number", "integer", "boolean", "category", "date"]

# A category is a short label. Longer strings are free text, which this model does not read.
LONGEST_CATEGORY = 200
# The whole numbers that a column can hold.
LOWEST, HIGHEST = -(2**63), 2**63 - 1
# How the names of pandas' types begin.
_TYPES: Mapping[str, ColumnType] = {
    "float": "number",
    "int": "integer",
    "uint": "integer",
    "bool": "boolean",
    "str": "category",
    "datetime": "date",
}


def kind_of(dtype: object) -> ColumnType | None:
    """The column type of a pandas dtype; None where a model does not read it."""
    name = str(dtype).lower()
    return next((kind for start, kind in _TYPES.items() if name.startswith(start)), None)


@dataclass(frozen=True)
class Column:
    """One input of the model, as the data contract describes it.

    `minimum` and `maximum` are inclusive and belong to numbers and integers. `categories` are the
    values seen so far; when `closed`, any other value is refused, else it is served as unseen.
    `example` is a value of the column as it stands in JSON. `format` is how texts write it.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    closed: bool = False
    meaning: str = ""
    example: Any = None
    format: ColumnFormat = PLAIN

    @property
    def unit(self) -> str:
        """The unit of its numbers, where texts write one."""
        return self.format.unit

    @property
    def dtype(self) -> str:
        """The pandas dtype of the column, the same in training and in serving.

        A nullable integer is a float: missing needs a NaN, and the model computes in floats.
        """
        if self.type == "integer":
            return "float64" if self.nullable else "int64"
        if self.type == "boolean":
            return "boolean" if self.nullable else "bool"
        return {"number": "float64", "category": "str", "date": "datetime64[us]"}[self.type]

    def to_json(self) -> dict[str, Any]:
        """The column as it stands in contract.json, every key written."""
        written: dict[str, Any] = json.loads(json.dumps(asdict(self)))  # tuples become lists
        return written

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Column":
        """Read what `to_json` wrote; bundles of engine 1 have no `format`."""
        cells = ColumnFormat.of(value.get("format"))
        return cls(**{**value, "categories": tuple(value["categories"]), "format": cells})


def expected(column: Column) -> str:
    """What a JSON value of the column may be, in words for messages and OpenAPI."""
    words = {
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
        "category": f"a text of at most {LONGEST_CATEGORY} characters",
        "date": "a date-time without an offset, such as 2026-03-01T09:30:00",
    }[column.type]
    if column.type == "category" and column.closed:
        words = "one of " + ", ".join(f"'{category}'" for category in column.categories)
    if column.type in ("number", "integer"):
        low, high = column.minimum, column.maximum
        if low is not None and high is not None:
            words += f" from {low:.12g} to {high:.12g}"
        elif low is not None:
            words += f" of {low:.12g} or more"
        elif high is not None:
            words += f" of {high:.12g} or less"
        words += f", in {column.unit}" if column.unit else ""
    return words + (" or null" if column.nullable else "")
