"""Holds rows against the contract: which rules they break, where, and how many of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import convert, without_missing
from engine.contract.column import kind_of
from engine.contract.format import ColumnFormat
from engine.problem.errors import BadInput

# How many broken rows a message names before it only counts.
SHOWN = 5


@dataclass(frozen=True, eq=False)
class Violation:
    """A rule of the contract that some rows break.

    `cells` holds their values by the number of the row; row 1 is the first below the header. It
    is empty where a rule is broken by the table and not by a row.
    """

    column: str
    rule: str
    cells: pd.Series

    def __str__(self) -> str:
        """The rule and its first rows in one line."""
        count = len(self.cells)
        if not count:
            return f"'{self.column}' {self.rule}"
        shown = [
            f"row {row}" if pd.isna(value) else f"row {row} has {value!r:.60}"
            for row, value in zip(self.cells.index, self.cells.head(SHOWN).tolist(), strict=False)
        ]
        if count > SHOWN:
            shown.append("…")
        rows = f"{count:,} {'row' if count == 1 else 'rows'}"
        return f"'{self.column}' {self.rule}: {rows} ({', '.join(shown)})"


@dataclass(frozen=True, eq=False)
class Validated:
    """Rows as the contract types them, and the rules that they break; none of these: sound rows."""

    frame: pd.DataFrame
    broken: tuple[Violation, ...]


def conform(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """`raw` with the contract's columns, in its order and with its types.

    Raises:
        BadInput: which rule is broken, in how many rows, and in which first.
    """
    if mistakes := column_mistakes(raw, schema):
        raise BadInput(
            f"the table breaks the contract (data/contract.py): {'; '.join(mistakes)}; give the "
            "table the contract's columns, or the contract the table's"
        )
    judged = judge(raw, schema)
    if judged.broken:
        lines = [f"the rows break the contract (data/contract.py); {len(raw):,} were read:"]
        lines += map(str, judged.broken)
        lines.append("mend the rows at their source, or the rule if it is wrong")
        raise BadInput("\n  ".join(lines))
    return judged.frame


def column_mistakes(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> list[str]:
    """What is wrong with the names of the columns, in words; nothing if they are the contract's."""
    missing = [name for name in schema.columns if name not in raw.columns]
    unknown = [str(name) for name in raw.columns if name not in schema.columns]
    found = []
    if missing:
        found.append(f"columns that are not there: {_listed(missing)}")
    if unknown and schema.strict is True:
        found.append(f"columns that it does not know: {_listed(unknown)}")
    folded = {name.casefold(): name for name in unknown}
    for name in missing[:SHOWN]:
        if near := get_close_matches(name.casefold(), folded, n=1, cutoff=0.8):
            found.append(f"was {name!r} renamed to {folded[near[0]]!r}?")
    return found


def judge(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> Validated:
    """Every rule of the contract that rows of `raw` break; its columns are the contract's.

    Types and missing values are judged first, and the other rules only on rows that pass these:
    what is no number is in no range.
    """
    frame, broken = _typed(raw, schema)
    odd = sorted({row - 1 for one in broken for row in one.cells.index})
    return Validated(frame, (*broken, *_rules(frame.drop(index=odd) if odd else frame, schema)))


def _typed(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[Violation]]:
    table: dict[str, pd.Series] = {}
    broken = []
    for name, rule in schema.columns.items():
        cells = ColumnFormat.of(rule.metadata)
        table[name] = values = without_missing(raw[name], cells)
        if kind := kind_of(rule.dtype):
            table[name], odd = convert(values, kind, nullable=rule.nullable, cells=cells)
            if odd.any():
                broken.append(_broken(values, odd, f"is no {kind}"))
        if not rule.nullable and (gone := values.isna()).any():
            broken.append(_broken(values, gone, "must not be missing"))
    # Each column stays as it is: to lay them side by side would copy all of them, and whoever takes
    # some columns would copy these again.
    return pd.DataFrame(table, copy=False), broken


def _broken(values: pd.Series, odd: "pd.Series[bool]", rule: str) -> Violation:
    cells = values[odd]
    return Violation(str(values.name), rule, cells.set_axis(cells.index + 1))


def _rules(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> list[Violation]:
    """The rules that rows break, types aside: `convert` has seen to these."""
    # A team's contract may still ask for coercion.
    untyped = {"dtype": None, "coerce": False, "nullable": True}
    bare = schema.update_columns(dict.fromkeys(schema.columns, untyped))
    bare.coerce = False
    try:
        # In place: the rules only look, and a copy of the table to look at is a large one.
        bare.validate(frame, lazy=True, inplace=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    broken = []
    for (column, rule), those in cases.groupby(["column", "check"], dropna=False, sort=False):
        rows = those.dropna(subset="index")
        cells = rows.set_index(rows["index"].astype("int64") + 1)["failure_case"]
        name = column if isinstance(column, str) else "the table"
        words = "must be unique" if rule == "field_uniqueness" else f"must hold to {rule}"
        broken.append(Violation(name, words, cells))
    return broken


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
