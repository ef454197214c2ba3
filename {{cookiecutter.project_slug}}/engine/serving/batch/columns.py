"""The columns of the file that is read and of the file that is written."""

import pyarrow as pa
import pyarrow.compute as pc

from engine.bundle.bundle import Bundle, Contract
from engine.contract.arrow_types import open_parquet, plain, plain_type
from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.serving.batch.source import Source


def output_schema(bundle: Bundle, source: Source, *, rehearsal: bool) -> pa.Schema:
    """The columns of the file that is written; columns that are no inputs are copied to it.

    Raises:
        BadInput: the source lacks inputs of the contract, has values of another type, or has a
            column with the name of an output.
    """
    contract, given = bundle.contract, source.schema
    if missing := [one.name for one in contract.inputs if one.name not in given.names]:
        hint = "; are its columns separated by another sign?" if len(given.names) == 1 else ""
        raise BadInput(
            f"{source.path} lacks inputs of the contract: {', '.join(missing)}; it has "
            f"{', '.join(given.names):.1000}{hint}; export it with them",
            code="missing-column",
        )
    wrong = [
        f"'{column.name}' is {given.field(column.name).type}, not a {column.type}"
        for column in contract.inputs
        if not source.layout
        and not fits(column, given.field(column.name).type)
        and _has_values(source, column.name)
    ]
    if wrong:
        raise BadInput(
            f"{source.path} has columns of another type than the contract: {'; '.join(wrong)}; "
            "export it with the contract's types, or as a text table",
            code="wrong-type",
        )
    inputs = {column.name for column in contract.inputs}
    copied = [name for name in given.names if name not in inputs]
    outputs = _outputs(contract, rehearsal=rehearsal)
    if taken := sorted({*copied} & {field.name for field in outputs}):
        raise BadInput(
            f"{source.path} has a column {', '.join(taken)}, which is the name of an output; "
            "rename it",
            code="reserved-column",
        )
    return pa.schema([outputs[0], *(given.field(name) for name in copied), *outputs[1:]])


def fits(column: Column, kind: pa.DataType) -> bool:
    """Whether values of this type can be the column's; texts can be of every type."""
    plain_kind = plain_type(kind)
    if plain_kind is None or pa.types.is_string(plain_kind) or column.type == "category":
        return plain_kind is not None
    if column.type == "date":
        return bool(pa.types.is_timestamp(plain_kind))
    if pa.types.is_duration(plain_kind):
        return column.type == "number"
    is_number = pa.types.is_integer(plain_kind) or pa.types.is_floating(plain_kind)
    return is_number or (column.type == "boolean" and pa.types.is_boolean(plain_kind))


def _has_values(source: Source, name: str) -> bool:
    """Whether any cell of a Parquet column is not missing: its type alone may be a default."""
    with open_parquet(source.path) as file:
        given = file.schema_arrow.names[source.schema.get_field_index(name)]
        for batch in file.iter_batches(columns=[given]):
            cells = plain(pa.chunked_array([batch.column(0)]))
            if not pc.all(cells.is_null(nan_is_null=True)).as_py():
                return True
    return False


def _outputs(contract: Contract, *, rehearsal: bool) -> list[pa.Field]:
    """The columns of a prediction, named as the server names them; `row` is the row's number."""
    fields = [("row", pa.int64()), ("score", pa.float64())]
    if contract.classes:
        fields.append(("decision", pa.scalar(contract.classes[0]).type))
    if contract.task == "multiclass":
        shares = [(str(value), pa.float64()) for value in contract.classes]
        fields.append(("scores", pa.struct(shares)))
    fields.append(("bundle", pa.dictionary(pa.int32(), pa.string())))
    if rehearsal:
        fields.append(("rehearsal", pa.bool_()))
    return [pa.field(name, kind) for name, kind in fields]
