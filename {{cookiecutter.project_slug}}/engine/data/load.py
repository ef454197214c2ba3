"""The rows that a model may see: read, validated by the contract, with a digest."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import without_missing
from engine.contract.column import Column
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.data import sources
from engine.data.columns import check_names
from engine.data.split import Rows
from engine.data.validation import conform
from engine.problem.spec import Problem


def load(problem: Problem, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """All rows with a known outcome, valid by the contract, in the order of time if there is one.

    Raises:
        BadInput: the problem names columns that the contract does not have, the source cannot be
            read (see `engine.data.sources.read`), or rows break the contract.
    """
    check_names(problem, schema)
    raw = sources.read(problem.rows.source, Layout.of(schema.metadata))
    target = problem.target.column
    if target in raw.columns:
        cells = ColumnFormat.of(schema.columns[target].metadata)
        labelled = without_missing(raw[target], cells).notna()
        raw = raw if labelled.all() else raw[labelled]
    frame = conform(raw, schema)
    del raw  # before the next copy is made
    if problem.rows.time and not frame[problem.rows.time].is_monotonic_increasing:
        # A stable sort: rows of the same time keep their order.
        frame = frame.sort_values(problem.rows.time, kind="stable")
    return frame.reset_index(drop=True)


def digest(frame: pd.DataFrame) -> str:
    """SHA-256 over names, types and values of `frame` (by their 64-bit hashes), in their order."""
    sha = hashlib.sha256()
    for name in frame.columns:
        sha.update(f"{name}\0{frame[name].dtype}\0".encode())
        sha.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    return sha.hexdigest()


def inputs(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The model's inputs of `frame`, in the order and with the types that serving builds too."""
    # Column by column: what has its type already is shared with `frame`, not copied.
    named = {column.name: frame[column.name] for column in columns}
    chosen = pd.DataFrame(named, index=frame.index, copy=False)
    return chosen.astype({column.name: column.dtype for column in columns})


def take(frame: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """These rows of `frame`, in this order; without a copy where they follow each other."""
    first, last = (int(rows[0]), int(rows[-1])) if len(rows) else (0, -1)
    # As many steps as rows, each of them one: what is taken by time mostly is so.
    in_a_row = last - first + 1 == len(rows) and bool((np.diff(rows) == 1).all())
    return frame.iloc[first : last + 1] if in_a_row else frame.iloc[rows]
