"""problem/problem.toml is valid and agrees with the contract and the rows."""

import pandas as pd

from data.contract import ROW
from engine.contract.column import Column
from engine.data.columns import check_names
from engine.problem.spec import Problem


def test_problem_every_named_column_is_in_the_contract(problem: Problem) -> None:
    check_names(problem, ROW)


def test_problem_columns_kept_out_are_no_inputs(
    problem: Problem, columns: tuple[Column, ...]
) -> None:
    assert not problem.kept_out & {column.name for column in columns}


def test_problem_positive_value_is_in_the_rows(problem: Problem, rows: pd.DataFrame) -> None:
    """A misspelt `positive` would train a model on a class that never occurs."""
    values = set(rows[problem.target.column].unique())
    assert problem.target.task != "binary" or problem.target.positive in values
