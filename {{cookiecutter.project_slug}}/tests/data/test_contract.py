"""data/contract.py accepts the rows of the source and refuses each kind of bad row."""

from typing import Any

import pandas as pd
import pytest

from data.contract import ROW
from engine.contract.column import Column
from engine.data.load import conform
from engine.data.split import faults, folds, split
from engine.problem.errors import BadInput
from engine.problem.spec import Problem


def is_refused(name: str, value: Any) -> bool:
    """Whether the contract refuses a cell with this value in column `name`."""
    cell = pd.DataFrame({name: pd.Series([value], dtype=object)})
    try:
        conform(cell, ROW.select_columns([name]))
    except BadInput:
        return True
    return False


def test_contract_rows_of_the_source_pass(rows: pd.DataFrame) -> None:
    """Loading refuses rows that break the contract, so any row here has passed."""
    assert len(rows) > 0
    assert list(rows.columns) == list(ROW.columns)


def test_contract_good_row_passes(rows: pd.DataFrame) -> None:
    assert conform(rows.head(1), ROW).equals(rows.head(1))


def test_contract_every_column_has_a_meaning() -> None:
    """The meaning is shown at the server's /docs and in the page about the data."""
    assert [name for name, column in ROW.columns.items() if not column.description] == []


def test_contract_missing_value_is_refused_unless_nullable() -> None:
    accepted = [name for name, rule in ROW.columns.items() if not is_refused(name, None)]
    assert accepted == [name for name, rule in ROW.columns.items() if rule.nullable]


def test_contract_text_in_a_typed_column_is_refused(columns: tuple[Column, ...]) -> None:
    typed = [column.name for column in columns if column.type != "category"]
    assert [name for name in typed if not is_refused(name, "no such value")] == []


def test_contract_number_out_of_range_is_refused(columns: tuple[Column, ...]) -> None:
    for column in columns:
        if column.minimum is not None:
            assert is_refused(column.name, column.minimum - 1), column.name
        if column.maximum is not None:
            assert is_refused(column.name, column.maximum + 1), column.name


def test_contract_unknown_value_of_a_closed_category_is_refused(
    columns: tuple[Column, ...],
) -> None:
    closed = [column.name for column in columns if column.closed]
    assert [name for name in closed if not is_refused(name, "no such value")] == []


def test_contract_missing_column_is_refused(
    rows: pd.DataFrame, columns: tuple[Column, ...]
) -> None:
    with pytest.raises(BadInput):
        conform(rows.head(1).drop(columns=columns[0].name), ROW)


def test_split_keeps_test_rows_apart(problem: Problem, rows: pd.DataFrame) -> None:
    """No row, no unit and no moment in time is in both parts."""
    parts = split(problem, rows)
    assert len(parts.train) > len(parts.test) > 0
    assert faults(problem, rows, parts) == []


def test_split_training_rows_make_at_least_two_folds(problem: Problem, rows: pd.DataFrame) -> None:
    training = rows.iloc[split(problem, rows).train].reset_index(drop=True)
    assert len(list(folds(problem, training))) >= 2
