"""Checks a new delivery against the contract; its outcomes may still be missing."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import without_missing
from engine.contract.column import kind_of
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.data import sources
from engine.data.columns import check_names
from engine.data.load import Violation, column_mistakes, validate
from engine.data.unread import check_read
from engine.data.written import adopted_rows, differences, layout_mistake, why_refused
from engine.pages.formatting import count, listed
from engine.problem.files import atomic_path
from engine.problem.spec import Problem

REFUSED = Path("build/refused")


@dataclass(frozen=True, eq=False)
class Checked:
    """What was found in a delivery.

    `mistakes` are about its columns; with any, rows are not validated. `unchecked` names
    the columns that are not known yet, `waiting` counts rows whose outcome is not. `report` is the
    file that lists every refused cell. `rewritten` is what is written otherwise than in the table
    that was adopted, `notes` what may be.
    """

    rows: int
    mistakes: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    refused: int = 0
    unchecked: tuple[str, ...] = ()
    unlabelled: int = 0
    report: Path | None = None
    rewritten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the delivery fits the contract, as far as it could be checked."""
        return not (self.mistakes or self.violations or self.rewritten)


def check(problem: Problem, schema: pa.DataFrameSchema, source: str) -> Checked:
    """Validate every column and row of `source`, and write the refused cells to a file.

    A delivery may lack the target, and then also the columns that problem.toml says are known
    later only; both are named as unchecked.

    Raises:
        BadInput: the source cannot be read, or is in another encoding than the contract names.
    """
    check_names(problem, schema)
    layout = Layout.of(schema.metadata)
    sniffed = sources.layout_of(source) if layout else None
    if sniffed and layout and (mistake := layout_mistake(sniffed, layout)):
        return Checked(len(sources.read(source, sniffed)), (mistake,))
    raw = sources.read(source, layout)
    check_read(raw, source, schema.columns.keys() - problem.columns.reasons.keys())
    target, later = problem.target.column, problem.columns.known_after
    report = REFUSED / f"{Path(source).stem.replace(':', '-')}.csv"
    report.unlink(missing_ok=True)
    unchecked: tuple[str, ...] = ()
    if target not in raw.columns:
        unchecked = (target, *(name for name in later if name not in raw.columns))
        schema = schema.remove_columns(list(unchecked))
    if mistakes := column_mistakes(raw, schema):
        if sniffed and not sniffed.header:
            mistakes.insert(0, "its first line holds values: give it the contract's header line")
        return Checked(len(raw), tuple(mistakes), unchecked=unchecked)
    unlabelled, missing = pd.Series(False, raw.index), list[Violation]()
    if target in raw.columns:
        unlabelled = _values(raw, schema, target).isna()
    if unlabelled.any():
        # Values that come with the outcome may be missing where the outcome is.
        labelled = raw[~unlabelled]
        for name in (name for name in later if not schema.columns[name].nullable):
            values = _values(labelled, schema, name)
            if (cells := values[values.isna()]).size:
                rule = "must not be missing where the outcome is known"
                missing.append(Violation(name, rule, cells.set_axis(cells.index + 1)))
        schema = schema.update_columns({name: {"nullable": True} for name in (target, *later)})
    violations = (*(_explained(one, schema) for one in validate(raw, schema)[1]), *missing)
    adopted = adopted_rows(problem.rows.source, layout)
    compared = [] if adopted is None else list(differences(raw, adopted, schema))
    rows = {row for one in violations for row in one.cells.index}
    if rows:
        _write(report, violations, raw, problem.rows.id)
    return Checked(
        rows=len(raw),
        violations=violations,
        refused=len(rows),
        unchecked=unchecked,
        unlabelled=int(unlabelled.sum()),
        report=report if rows else None,
        rewritten=tuple(text for is_same, text in compared if is_same),
        notes=tuple(text for is_same, text in compared if not is_same),
    )


def after_check(source: str, checked: Checked, columns: int) -> str:
    """The result in a few lines, with the next step.

    Args:
        columns: how many columns the contract has.
    """
    rows = count(checked.rows, "row")
    if not checked.holds:
        lines = [*checked.mistakes, *map(str, checked.violations)]
        if checked.mistakes:
            lines += [f"{rows} not validated: give the table the contract's columns first"]
        elif checked.violations:
            where = f"every cell is listed in {checked.report}; " if checked.report else ""
            then = f"{checked.refused:,} of {rows} refused; {where}fix the rows at their source, "
            lines += [then + "or the rule if it is wrong"]
        if checked.rewritten:
            lines += [*checked.rewritten, "export it as the table that was adopted was"]
        what = "breaks the contract (data/contract.py)"
        if not (checked.mistakes or checked.violations):
            what = "is written otherwise than the table that was adopted"
        return "\n  ".join([f"{source} {what}:", *lines, *checked.notes])
    size = f"{rows}, {count(columns - len(checked.unchecked), 'column')}"
    text = f"{source} fits the contract: {size}, every rule"
    if checked.unchecked:
        names = listed([repr(name) for name in checked.unchecked])
        text = f"{source} fits the contract as far as it goes: {size}; not checked: {names}, "
        text += "which are missing so far"
    if checked.unlabelled:
        rows = count(checked.unlabelled, "row")
        text += f"\n  {rows} without an outcome: training excludes them"
    return "\n  ".join([text, *checked.notes])


def _values(raw: pd.DataFrame, schema: pa.DataFrameSchema, name: str) -> pd.Series:
    """A column with NA wherever its format means missing."""
    return without_missing(raw[name], ColumnFormat.of(schema.columns[name].metadata))


def _explained(violation: Violation, schema: pa.DataFrameSchema) -> Violation:
    """The violation with how its cells seem to be written, where they are no such values."""
    if not violation.rule.startswith("is no "):
        return violation
    rule = schema.columns[violation.column]
    kind = kind_of(rule.dtype) or "category"
    why = why_refused(violation.cells, kind, ColumnFormat.of(rule.metadata))
    return replace(violation, rule=f"{violation.rule} ({why})") if why else violation


def _write(
    path: Path, violations: tuple[Violation, ...], raw: pd.DataFrame, key: str | None
) -> None:
    """Write one line for each refused cell: row, its id if there is one, column, rule, value."""
    cells = pd.concat(
        [
            one.cells.astype("str").to_frame("value").assign(column=one.column, rule=one.rule)
            for one in violations
        ]
    )
    refused = cells.rename_axis("row").reset_index().astype({"row": "int64"})
    refused = refused.sort_values("row", kind="stable")[["row", "column", "rule", "value"]]
    if key and key in raw.columns:
        refused.insert(1, key, raw[key].reindex(refused["row"] - 1).to_numpy())
    with atomic_path(path) as draft:
        refused.to_csv(draft, index=False)
