"""The rows that a model may see: read, and validated by the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import convert, without_missing
from engine.contract.column import Column, kind_of
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.data import shared, sources
from engine.data.columns import check_names
from engine.data.split import Rows
from engine.data.unread import check_read
from engine.problem.errors import BadInput
from engine.problem.spec import Problem

# A message names so many rows, and counts the others.
SHOWN = 5


def load(problem: Problem, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """All rows with a known outcome, valid by the contract, in the order of time if there is one.

    Raises:
        BadInput: the problem names columns that the contract does not have, the source cannot be
            read (see `engine.data.sources.read`), it holds other rows than the shared ones, or rows
            break the contract.
    """
    check_names(problem, schema)
    shared.check_present(problem.rows.source)
    raw = sources.read(problem.rows.source, Layout.of(schema.metadata))
    shared.verify(problem.rows.source, raw)
    check_read(raw, problem.rows.source, schema.columns.keys() - problem.columns.reasons.keys())
    target = problem.target.column
    if target in raw.columns:
        cells = ColumnFormat.of(schema.columns[target].metadata)
        labelled = without_missing(raw[target], cells).notna()
        raw = raw if labelled.all() else raw[labelled]
    frame = conform(raw, schema)
    del raw  # before the next copy is made
    if problem.rows.time and not frame[problem.rows.time].is_monotonic_increasing:
        # A stable sort: rows of the same time keep their order.
        frame = frame.sort_values(problem.rows.time, kind="stable")
    return frame.reset_index(drop=True)


def inputs(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The model's inputs of `frame`, in the order and with the types that serving builds too."""
    # Column by column: what has its type already is shared with `frame`, not copied.
    named = {column.name: frame[column.name] for column in columns}
    chosen = pd.DataFrame(named, index=frame.index, copy=False)
    return chosen.astype({column.name: column.dtype for column in columns})


def take(frame: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """These rows of `frame`, in this order; without a copy where they follow each other."""
    first, last = (int(rows[0]), int(rows[-1])) if len(rows) else (0, -1)
    # As many steps as rows, each of them one: what is taken by time mostly is so.
    in_a_row = last - first + 1 == len(rows) and bool((np.diff(rows) == 1).all())
    return frame.iloc[first : last + 1] if in_a_row else frame.iloc[rows]


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
    frame, violations = validate(raw, schema)
    if violations:
        lines = [f"the rows break the contract (data/contract.py); {len(raw):,} were read:"]
        lines += map(str, violations)
        lines.append("fix the rows at their source, or the rule if it is wrong")
        raise BadInput("\n  ".join(lines), code="contract-rows")
    return frame


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


def validate(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[Violation]]:
    """The rows with the contract's types, and the rules that they break.

    `raw` must have the contract's columns. Types and missing values come first; the other rules
    apply to rows that pass these.
    """
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
    frame = pd.DataFrame(table, copy=False)
    broken = sorted({row - 1 for one in violations for row in one.cells.index})
    return frame, violations + _rules(frame.drop(index=broken) if broken else frame, schema)


def _violation(values: pd.Series, invalid: "pd.Series[bool]", rule: str) -> Violation:
    cells = values[invalid]
    return Violation(str(values.name), rule, cells.set_axis(cells.index + 1))


def _rules(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> list[Violation]:
    """The rules that rows break, apart from types, which `convert` checks."""
    # A team's contract may still ask for coercion.
    loose = {"dtype": None, "coerce": False, "nullable": True}
    untyped_schema = schema.update_columns(dict.fromkeys(schema.columns, loose))
    # Unknown columns were left out or refused before.
    untyped_schema.coerce = untyped_schema.strict = False
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
