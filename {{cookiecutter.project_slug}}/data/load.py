"""The rows that a model may see: read, held against the contract, and given a digest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa

from data import sources
from data.columns import check_names
from data.convert import convert, kind_of
from problem.columns import Column
from problem.errors import BadInput
from problem.spec import Problem

# How many broken rows a message names before it only counts.
SHOWN = 5


@dataclass(frozen=True)
class Broken:
    """A rule of the contract that some rows break: the first of them, and how many there are.

    `rows` holds (number of the row, its value); row 1 is the first below the header.
    """

    column: str
    rule: str
    rows: tuple[tuple[int, Any], ...]
    count: int

    def __str__(self) -> str:
        """The rule and its rows in one line."""
        rows = f"{self.count:,} {'row' if self.count == 1 else 'rows'}"
        shown = [
            f"row {row}" if pd.isna(value) else f"row {row} has {value!r:.60}"
            for row, value in self.rows
        ]
        if self.count > len(shown) > 0:
            shown.append("…")
        return f"'{self.column}' {self.rule}: {rows}" + (f" ({', '.join(shown)})" if shown else "")


def load(problem: Problem, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """All rows with a known outcome, valid by the contract, in the order of time if there is one.

    Raises:
        BadInput: the problem names columns that the contract does not have, the source cannot be
            read (see `data.sources.read`), or rows break the contract.
    """
    check_names(problem, schema)
    raw = sources.read(problem.rows.source)
    if problem.target.column in raw.columns:
        raw = raw[raw[problem.target.column].notna()]
    frame = conform(raw, schema)
    if problem.rows.time:
        # A stable sort: rows of the same moment keep the order in which they came.
        frame = frame.sort_values(problem.rows.time, kind="stable")
    return frame.reset_index(drop=True)


def conform(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """`raw` with the contract's columns, in its order and with its types.

    Columns are judged first, then types and missing values, then the contract's other rules.

    Raises:
        BadInput: which rule is broken, in how many rows, and in which first.
    """
    _check_columns(raw, schema)
    frame, broken = _typed(raw, schema)
    if broken := broken or _rules(frame, schema):
        lines = [f"the rows break the contract (data/contract.py); {len(raw):,} were read:"]
        lines += map(str, broken)
        lines.append("mend the rows at their source, or the rule if it is wrong")
        raise BadInput("\n  ".join(lines))
    return frame


def digest(frame: pd.DataFrame) -> str:
    """SHA-256 over names, types and values of `frame` (by their 64-bit hashes), in their order."""
    sha = hashlib.sha256()
    for name in frame.columns:
        sha.update(f"{name}\0{frame[name].dtype}\0".encode())
        sha.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    return sha.hexdigest()


def inputs(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The model's inputs of `frame`, in the order and with the types that serving builds too."""
    return frame[[column.name for column in columns]].astype(
        {column.name: column.dtype for column in columns}
    )


def _check_columns(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> None:
    missing = [name for name in schema.columns if name not in raw.columns]
    unknown = [name for name in raw.columns if name not in schema.columns]
    lines = []
    if missing:
        lines.append(f"columns that are not there: {_listed(missing)}")
    if unknown and schema.strict is True:
        lines.append(f"columns that it does not know: {_listed(unknown)}")
    if lines:
        raise BadInput(
            f"the table breaks the contract (data/contract.py): {'; '.join(lines)}; give the "
            "table the contract's columns, or the contract the table's"
        )


def _typed(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[Broken]]:
    table: dict[str, pd.Series] = {}
    broken = []
    for name, rule in schema.columns.items():
        table[name] = values = raw[name]
        if kind := kind_of(rule.dtype):
            table[name], odd = convert(values, kind, nullable=rule.nullable)
            if odd.any():
                broken.append(_broken(values, odd, f"is no {kind}"))
        if not rule.nullable and (gone := values.isna()).any():
            broken.append(_broken(values, gone, "must not be missing"))
    return pd.DataFrame(table), broken


def _broken(values: pd.Series, odd: "pd.Series[bool]", rule: str) -> Broken:
    first = values[odd].head(SHOWN)
    rows = zip((int(label) + 1 for label in first.index), first.tolist(), strict=True)
    return Broken(str(values.name), rule, tuple(rows), int(odd.sum()))


def _rules(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> list[Broken]:
    """The rules that rows break, types aside: `convert` has seen to these."""
    untyped = {"dtype": None, "coerce": False, "nullable": True}
    bare = schema.update_columns(dict.fromkeys(schema.columns, untyped))
    bare.coerce = False
    try:
        bare.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    broken = []
    for (column, rule), those in cases.groupby(["column", "check"], dropna=False, sort=False):
        first = those[["index", "failure_case"]].dropna(subset="index").head(SHOWN)
        rows = tuple((int(label) + 1, value) for label, value in first.itertuples(index=False))
        name = column if isinstance(column, str) else "the table"
        words = "must be unique" if rule == "field_uniqueness" else f"must hold to {rule}"
        broken.append(Broken(name, words, rows, len(those)))
    return broken


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
