"""The model's inputs, compiled from the contract and the problem."""

import difflib
from typing import Any

import pandas as pd
import pandera.pandas as pa

from engine.contract.column import LONGEST_CATEGORY, Column, ColumnType, kind_of
from engine.contract.format import ColumnFormat
from engine.problem.errors import BadInput
from engine.problem.spec import Problem

# pandera's names of the rules that the server can check too: which limit each one sets.
LIMITS = {
    "in_range": ("minimum", "maximum"),
    "greater_than_or_equal_to": ("minimum",),
    "less_than_or_equal_to": ("maximum",),
}


def columns(
    problem: Problem, schema: pa.DataFrameSchema, frame: pd.DataFrame
) -> tuple[Column, ...]:
    """The columns that the model may read: all but target, id, unit, excluded and personal ones.

    Args:
        frame: rows that hold to the contract; what open categories they hold is taken from them.

    Raises:
        BadInput: the problem names columns that the contract does not have, no input is left, or
            an input has a type or a rule that the server cannot check.
    """
    check_names(problem, schema)
    inputs = tuple(
        describe(name, rule, frame[name])
        for name, rule in schema.columns.items()
        if name not in problem.kept_out
    )
    if both := [one.name for one in inputs if one.name in problem.compatibility.dropped]:
        message = f"compatibility.dropped in problem.toml names {', '.join(both)}, which the model "
        message += "still reads. Remove the line, or list the column under [columns.excluded]."
        raise BadInput(message, code="dropped-input")
    if not inputs:
        raise BadInput(
            "no column is left for the model to read; exclude fewer in problem.toml",
            code="no-input",
        )
    return inputs


def check_names(problem: Problem, schema: pa.DataFrameSchema) -> None:
    """Raise BadInput for every column that the problem names and the contract does not have."""
    expected = problem.expectations
    named = [
        ("target.column", problem.target.column),
        ("rows.id", problem.rows.id),
        ("rows.time", problem.rows.time),
        ("rows.unit", problem.rows.unit),
        *((f"columns.{kind}.{name}", name) for kind, names in problem.columns for name in names),
        *((f"success.slices.{part.column}", part.column) for part in problem.success.slices),
        *(("expectations.invariance", one.column) for one in expected.invariance),
        *(("expectations.direction", one.column) for one in expected.direction),
        *(("expectations.minimum", name) for one in expected.minimum for name in one.row),
    ]
    contract = {None, *schema.columns}
    if unknown := [f"{place} = {name!r}" for place, name in named if name not in contract]:
        message = f"problem.toml names columns that data/contract.py lacks: {', '.join(unknown)}. "
        close = difflib.get_close_matches(unknown[0].rpartition("= ")[2].strip("'"), schema.columns)
        message += f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
        message += "Fix the name, or add the column to the contract."
        raise BadInput(message, code="unknown-column")


def describe(name: str, rule: pa.Column, values: pd.Series) -> Column:
    """The specification of an input, compiled from its rule in data/contract.py and its values.

    Raises:
        BadInput: the server cannot check its type or a rule, or a category is too long.
    """
    kind = kind_of(rule.dtype)
    if kind is None:
        raise BadInput(
            f"column '{name}' has type {rule.dtype} in data/contract.py; a model reads float, "
            "int, bool, str and datetime64[us]: change it, or exclude the column in problem.toml",
            code="unknown-type",
        )
    limits, present = _limits(name, kind, rule), values.dropna()
    if kind == "category":
        listed = limits.get("categories", sorted(present.unique()))
        limits |= {"closed": "categories" in limits, "categories": tuple(map(str, listed))}
        longest = max(map(len, limits["categories"]), default=0)
        if longest > LONGEST_CATEGORY:
            raise BadInput(
                f"column '{name}' holds texts of up to {longest} characters; a category has at "
                f"most {LONGEST_CATEGORY}: shorten them, or exclude the column in problem.toml",
                code="category-too-long",
            )
    return Column(
        name=name,
        type=kind,
        nullable=bool(rule.nullable),
        meaning=rule.description or name,
        example=json_value(present.iloc[len(present) // 2], kind) if len(present) else None,
        format=ColumnFormat.of(rule.metadata),
        **limits,
    )


def _limits(name: str, kind: ColumnType, rule: pa.Column) -> dict[str, Any]:
    """Range and categories of an input, from its checks.

    The server must be able to check every rule too. Otherwise it would accept rows that training
    refuses.
    """
    limits: dict[str, Any] = {}
    for check in rule.checks:
        values = check.statistics or {}
        if check.name == "isin" and kind == "category":
            limits["categories"] = values["allowed_values"]
            continue
        closed = values.get("include_min", True) and values.get("include_max", True)
        if check.name not in LIMITS or kind not in ("number", "integer") or not closed:
            raise BadInput(
                f"column '{name}' ({kind}) has the rule {check.error or check.name} in "
                "data/contract.py, which the server cannot check; an input may have ge, le or "
                "in_range with both ends (float, int) and isin (str): use these, or exclude the "
                "column in problem.toml",
                code="unknown-rule",
            )
        for limit in LIMITS[check.name]:
            limits[limit] = values[f"{limit[:3]}_value"]
    return limits


def json_value(value: Any, kind: ColumnType) -> Any:
    """A value of a frame as it stands in a JSON row; missing is None, a date its ISO form."""
    if pd.isna(value):
        return None
    if kind == "date":
        return pd.Timestamp(value).isoformat()
    return {"number": float, "integer": int, "boolean": bool, "category": str}[kind](value)


def json_rows(frame: pd.DataFrame, described: tuple[Column, ...]) -> list[dict[str, Any]]:
    """The inputs of `frame` as JSON rows, as a client of the server sends them."""
    return [
        {column.name: json_value(row[column.name], column.type) for column in described}
        for row in frame[[column.name for column in described]].to_dict("records")
    ]
