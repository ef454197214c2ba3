"""Tells the rows that the contract allows from those that it does not, as the server would."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from engine.bundle.bundle import Contract
from engine.serving.batch import cells
from engine.serving.http.errors import invalid
from engine.serving.http.schema import Limits, schema_of


@dataclass(frozen=True)
class Judged:
    """Of a table: `places` of the good rows, these as the contract's types, and why not the rest.

    `refused` has the place of a row and the reason.
    """

    places: NDArray[np.int64]
    good: pa.Table
    refused: list[tuple[int, str]]


class Judge:
    """Judges tables by one contract; the server's own types have the last word."""

    def __init__(self, contract: Contract, *, written: bool) -> None:
        schema = schema_of(contract, Limits())
        self._columns, self._written = contract.inputs, written
        self._row: TypeAdapter[dict[str, Any]] = schema.adapters["Row"]
        self._words = schema.words["Row"]
        self._schema = pa.schema([(one.name, cells.TYPES[one.type]) for one in contract.inputs])

    def __call__(self, table: pa.Table) -> Judged:
        """Judge the rows of a table that has the contract's columns, in types that `cells.fits`.

        Raises:
            pa.ArrowInvalid: a text is not UTF-8.
        """
        given = [cells.plain(_whole(table.column(column.name))) for column in self._columns]
        made, sure = [], pa.array(np.ones(len(table), bool))
        for column, cell in zip(self._columns, given, strict=True):
            values, fit = cells.read(column, cell, written=self._written)
            made.append(values)
            sure = pc.and_(sure, fit)
        places = np.flatnonzero(sure)
        taken = pa.Table.from_arrays(made, schema=self._schema)
        if len(places) == len(table):
            return Judged(places, taken, [])
        doubted = np.flatnonzero(pc.invert(sure))
        rows, refused = self._asked(doubted, [cell.take(pa.array(doubted)) for cell in given])
        taken = taken.take(pa.array(places))
        if rows:
            taken, places = self._together(taken, places, rows)
        return Judged(places, taken, refused)

    def _asked(
        self, places: NDArray[np.int64], given: Sequence[pa.Array]
    ) -> tuple[dict[int, dict[str, Any]], list[tuple[int, str]]]:
        """Of the rows in doubt, those that the server's types accept, and the reasons of others."""
        told = [
            cells.sent(column, cell, written=self._written)
            for column, cell in zip(self._columns, given, strict=True)
        ]
        rows, refused = {}, []
        for place, values in zip(places.tolist(), zip(*told, strict=True), strict=True):
            row = {
                column.name: value
                for column, value in zip(self._columns, values, strict=True)
                if value is not None
            }
            try:
                rows[place] = self._row.validate_python(row)
            except ValidationError as error:
                refused.append((place, self._why(error)))
        return rows, refused

    def _why(self, error: ValidationError) -> str:
        errors = invalid(error, self._words).errors
        return "; ".join(f"{e['field']}: expected {e['expected']}, got {e['got']}" for e in errors)

    def _together(
        self, taken: pa.Table, places: NDArray[np.int64], rows: dict[int, dict[str, Any]]
    ) -> tuple[pa.Table, NDArray[np.int64]]:
        """The rows taken at sight and those that were asked about, in the order of the file."""
        received = [
            cells.received(column, [row.get(column.name) for row in rows.values()])
            for column in self._columns
        ]
        more = pa.Table.from_arrays(received, schema=self._schema)
        unsorted = np.concatenate([places, np.fromiter(rows, np.int64)])
        order = np.argsort(unsorted)
        return pa.concat_tables([taken, more]).take(pa.array(order)), unsorted[order]


def as_text(table: pa.Table, places: Sequence[int]) -> list[str]:
    """Rows of a table as JSON, every column of them; for people, who will look for the mistake."""
    rows = table.take(pa.array(places, pa.int64()))
    shown = [_shown(column) for column in rows.columns]
    return [
        json.dumps(dict(zip(rows.column_names, row, strict=True)), ensure_ascii=False, default=str)
        for row in zip(*shown, strict=True)
    ]


def _shown(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.string())  # it may be beyond Python's years
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):  # no UTF-8, or such a year within a list
        return ["(cannot be shown)"] * len(column)
    return values


def _whole(column: pa.ChunkedArray) -> pa.Array:
    made = column.combine_chunks()
    return made if isinstance(made, pa.Array) else pa.concat_arrays(made.chunks)
