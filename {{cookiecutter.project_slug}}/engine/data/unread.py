"""Columns of a source that no reader reads, such as lists or images: they never stop a table.

They come out empty, and the frame carries the reasons. What a problem keeps out of the model may
be such a column; any other is refused.
"""

from collections.abc import Collection, Mapping

import pandas as pd

from engine.problem.errors import BadInput

_KEY = "unread"


def with_reasons(frame: pd.DataFrame, reasons: Mapping[str, str]) -> pd.DataFrame:
    """`frame` with the reason for each column that was not read."""
    frame.attrs[_KEY] = dict(reasons)
    return frame


def reasons_of(frame: pd.DataFrame) -> dict[str, str]:
    """Why columns of a frame that `sources.read` returned were not read, by their names."""
    reasons: dict[str, str] = frame.attrs.get(_KEY, {})
    return reasons


def check_read(frame: pd.DataFrame, source: str, needed: Collection[str]) -> None:
    """Raise BadInput for a column among the `needed` that was not read."""
    if unread := {name: why for name, why in reasons_of(frame).items() if name in needed}:
        listed = "; ".join(f"'{name}': {why}" for name, why in unread.items())
        raise BadInput(
            f"{source} has columns that cannot be read: {listed}; a row needs one plain value a "
            "column: convert them at their source, or exclude them in problem.toml",
            code="not-single-values",
        )
