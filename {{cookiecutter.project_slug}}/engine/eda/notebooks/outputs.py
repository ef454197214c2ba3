"""The output of a notebook's cell as blocks of a page."""

import base64
import io
from typing import Any, get_args

import numpy as np
import pandas as pd
from markupsafe import Markup

from engine.eda.target import written
from engine.pages.formatting import count
from engine.pages.page import Block, Cell, Code, Figure, Note, Table

ROWS, COLUMNS = 20, 12  # of a table; the rest is counted
LONGEST = 4_000  # characters of an output that is only text


def blocks_of(value: Any) -> list[Block]:
    """An output as blocks: figures and tables as such, anything else as text."""
    if value is None:
        return []
    if isinstance(value, get_args(Block)):
        return [value]
    if isinstance(value, pd.Series):
        value = value.to_frame(value.name if value.name is not None else "value")
    if isinstance(value, pd.DataFrame):
        return [_table(value)]
    figure = getattr(value, "figure", value)
    if hasattr(figure, "savefig"):
        return [_drawn(figure)]
    if type(value).__module__.startswith("marimo."):
        chosen = f" Its value is {value.value!r}." if hasattr(value, "value") else ""
        return [Note(f"A control.{chosen} Open the notebook to use it.", "quiet")]
    text = value if isinstance(value, str) else repr(value)
    return [Code(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")]


def _table(frame: pd.DataFrame) -> Table:
    """The first rows of a frame, each with its label."""
    head = frame.iloc[:ROWS, :COLUMNS]
    rows = [[written(label), *map(_cell, row)] for label, *row in head.itertuples(name=None)]
    caption = f"{count(len(frame), 'row')}, {count(frame.shape[1], 'column')}"
    if head.shape != frame.shape:
        caption += f"; shown: the first {len(head)} rows and {head.shape[1]} columns"
    return Table(caption, [str(head.index.name or "row"), *map(str, head.columns)], rows)


def _cell(value: Any) -> Cell:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    plain = value.item() if isinstance(value, np.generic) else value
    is_number = isinstance(plain, int | float) and not isinstance(plain, bool)
    return plain if is_number else written(plain)


def _drawn(figure: Any) -> Figure:
    """A matplotlib figure as a picture inside the page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    # Base64 has letters and digits only: no text of the notebook is printed unescaped.
    picture = f'<img alt="a picture" style="max-width: 100%" src="data:image/png;base64,{data}">'
    return Figure(Markup(picture), "")  # noqa: S704
