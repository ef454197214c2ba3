"""Checks a new delivery against the contract; its outcomes may still be missing."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import without_missing
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.data import sources
from engine.data.columns import check_names
from engine.data.validation import Violation, column_mistakes, validate
from engine.problem.files import atomic_path
from engine.problem.spec import Problem

REFUSED = Path("build/refused")


@dataclass(frozen=True, eq=False)
class Checked:
    """What was found in a delivery.

    `mistakes` are about its columns; with any, rows are not validated. `unchecked` names
    the columns that are not known yet, `waiting` counts rows whose outcome is not. `report` is the
    file that lists every refused cell.
    """

    rows: int
    mistakes: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    refused: int = 0
    unchecked: tuple[str, ...] = ()
    unlabelled: int = 0
    report: Path | None = None

    @property
    def holds(self) -> bool:
        """Whether the delivery fits the contract, as far as it could be checked."""
        return not self.mistakes and not self.violations


def check(problem: Problem, schema: pa.DataFrameSchema, source: str) -> Checked:
    """Validate every column and row of `source`, and write the refused cells to a file.

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
    unlabelled = pd.Series(False, raw.index)
    if target in raw.columns:
        unlabelled = without_missing(
            raw[target], ColumnFormat.of(schema.columns[target].metadata)
        ).isna()
    result = validate(raw, _with_nullable(schema, [target, *later]) if unlabelled.any() else schema)
    violations = (
        *result.violations,
        *_missing_labels(raw[~unlabelled], schema, [*later] if unlabelled.any() else []),
    )
    rows = {row for one in violations for row in one.cells.index}
    if rows:
        _write(report, violations, raw, problem.rows.id)
    return Checked(
        len(raw),
        (),
        violations,
        len(rows),
        unchecked,
        int(unlabelled.sum()),
        report if rows else None,
    )


def _with_nullable(schema: pa.DataFrameSchema, names: list[str]) -> pa.DataFrameSchema:
    """The contract with these columns nullable."""
    return schema.update_columns(
        {name: {"nullable": True} for name in names if name in schema.columns}
    )


def _missing_labels(
    raw: pd.DataFrame, schema: pa.DataFrameSchema, later: list[str]
) -> list[Violation]:
    """Values that come with the outcome and are missing although the outcome is there."""
    violations = []
    for name in later:
        values = without_missing(raw[name], ColumnFormat.of(schema.columns[name].metadata))
        if not schema.columns[name].nullable and (missing := values[values.isna()]).size:
            cells = missing.set_axis(missing.index + 1)
            violations.append(
                Violation(name, "must not be missing where the outcome is known", cells)
            )
    return violations


def _write(
    path: Path, violations: tuple[Violation, ...], raw: pd.DataFrame, key: str | None
) -> None:
    """Write one line for each refused cell: row, its id if there is one, column, rule, value."""
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
            for one in violations
        ]
    ).sort_values("row", kind="stable")
    if key and key in raw.columns:
        listed.insert(1, key, raw[key].reindex(listed["row"] - 1).to_numpy())
    with atomic_path(path) as draft:
        listed.to_csv(draft, index=False)
