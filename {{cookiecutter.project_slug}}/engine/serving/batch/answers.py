"""Answers the rows of a part: judges them, asks the model for many at a time."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from engine.bundle.replay import Answer
from engine.problem.errors import BadInput
from engine.serving.batch.cells import training_table
from engine.serving.batch.source import Bad, Part
from engine.serving.batch.validation import Judge, as_text
from engine.serving.model.predictor import Predictor

# What the model makes of so many rows stays in a core's cache: twice as fast as a million at once.
ROWS = 8_192
# A row that the model fails on is set aside; of so many in one go, the model is what is wrong.
MOST_FAILED = 100


def answer(
    predictor: Predictor, judge: Judge, part: Part, schema: pa.Schema
) -> tuple[pa.Table, list[Bad]]:
    """The part's rows with their answers, in `schema`, and those that get none.

    Raises:
        BadInput: the model fails on more rows than anyone would set aside.
        pa.ArrowInvalid: a text is not UTF-8.
    """
    tables, refused = [schema.empty_table()], list(part.broken)
    for first in range(0, len(part.table), ROWS):
        table, rows = part.table.slice(first, ROWS), part.rows[first : first + ROWS]
        judged = judge(table)
        bad, said = dict(judged.refused), {}
        if len(judged.good):
            seen = training_table(judged.good, predictor.bundle.contract.inputs)
            for place, told in zip(judged.places.tolist(), _ask(predictor, seen), strict=True):
                if isinstance(told, str):
                    bad[place] = told
                else:
                    said[place] = told
            tables.append(_answered(predictor, schema, table, rows.tolist(), said))
        texts = as_text(table, list(bad)) if bad else []
        refused += [
            Bad(int(rows[place]), reason, text)
            for (place, reason), text in zip(bad.items(), texts, strict=True)
        ]
    return pa.concat_tables(tables), sorted(refused, key=lambda one: one.row)


def _answered(
    predictor: Predictor,
    schema: pa.Schema,
    table: pa.Table,
    rows: list[int],
    said: dict[int, Answer],
) -> pa.Table:
    places = pa.array(list(said), pa.int64())
    more: dict[str, Any] = {
        "row": pa.array([rows[place] for place in said], pa.int64()),
        "bundle": pa.DictionaryArray.from_arrays(
            pa.array([0] * len(said), pa.int32()), [predictor.bundle.id]
        ),
        "rehearsal": pa.array([True] * len(said)),
    }
    columns = []
    for field in schema:
        if field.name in table.column_names:
            columns.append(table.column(field.name).take(places))
        elif field.name in more:
            columns.append(more[field.name])
        else:
            told = [answer[field.name] for answer in said.values()]
            columns.append(pa.array(told, field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _ask(predictor: Predictor, seen: pd.DataFrame) -> list[Answer | str]:
    """An answer for each row; for those that the model fails on, why there is none."""
    found: list[Answer | str] = []
    failed = 0
    for answers in _halved(predictor, seen):
        failed += isinstance(answers, Exception)
        if isinstance(answers, Exception) and failed > MOST_FAILED:
            raise BadInput(
                f"the model of bundle {predictor.bundle.id[:12]} failed on more than {MOST_FAILED} "
                f"of {len(seen):,} rows: {answers!r:.300}; its owners should see these rows"
            )
        if isinstance(answers, Exception):
            found.append(f"the model failed on it: {answers!r:.300}")
        else:
            found += answers
    return found


def _halved(predictor: Predictor, seen: pd.DataFrame) -> Iterator[list[Answer] | Exception]:
    """Answers in the order of the rows; where the model fails, the rows are halved down to one."""
    try:
        yield predictor.to_predictions(predictor.score_table(seen))
    except Exception as error:  # a step of the team's own may fail in any way
        if len(seen) == 1:
            yield error
            return
        middle = len(seen) // 2
        yield from _halved(predictor, seen.iloc[:middle])
        yield from _halved(predictor, seen.iloc[middle:])
