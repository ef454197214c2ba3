"""Rows that break the contract are named; rows that hold to it have a stable digest."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest

from engine.contract.column import Column
from engine.data.digest import digest
from engine.data.load import conform, inputs, load
from engine.problem.errors import BadInput
from engine.tests.data.made import problem_of, table

ROW = pa.DataFrameSchema(
    {
        "size": pa.Column(float, pa.Check.in_range(0, 20), nullable=True),
        "items": pa.Column(int, pa.Check.ge(0)),
        "fragile": pa.Column(bool),
        "colour": pa.Column(str, pa.Check.isin(["red", "green", "blue"])),
        "at": pa.Column("datetime64[us]", unique=True),
        "late": pa.Column(bool),
    },
    strict=True,
)


def broken(**cells: tuple[int, Any]) -> str:
    """What is said of a table with these cells changed: column=(row from 1, value)."""
    raw = table().astype(dict.fromkeys(cells, object))
    for name, (row, value) in cells.items():
        raw.loc[row - 1, name] = value
    with pytest.raises(BadInput) as refusal:
        conform(raw, ROW)
    return str(refusal.value)


def test_sound_rows_pass_unchanged() -> None:
    sound = table()
    assert conform(sound, ROW).equals(sound)


def test_which_rows_which_rule_and_how_many() -> None:
    assert "'size' must hold to in_range(0, 20): 1 row (row 7 has 50.0)" in broken(size=(7, 50.0))
    assert "'items' is no integer: 1 row (row 3 has 1.5)" in broken(items=(3, 1.5))
    assert "'items' must not be missing: 1 row (row 3)" in broken(items=(3, None))
    assert "'fragile' is no boolean: 1 row (row 2 has 'no')" in broken(fragile=(2, "no"))
    assert "isin(['red', 'green', 'blue']): 1 row (row 1 has 'pink')" in broken(colour=(1, "pink"))
    assert "'at' is no date: 1 row (row 9 has 'soon')" in broken(at=(9, "soon"))
    assert "'at' must be unique: 2 rows (row 1 has" in broken(at=(2, "2026-01-01"))


def test_all_broken_rules_are_told_at_once_and_many_rows_are_counted() -> None:
    raw = table().assign(size=50.0, items=-1)
    with pytest.raises(BadInput) as refusal:
        conform(raw, ROW)
    lines = str(refusal.value).splitlines()
    assert lines[0] == "the rows break the contract (data/contract.py); 120 were read:"
    assert "'size' must hold to in_range(0, 20): 120 rows (row 1 has 50.0, row 2" in lines[1]
    assert lines[1].endswith("…)")
    assert "'items' must hold to greater_than_or_equal_to(0): 120 rows" in lines[2]
    assert "fix the rows at their source" in lines[-1]


def test_missing_and_unknown_columns_are_named() -> None:
    with pytest.raises(BadInput, match=r"missing columns: 'size'; unknown columns: 'mass'"):
        conform(table().rename(columns={"size": "mass"}), ROW)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("strict", [False, "filter"])
def test_unknown_columns_are_left_out_where_the_contract_is_not_strict(strict: Any) -> None:
    loose = pa.DataFrameSchema(ROW.columns, strict=strict)
    assert list(conform(table().assign(mass=1.0), loose)) == list(ROW.columns)
    with pytest.raises(BadInput, match="'size'"):
        conform(table().drop(columns="size"), loose)
    with pytest.raises(BadInput, match=r"unknown columns: 'mass'"):
        conform(table().assign(mass=1.0), ROW)


def test_rules_over_several_columns_are_judged() -> None:
    rule = pa.Check(lambda rows: rows["items"] < rows["size"], error="items below size")
    schema = pa.DataFrameSchema({"size": pa.Column(float), "items": pa.Column(int)}, checks=rule)
    raw = pd.DataFrame({"size": [3.0, 5.0], "items": [2, 9]})
    with pytest.raises(BadInput, match=r"'items' must hold to items below size: 1 row \(row 2"):
        conform(raw, schema)


def test_rows_without_outcome_are_left_out_and_numbers_stay_those_of_the_file(
    project: Path,
) -> None:
    raw = table().astype({"late": "boolean"})
    raw.loc[[0, 5], "late"] = pd.NA
    raw.loc[8, "items"] = -1
    raw.to_parquet("nowhere.parquet")
    problem = problem_of("late", "binary", time="at")
    problem = problem.model_copy(
        update={"rows": problem.rows.model_copy(update={"source": "nowhere.parquet"})}
    )
    with pytest.raises(BadInput, match=r"118 were read:\n.*row 9 has -1"):
        load(problem, ROW)
    raw.loc[8, "items"] = 1
    raw[::-1].to_parquet("nowhere.parquet")
    frame = load(problem, ROW)
    assert len(frame) == 118
    assert frame["at"].is_monotonic_increasing
    assert list(frame.index) == list(range(118))


def test_a_role_that_no_column_plays_is_refused_before_anything_is_read() -> None:
    with pytest.raises(BadInput, match=r"lacks: rows\.time = 'when'"):
        load(problem_of("late", "binary", time="when"), ROW)


def test_the_digest_sees_values_order_names_and_types() -> None:
    frame = table()
    first_digest = digest(frame)
    assert first_digest == digest(table()) == digest(frame.set_index(frame.index + 5))
    changed = {
        "a value": frame.assign(items=frame["items"].where(frame.index != 3, 99)),
        "a missing value": frame.assign(colour=frame["colour"].where(frame.index != 3)),
        "the order of rows": frame[::-1],
        "the order of columns": frame[frame.columns[::-1]],
        "a name": frame.rename(columns={"size": "mass"}),
        "a type": frame.astype({"items": float}),
        "a row less": frame.iloc[1:],
    }
    digests = {what: digest(other) for what, other in changed.items()}
    assert first_digest not in digests.values()
    assert len(set(digests.values())) == len(digests)


def test_the_digest_is_the_same_on_every_machine() -> None:
    frame = pd.DataFrame(
        {"a": [1, 2], "b": pd.Series(["x", None], dtype="str"), "c": [0.5, np.nan]}
    )
    assert digest(frame) == "1cafcee98cb0b18b65d18a1a7e3a9f8eb0620f5f79d5e147582135c1b5d22e45"


def test_inputs_have_the_types_that_serving_builds() -> None:
    columns = (Column("items", "integer", nullable=True), Column("colour", "category"))
    made = inputs(table(), columns)
    assert list(made) == ["items", "colour"]
    assert [str(dtype) for dtype in made.dtypes] == ["float64", "str"]
