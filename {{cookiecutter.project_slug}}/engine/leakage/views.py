"""Parts of a column in which an outcome may hide: a second, a last digit, the start of a code."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from engine.leakage.fit import step_of
from engine.leakage.outcome import Array, as_numbers

# Of texts, those that are searched; a longer list has the same endings.
TEXTS = 5_000
# Of fewer different values a digit is no part, but nearly the whole.
FEWEST_DIFFERENT = 60
NUMBER = r"-?\d+(\.\d+)?"
DATE_PARTS = {"weekday": "day_of_week"} | {
    name: name for name in ("month", "day", "hour", "minute", "second", "microsecond")
}
TEXT_PARTS: dict[str, Callable[[str], object]] = {
    "in its first letter ": lambda text: text[:1],
    "in its start ": lambda text: (re.split(r"[\W_\d]", text, maxsplit=1) or [""])[0],
    "in its second part ": lambda text: [*re.split(r"[\W_]+", text, maxsplit=2), ""][1],
    "in its last letter ": lambda text: text[-1:],
    "in its end ": lambda text: re.split(r"[\W_\d]", text.rstrip())[-1],
    "in its length ": len,
}


def categories(values: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    """The column itself (named ''), and its parts that take few values, with their names."""
    yield "", values
    if pd.api.types.is_bool_dtype(values.dtype):
        return
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        for name, part in DATE_PARTS.items():
            yield f"in the {name} of its date ", getattr(values.dt, part)
        timed = (values != values.dt.normalize()).astype("boolean")
        yield "by having a time of day ", timed.mask(values.isna())
    elif pd.api.types.is_numeric_dtype(values.dtype):
        number = as_numbers(values)
        present = number[np.isfinite(number)]
        if len(np.unique(present)) < FEWEST_DIFFERENT or np.abs(present).max() > 1e11:
            return
        if step := step_of(present):  # 0 for an unrounded measurement
            digit = np.round(number / step) % 10
            yield "in its last digit ", pd.Series(digit, values.index)
            yield "by being odd or even ", pd.Series(digit % 2, values.index)
    else:
        for name, part_of in TEXT_PARTS.items():
            texts = _of_each(values, part_of)
            if texts is not None:
                yield name, texts


def numbers(values: pd.Series) -> Iterator[tuple[str, Array]]:
    """The column as a number (named ''), and the numbers in it, with their names."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = as_numbers(values)
        yield "", days
        yield "in its time of day ", days % 1
        yield "in its fraction of a second ", (days * 86_400) % 1
    elif pd.api.types.is_numeric_dtype(values.dtype):
        number = as_numbers(values)
        yield "", number
        if (number % 1 > 0).any():
            yield "behind its decimal point ", number % 1
    else:
        inside = _of_each(values, lambda text: float((re.search(NUMBER, text) or ["nan"])[0]))
        if inside is not None and inside.notna().mean() > 0.5:
            yield "in its number ", inside.to_numpy(np.float64)


def _of_each(values: pd.Series, part_of: Callable[[str], object]) -> pd.Series | None:
    """A part of each text, computed once for each different one; None if there are too many."""
    codes, texts = values.factorize()
    if len(texts) > max(TEXTS, len(values)) or not len(texts):
        return None
    results = pd.Series([part_of(str(text)) for text in texts])
    return results.reindex(codes).set_axis(values.index)
