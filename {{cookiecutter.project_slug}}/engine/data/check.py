"""Holds a new delivery against the contract: whole, or but for an outcome that is not known yet."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import without_missing
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.data import sources
from engine.data.columns import check_names
from engine.data.validation import Violation, column_mistakes, judge
from engine.problem.files import atomic_path
from engine.problem.spec import Problem

REFUSED = Path("build/refused")


@dataclass(frozen=True, eq=False)
class Checked:
    """What was found in a delivery.

    `mistakes` are about its columns; while there are any, rows are not judged. `unchecked` names
    the columns that are not known yet, `waiting` counts rows whose outcome is not. `report` is the
    file that lists every refused cell.
    """

    rows: int
    mistakes: tuple[str, ...] = ()
    broken: tuple[Violation, ...] = ()
    refused: int = 0
    unchecked: tuple[str, ...] = ()
    waiting: int = 0
    report: Path | None = None

    @property
    def holds(self) -> bool:
        """Does all that could be checked hold to the contract?"""
        return not self.mistakes and not self.broken


def check(problem: Problem, schema: pa.DataFrameSchema, source: str) -> Checked:
    """Judge every column and every row of `source`, and write the refused cells to a file.

    A delivery may lack the target, and then also the columns that problem.toml says are known
    later only; both are named as unchecked.

    Raises:
        BadInput: the source cannot be read, or is in another encoding than the contract names.
    """
    check_names(problem, schema)
    raw = sources.read(source, Layout.of(schema.metadata))
    target, later = problem.target.column, problem.columns.known_after
    report = REFUSED / f"{Path(source).stem.replace(':', '-')}.csv"
    report.unlink(missing_ok=True)
    unchecked: tuple[str, ...] = ()
    if target not in raw.columns:
        unchecked = (target, *(name for name in later if name not in raw.columns))
        schema = schema.remove_columns(list(unchecked))
    if mistakes := column_mistakes(raw, schema):
        return Checked(len(raw), tuple(mistakes), unchecked=unchecked)
    waiting = pd.Series(False, raw.index)
    if target in raw.columns:
        waiting = without_missing(
            raw[target], ColumnFormat.of(schema.columns[target].metadata)
        ).isna()
    judged = judge(raw, _patient(schema, [target, *later]) if waiting.any() else schema)
    broken = (*judged.broken, *_overdue(raw[~waiting], schema, [*later] if waiting.any() else []))
    rows = {row for one in broken for row in one.cells.index}
    if rows:
        _write(report, broken, raw, problem.rows.id)
    return Checked(
        len(raw), (), broken, len(rows), unchecked, int(waiting.sum()), report if rows else None
    )


def _patient(schema: pa.DataFrameSchema, names: list[str]) -> pa.DataFrameSchema:
    """The contract, with cells of these columns allowed to be missing."""
    return schema.update_columns(
        {name: {"nullable": True} for name in names if name in schema.columns}
    )


def _overdue(raw: pd.DataFrame, schema: pa.DataFrameSchema, later: list[str]) -> list[Violation]:
    """What is missing although the row's outcome is known, and with it what comes later only."""
    found = []
    for name in later:
        values = without_missing(raw[name], ColumnFormat.of(schema.columns[name].metadata))
        if not schema.columns[name].nullable and (gone := values[values.isna()]).size:
            cells = gone.set_axis(gone.index + 1)
            found.append(Violation(name, "must not be missing where the outcome is known", cells))
    return found


def _write(path: Path, broken: tuple[Violation, ...], raw: pd.DataFrame, key: str | None) -> None:
    """Every refused cell in a line: row, its id if rows have one, column, rule, value."""
    listed = pd.concat(
        [
            pd.DataFrame(
                {
                    "row": one.cells.index.astype("int64"),
                    "column": one.column,
                    "rule": one.rule,
                    "value": one.cells.astype("str").to_numpy(),
                }
            )
            for one in broken
        ]
    ).sort_values("row", kind="stable")
    if key and key in raw.columns:
        listed.insert(1, key, raw[key].reindex(listed["row"] - 1).to_numpy())
    with atomic_path(path) as draft:
        listed.to_csv(draft, index=False)
