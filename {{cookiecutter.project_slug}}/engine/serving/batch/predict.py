"""Predicts a part in a worker: validates its rows, and calls the model for many at a time."""

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from threadpoolctl import threadpool_limits

from engine.bundle import bundle as bundles
from engine.bundle.archive import Answer
from engine.contract.arrow_types import plain
from engine.contract.cells import DTYPES, read, trimmed
from engine.contract.column import Column, expected
from engine.problem.errors import BadInput
from engine.serving.batch.parts import MOST_FAILED, REFUSED, Counts
from engine.serving.batch.source import Part, RefusedRow
from engine.serving.batch.workers import Setting
from engine.serving.http.errors import echo
from engine.serving.model.predictor import Predictor, load

# So many rows at a time fit in a core's cache: twice as fast as a million at once.
ROWS = 8_192
Reasons = dict[int, str]


def predict_part(setting: Setting, part: Part) -> Counts:
    """Predict a part and write it to the disk.

    Raises:
        BadInput: the bundle was replaced, a text is not UTF-8, or the model fails on many rows.
        OSError: the disk is full, or takes no files.
    """
    try:
        with threadpool_limits(limits=1):
            predictions, refused, failed = _predict(_loaded(setting), setting, part)
    except pa.ArrowException as error:
        raise BadInput(
            f"the file cannot be read as UTF-8 text from row {part.first:,} on, or within "
            f"the next {len(part.table):,}: {error!s:.300}; export it again as UTF-8",
            code="not-utf-8",
        ) from None
    rows = pa.Table.from_pylist([vars(one) for one in refused], REFUSED)
    return setting.parts.write(part.number, predictions, rows, failed=failed)


def valid_rows(table: pa.Table, columns: tuple[Column, ...]) -> tuple[pd.DataFrame, Reasons]:
    """The rows that the contract allows, as the frame of training, and why not the others.

    Args:
        table: rows with all `columns`.
        columns: the inputs of the contract.

    Returns:
        A frame indexed by the position in the table, and the reasons by position: one a column
        that is not allowed, in the words of the server.
    """
    converted, reasons = {}, dict[int, str]()
    for column in columns:
        given = plain(table.column(column.name)).to_pandas(types_mapper=DTYPES.get)
        converted[column.name], valid = read(column, trimmed(given))
        for position in np.flatnonzero(~valid.to_numpy(bool)).tolist():
            cell = table.column(column.name)[position]
            reason = f"{column.name}: expected {expected(column)}, got {_shown(cell)}"
            reasons[position] = "; ".join(filter(None, (reasons.get(position), reason)))
    frame = pd.DataFrame(converted, copy=False)
    frame = frame.drop(index=list(reasons)) if reasons else frame
    return frame.astype({column.name: column.dtype for column in columns}), reasons


@lru_cache(maxsize=1)
def _loaded(setting: Setting) -> Predictor:
    bundle = bundles.read(setting.bundle)
    if bundle.id != setting.id:
        raise BadInput(
            f"{setting.bundle} was replaced during the run: it holds bundle {bundle.id}; run again "
            "with --overwrite",
            code="bundle-changed",
        )
    return load(bundle, rehearsal=setting.rehearsal)


def _predict(
    predictor: Predictor, setting: Setting, part: Part
) -> tuple[pa.Table, list[RefusedRow], int]:
    """The part's rows with their predictions, those without one, and how often the model failed."""
    tables, refused, failed = [setting.schema.empty_table()], list(part.unreadable), 0
    columns = predictor.bundle.contract.inputs
    for first in range(0, len(part.table), ROWS):
        table, rows = part.table.slice(first, ROWS), part.rows[first : first + ROWS]
        frame, reasons = valid_rows(table, columns)
        predictions = {}
        if len(frame):
            results = _predict_rows(predictor, frame)
            for position, result in zip(frame.index.tolist(), results, strict=True):
                if isinstance(result, str):
                    reasons[position], failed = result, failed + 1
                else:
                    predictions[position] = result
            tables.append(_output(predictor, setting.schema, table, rows.tolist(), predictions))
        texts = _as_json(table, list(reasons)) if reasons else []
        refused += [
            RefusedRow(int(rows[position]), reason, text)
            for (position, reason), text in zip(reasons.items(), texts, strict=True)
        ]
    return pa.concat_tables(tables), sorted(refused, key=lambda one: one.row), failed


def _output(
    predictor: Predictor,
    schema: pa.Schema,
    table: pa.Table,
    rows: list[int],
    predictions: dict[int, Answer],
) -> pa.Table:
    positions = pa.array(list(predictions), pa.int64())
    added: dict[str, Any] = {
        "row": pa.array([rows[position] for position in predictions], pa.int64()),
        "bundle": pa.DictionaryArray.from_arrays(
            pa.array([0] * len(predictions), pa.int32()), [predictor.bundle.id]
        ),
        "rehearsal": pa.array([True] * len(predictions)),
    }
    columns = []
    for field in schema:
        if field.name in table.column_names:
            columns.append(table.column(field.name).take(positions))
        elif field.name in added:
            columns.append(added[field.name])
        else:
            values = [prediction[field.name] for prediction in predictions.values()]
            columns.append(pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _predict_rows(predictor: Predictor, frame: pd.DataFrame) -> list[Answer | str]:
    """A prediction for each row, or the reason: where the model fails, rows are halved to one."""
    try:
        return [*predictor.to_predictions(predictor.score_table(frame))]
    except Exception as error:  # a step of the team's own may fail in any way
        reason = f"{error!r:.300}"
        if len(frame) == 1:
            return [f"the model failed on it: {reason}"]
    middle = len(frame) // 2
    results = _predict_rows(predictor, frame.iloc[:middle])
    results += _predict_rows(predictor, frame.iloc[middle:])
    if sum(isinstance(one, str) for one in results) > MOST_FAILED:
        raise BadInput(
            f"the model of bundle {predictor.bundle.id[:12]} failed on more than {MOST_FAILED} "
            f"rows: {reason}; show these rows to its owners",
            code="model-failed",
        )
    return results


def _as_json(table: pa.Table, positions: list[int]) -> list[str]:
    """Rows of a table as JSON with every column, so that people find the mistake."""
    rows = table.take(pa.array(positions, pa.int64()))
    columns = [[_python(cell) for cell in column] for column in rows.columns]
    return [
        json.dumps(dict(zip(rows.column_names, row, strict=True)), ensure_ascii=False, default=str)
        for row in zip(*columns, strict=True)
    ]


def _shown(cell: pa.Scalar) -> str:
    value = _python(cell)
    is_missing = value is None or value != value  # noqa: PLR0124  # NaN alone
    return "nothing" if is_missing else echo(value)


def _python(cell: pa.Scalar) -> Any:
    if pa.types.is_temporal(cell.type) or pa.types.is_decimal(cell.type):
        cell = cell.cast(pa.string())  # it can be beyond the years of Python
    try:
        return cell.as_py()
    except (ValueError, OverflowError):  # no UTF-8, or such a year within a list
        return "(cannot be shown)"
