"""The model's inputs, told by the contract and the problem together."""

from typing import Any

import pandas as pd
import pandera.pandas as pa

from problem.columns import Column, ColumnType
from problem.errors import BadInput
from problem.spec import Problem


def columns(problem: Problem, schema: pa.DataFrameSchema, frame: pd.DataFrame) -> tuple[Column, ...]:
    """What the model may read: all columns but target, id, unit, excluded and personal ones.

    Args:
        frame: rows that hold to the contract; what open categories they hold is taken from them.

    Raises:
        BadInput: the problem names columns that the contract does not have, no input is left, or
            a column has a type that no model here reads.
    """
    _check_names(problem, schema)
    kept_out = {
        problem.target.column,
        problem.rows.id,
        problem.rows.unit,
        *problem.columns.excluded,
        *problem.columns.personal,
    }
    found = tuple(
        _describe(name, rule, frame[name])
        for name, rule in schema.columns.items()
        if name not in kept_out
    )
    if not found:
        raise BadInput("no column is left for the model to read; exclude fewer in problem.toml")
    return found


def _check_names(problem: Problem, schema: pa.DataFrameSchema) -> None:
    named = {
        "target.column": problem.target.column,
        "rows.id": problem.rows.id,
        "rows.time": problem.rows.time,
        "rows.unit": problem.rows.unit,
        **{f"columns.excluded.{name}": name for name in problem.columns.excluded},
        **{f"columns.personal.{name}": name for name in problem.columns.personal},
        **{f"success.slices.{part.column}": part.column for part in problem.success.slices},
    }
    strangers = [f"{place} = {name!r}" for place, name in named.items()
                 if name is not None and name not in schema.columns]  # fmt: skip
    if strangers:
        raise BadInput(
            f"problem.toml names columns that data/contract.py does not have: "
            f"{', '.join(strangers)}; mend the name, or add the column to the contract"
        )


def _describe(name: str, rule: pa.Column, values: pd.Series) -> Column:
    kind = _type(name, str(rule.dtype))
    limits = _limits(rule)
    known = limits.get("isin")
    present = values.dropna()
    categories: tuple[str, ...] = ()
    if kind == "category":
        categories = tuple(map(str, known if known is not None else sorted(present.unique())))
    return Column(
        name=name,
        type=kind,
        nullable=bool(rule.nullable),
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        categories=categories,
        closed=known is not None,
        meaning=rule.description or name,
        example=json_value(present.iloc[len(present) // 2], kind) if len(present) else None,
    )


def _type(name: str, dtype: str) -> ColumnType:
    lowered = dtype.lower()
    if lowered.startswith("bool"):
        return "boolean"
    if lowered.startswith(("int", "uint")):
        return "integer"
    if lowered.startswith("float"):
        return "number"
    if lowered.startswith("datetime"):
        return "date"
    if lowered.startswith("str"):
        return "category"
    raise BadInput(
        f"column '{name}' has type {dtype} in data/contract.py; a model reads float, int, bool, "
        "str and datetime64[us]: change it, or exclude the column in problem.toml"
    )


def _limits(rule: pa.Column) -> dict[str, Any]:
    """Range and known values of a column, from the checks that pandera offers for them."""
    found: dict[str, Any] = {}
    for check in rule.checks:
        facts = check.statistics or {}
        if check.name == "isin":
            found["isin"] = list(facts["allowed_values"])
        if check.name in ("in_range", "greater_than_or_equal_to", "less_than_or_equal_to"):
            found |= {
                "minimum": facts.get("min_value", found.get("minimum")),
                "maximum": facts.get("max_value", found.get("maximum")),
            }
    return found


def json_value(value: Any, kind: ColumnType) -> Any:
    """A value of a frame as it stands in a JSON row; missing is None, a date its ISO form."""
    if pd.isna(value):
        return None
    convert = {
        "number": float,
        "integer": int,
        "boolean": bool,
        "category": str,
        "date": lambda moment: pd.Timestamp(moment).isoformat(),
    }
    return convert[kind](value)


def json_rows(frame: pd.DataFrame, described: tuple[Column, ...]) -> list[dict[str, Any]]:
    """The inputs of `frame` as JSON rows, just as a caller of the server would send them."""
    return [
        {column.name: json_value(row[column.name], column.type) for column in described}
        for row in frame[[column.name for column in described]].to_dict("records")
    ]
