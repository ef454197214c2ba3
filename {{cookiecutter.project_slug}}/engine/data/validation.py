"""Validates rows against the contract: the rules they break, and in which rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import convert, without_missing
from engine.contract.column import kind_of
from engine.contract.format import ColumnFormat
from engine.problem.errors import BadInput

# A message names so many rows, and counts the others.
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
    """Rows with the contract's types, and the rules that they break."""

    frame: pd.DataFrame
    violations: tuple[Violation, ...]


def conform(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """`raw` with the contract's columns, in its order and with its types.

    Raises:
        BadInput: which rule is broken, in how many rows, and in which first.
    """
    if mistakes := column_mistakes(raw, schema):
        raise BadInput(
            f"the table breaks the contract (data/contract.py): {'; '.join(mistakes)}; give the "
            "table the contract's columns, or the contract the table's",
            code="contract-columns",
        )
    result = validate(raw, schema)
    if result.violations:
        lines = [f"the rows break the contract (data/contract.py); {len(raw):,} were read:"]
        lines += map(str, result.violations)
        lines.append("fix the rows at their source, or the rule if it is wrong")
        raise BadInput("\n  ".join(lines), code="contract-rows")
    return result.frame


def column_mistakes(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> list[str]:
    """A message for each difference between the columns and the contract's."""
    missing = [name for name in schema.columns if name not in raw.columns]
    unknown = [str(name) for name in raw.columns if name not in schema.columns]
    mistakes = []
    if missing:
        mistakes.append(f"missing columns: {_listed(missing)}")
    if unknown and schema.strict is True:
        mistakes.append(f"unknown columns: {_listed(unknown)}")
    folded = {name.casefold(): name for name in unknown}
    for name in missing[:SHOWN]:
        if near := get_close_matches(name.casefold(), folded, n=1, cutoff=0.8):
            mistakes.append(f"was {name!r} renamed to {folded[near[0]]!r}?")
    return mistakes


def validate(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> Validated:
    """The rules of the contract that rows of `raw` break; its columns must be the contract's.

    Types and missing values come first; the other rules apply to rows that pass these.
    """
    frame, violations = _typed(raw, schema)
    invalid = sorted({row - 1 for one in violations for row in one.cells.index})
    return Validated(
        frame, (*violations, *_rules(frame.drop(index=invalid) if invalid else frame, schema))
    )


def _typed(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[Violation]]:
    table: dict[str, pd.Series] = {}
    violations = []
    for name, rule in schema.columns.items():
        cells = ColumnFormat.of(rule.metadata)
        table[name] = values = without_missing(raw[name], cells)
        if kind := kind_of(rule.dtype):
            table[name], invalid = convert(values, kind, nullable=rule.nullable, cells=cells)
            if invalid.any():
                violations.append(_violation(values, invalid, f"is no {kind}"))
        if not rule.nullable and (missing_cells := values.isna()).any():
            violations.append(_violation(values, missing_cells, "must not be missing"))
    # Without a copy: a copy would join all columns, and selecting some would copy them again.
    return pd.DataFrame(table, copy=False), violations


def _violation(values: pd.Series, invalid: "pd.Series[bool]", rule: str) -> Violation:
    cells = values[invalid]
    return Violation(str(values.name), rule, cells.set_axis(cells.index + 1))


def _rules(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> list[Violation]:
    """The rules that rows break, apart from types, which `convert` checks."""
    # A team's contract may still ask for coercion.
    loose = {"dtype": None, "coerce": False, "nullable": True}
    untyped_schema = schema.update_columns(dict.fromkeys(schema.columns, loose))
    untyped_schema.coerce = False
    try:
        # In place: the rules change nothing, and a copy would be large.
        untyped_schema.validate(frame, lazy=True, inplace=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    violations = []
    for (column, rule), those in cases.groupby(["column", "check"], dropna=False, sort=False):
        rows = those.dropna(subset="index")
        cells = rows.set_index(rows["index"].astype("int64") + 1)["failure_case"]
        name = column if isinstance(column, str) else "the table"
        words = "must be unique" if rule == "field_uniqueness" else f"must hold to {rule}"
        violations.append(Violation(name, words, cells))
    return violations


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
