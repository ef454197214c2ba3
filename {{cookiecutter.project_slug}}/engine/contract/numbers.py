"""How people write numbers: a decimal sign, grouped digits, a unit, other signs for less than 0."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

SPACE = "[ \u00a0\u202f\u2009]"
# Other ways to write -1, and what makes '-1' of each.
NEGATIVES = {
    "(1)": (r"^\(([^()+−-]*)\)$", r"-\1"),
    "−1": ("−", "-"),
    "1-": (rf"^([^+-].*?){SPACE}*-$", r"-\1"),
}
INFINITE = r"[+-]?(inf|infinity|∞)"


def number_pattern(decimal: str, thousands: str) -> str:
    """What a number with these signs looks like, as a regular expression for the whole cell."""
    point, comma = re.escape(decimal), _sign(thousands)
    groups = rf"|\d{{1,3}}({comma}\d{{3}})+" if thousands else ""
    return rf"[+-]?((\d+{groups})({point}\d*)?|{point}\d+)([eE][+-]?\d+)?"


def strip_units(texts: pa.Array, unit: str, negative: Sequence[str]) -> pa.Array:
    """`texts` without their unit, and with '-5' for every other way to write it.

    The unit stands before or behind the number, spaces between or not; a text without it is none
    of this form and comes out missing.
    """
    for form in ("(1)", "−1"):
        texts = _rewritten(texts, form, negative)
    if unit:
        sign = f"{SPACE}*{re.escape(unit)}{SPACE}*"
        where = rf"^([+-]?){sign}|{sign}(-?)$"
        has_it = pc.match_substring_regex(texts, where)
        texts = pc.if_else(has_it, texts, pa.scalar(None, texts.type))
        texts = pc.replace_substring_regex(texts, where, r"\1\2", max_replacements=1)
    return _rewritten(texts, "1-", negative)


def plain(values: pd.Series, cells: tuple[str, str, str, Sequence[str]]) -> pd.Series:
    """Texts of numbers as `float` writes them; what is written in another form is gone.

    Args:
        cells: decimal sign, thousands sign, unit, other forms of negatives.
    """
    decimal, thousands, unit, negative = cells
    texts = strip_units(pa.array(values, pa.large_string(), from_pandas=True), unit, negative)
    fit = pc.match_substring_regex(texts, f"^({number_pattern(decimal, thousands)})$")
    texts = pc.if_else(fit, texts, pa.scalar(None, texts.type))
    if thousands:
        texts = pc.replace_substring_regex(texts, _sign(thousands), "")
    texts = pc.replace_substring(texts, decimal, ".")
    return pd.Series(texts.to_pandas().to_numpy(), values.index, dtype="str", name=values.name)


def is_infinite(values: pd.Series) -> "pd.Series[bool]":
    """Which cells are numbers without an end, as a division by 0 leaves them? (A mask.)"""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        texts = values.astype("str").str.replace("∞", "inf", regex=False)
        values = pd.to_numeric(texts, errors="coerce")
    return pd.Series(np.isinf(values.to_numpy("float64", na_value=np.nan)), values.index)


def _rewritten(texts: pa.Array, form: str, forms: Sequence[str]) -> pa.Array:
    return pc.replace_substring_regex(texts, *NEGATIVES[form]) if form in forms else texts


def _sign(thousands: str) -> str:
    """One kind of space is as good as another: no one sees which it is."""
    return SPACE if thousands and re.fullmatch(SPACE, thousands) else re.escape(thousands)
