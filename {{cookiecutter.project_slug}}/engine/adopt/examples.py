"""Examples of expectations and slices in the adopted table's own columns, to be edited."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from engine.adopt.infer import Guess
from engine.contract.column import ColumnType
from engine.data.columns import json_value
from engine.problem.spec import Task

NUMBERS: tuple[ColumnType, ...] = ("number", "integer")
GROUPS: tuple[ColumnType, ...] = ("category", "boolean")


def examples(
    frame: pd.DataFrame, inputs: Sequence[Guess], target: str, task: Task
) -> dict[str, Any]:
    """The template's values: a number with a step, a group, and a plain row with what it expects.

    `inputs` are the columns that a model may use. A table without a number, or without a column of
    groups, has no example of that kind.
    """
    present = [one for one in inputs if frame[one.name].notna().any()]
    number = next((one for one in present if one.type in NUMBERS), None)
    group = next((one for one in present if one.type in GROUPS), None)
    outcomes = frame[target].dropna()
    expected: dict[Task, tuple[str, Any]] = {
        "binary": ("below", 0.9),
        "multiclass": ("decision", outcomes.mode().iloc[0]),
        "regression": ("below", outcomes.max()),
    }
    key, value = expected[task]
    values: dict[str, Any] = {"number": None, "step": None, "group": group and group.name}
    values |= {"plain": None, "value": None, "key": key, "expected": _plain(value)}
    if plain := group or number:
        usual = json_value(frame[plain.name].mode().iloc[0], plain.type)
        values |= {"plain": plain.name, "value": usual}
    if number and task != "multiclass":
        # A tenth of the range is a step that a person would notice.
        step = float(f"{(number.maximum or 0) - (number.minimum or 0):.0e}") / 10
        values |= {"number": number.name, "step": step or 1.0}
    return values


def _plain(value: Any) -> Any:
    """The value as one of Python's own, as TOML knows it."""
    return value.item() if hasattr(value, "item") else value
