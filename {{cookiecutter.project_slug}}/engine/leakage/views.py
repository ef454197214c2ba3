"""Where in a column an outcome may hide: a second, a last digit, the start of a code."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from engine.leakage.outcome import Array, as_numbers

# Of texts, those that are looked into; a longer list has the same endings.
TEXTS = 5_000
# Of fewer different values a digit is no part, but nearly the whole.
FEWEST_DIFFERENT = 60


def words(values: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    """The column itself (named ''), and its parts that take few values, by what they are."""
    yield "", values
    if pd.api.types.is_bool_dtype(values.dtype):
        return
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        for said in ("month", "day", "weekday", "hour", "minute", "second", "microsecond"):
            part = "day_of_week" if said == "weekday" else said
            yield f"in the {said} of its date ", getattr(values.dt, part)
        timed = (values != values.dt.normalize()).astype("boolean")
        yield "by having a time of day ", timed.mask(values.isna())
    elif pd.api.types.is_numeric_dtype(values.dtype):
        last = _last_digit(as_numbers(values))
        if last is not None:
            yield "in its last digit ", pd.Series(last, values.index)
            yield "by being odd or even ", pd.Series(last % 2, values.index)
    else:
        yield from _parts_of_texts(values)


def numbers(values: pd.Series) -> Iterator[tuple[str, Array]]:
    """The column as a number (named ''), and the numbers in it, by what they are."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = as_numbers(values)
        yield "", days
        yield "in its time of day ", days % 1
        yield "in its fraction of a second ", (days * 86_400) % 1
    elif pd.api.types.is_numeric_dtype(values.dtype):
        found = as_numbers(values)
        yield "", found
        if (found % 1 > 0).any():
            yield "behind its decimal point ", found % 1
    else:
        number = _of_each(values, _number_in)
        if number is not None and number.notna().mean() > 0.5:
            yield "in its number ", number.to_numpy(np.float64)


def _last_digit(values: Array) -> Array | None:
    """The last digit that the column is written with; None for a measurement without end."""
    present = values[np.isfinite(values)]
    if len(np.unique(present)) < FEWEST_DIFFERENT or np.abs(present).max() > 1e11:
        return None
    for decimals in range(5):
        if np.allclose(present, present.round(decimals), rtol=0, atol=1e-9):
            return np.asarray(np.round(values * 10.0**decimals) % 10)
    return None


def _parts_of_texts(values: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    views = {
        "in its first letter ": lambda text: text[:1],
        "in its start ": lambda text: (re.split(r"[\W_\d]", text, maxsplit=1) or [""])[0],
        "in its second part ": lambda text: [*re.split(r"[\W_]+", text, maxsplit=2), ""][1],
        "in its last letter ": lambda text: text[-1:],
        "in its end ": lambda text: re.split(r"[\W_\d]", text.rstrip())[-1],
        "in its length ": len,
    }
    for said, part in views.items():
        found = _of_each(values, part)
        if found is None:
            return
        yield said, found


def _of_each(values: pd.Series, part: object) -> pd.Series | None:
    """`part` of each text, worked out once for each different one; None if there are too many."""
    codes, texts = values.factorize()
    if len(texts) > max(TEXTS, len(values)) or not len(texts):
        return None
    parts = pd.Series([part(str(text)) for text in texts])  # type: ignore[operator]
    return parts.reindex(codes).set_axis(values.index)


def _number_in(text: str) -> float:
    found = re.search(r"-?\d+(\.\d+)?", text)
    return float(found[0]) if found else np.nan
