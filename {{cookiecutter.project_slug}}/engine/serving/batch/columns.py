"""The columns of what is read and of what is written; needs no model, as long as none is asked."""

from typing import Any

import pyarrow as pa

from engine.bundle.bundle import Bundle, Contract
from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.serving.batch.source import Source

# Of the columns of a file so much is shown in a message.
MOST_NAMES, LONGEST_NAME = 30, 100
# What a class of the target may be.
CLASSES: dict[type[Any], pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
}


def carried(contract: Contract, schema: pa.Schema) -> list[str]:
    """The columns that are no input and go along to what is written."""
    inputs = {column.name for column in contract.inputs}
    return [name for name in schema.names if name not in inputs]


def output(bundle: Bundle, source: Source, *, rehearsal: bool) -> pa.Schema:
    """The columns of what is written.

    Raises:
        BadInput: the source lacks inputs of the contract, has some in a type that can never be
            theirs, or has a column that is called as an answer is.
    """
    contract, given = bundle.contract, source.schema
    if missing := [one.name for one in contract.inputs if one.name not in given.names]:
        hint = ""
        if source.written and len(given.names) == 1:
            hint = "; are its columns separated by something else than commas?"
        raise BadInput(
            f"expected all inputs of the contract in {source.path}, without are "
            f"{', '.join(missing)}; it has {_some(given.names)}{hint}; export it with them"
        )
    wrong = [
        f"'{column.name}' is {given.field(column.name).type}, not a {column.type}"
        for column in contract.inputs
        if not source.written and not fits(column, given.field(column.name).type)
    ]
    if wrong:
        raise BadInput(
            f"expected the contract's types in {source.path}: {'; '.join(wrong)}; write the file "
            "with these types, or as a CSV, whose texts are read as the contract's types"
        )
    told = _told(contract, rehearsal=rehearsal)
    others = carried(contract, given)
    if taken := sorted({*others} & {field.name for field in told}):
        raise BadInput(
            f"{source.path} has a column {', '.join(taken)}, and so is an answer called; rename it"
        )
    return pa.schema([told[0], *(given.field(name) for name in others), *told[1:]])


def _some(names: list[str]) -> str:
    """The first names, each as far as a message has room for it."""
    shown = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in names]
    rest = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(shown[:MOST_NAMES]) + rest


def _told(contract: Contract, *, rehearsal: bool) -> list[pa.Field]:
    """What is said of each row, as callers of the server know it; `row` is its number."""
    fields = [("row", pa.int64()), ("score", pa.float64())]
    if contract.classes:
        fields.append(("decision", CLASSES[type(contract.classes[0])]))
    if contract.task == "multiclass":
        shares = [(str(value), pa.float64()) for value in contract.classes]
        fields.append(("scores", pa.struct(shares)))
    fields.append(("bundle", pa.dictionary(pa.int32(), pa.string())))
    if rehearsal:
        fields.append(("rehearsal", pa.bool_()))
    return [pa.field(name, kind) for name, kind in fields]


def fits(column: Column, kind: pa.DataType) -> bool:
    """Whether cells of this type can be what the column wants."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    stamp = pa.types.is_timestamp(kind) and kind.tz is None
    allowed = {
        "number": number,
        "integer": number,
        "boolean": pa.types.is_boolean(kind),
        "category": is_text(kind),
        "date": stamp or pa.types.is_date(kind) or is_text(kind),
    }
    return pa.types.is_null(kind) or bool(allowed[column.type])


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of this type are texts."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
