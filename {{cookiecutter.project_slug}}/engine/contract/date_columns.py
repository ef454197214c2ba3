"""Reads whole columns of dates, as `engine.contract.dates` reads one."""

from decimal import Decimal

import numpy as np
import pandas as pd

from engine.contract.dates import (
    COUNTED,
    EPOCHS,
    MAY_BE_ODD,
    MIDNIGHT,
    ZONE_NAME,
    ZONE_NOTE,
    strptime_form,
    strptime_text,
)
from engine.contract.format import ISO, PLAIN, ColumnFormat

# Python, and so the server, has no other years.
FIRST, LAST = pd.Timestamp("0001-01-01"), pd.Timestamp("9999-12-31 23:59:59.999999")
DAY = pd.Timedelta(days=1)


def dates(values: pd.Series, cells: ColumnFormat = PLAIN) -> pd.Series:
    """Dates in one of the format's forms or ISO 8601, as datetime64[us] without a zone.

    Other values are missing. Times with an offset are converted to UTC: a model has one clock.

    Args:
        values: texts, timestamps, or numbers that a form describes (20261231, seconds since 1970).
    """
    result = pd.Series(pd.NaT, values.index, dtype="datetime64[us]")
    if pd.api.types.is_numeric_dtype(values.dtype):
        values = _as_texts(values) if cells.dates else values[:0]
    is_text = isinstance(values.dtype, pd.StringDtype)
    values, late = _plain(values) if is_text else (values, None)
    rest = values
    for form in (*cells.dates, "ISO8601"):
        if form in EPOCHS:
            read = _counted(rest, form)
        elif form == "ISO8601":
            rest = rest[_matches(rest, ISO)] if is_text else rest
            read = _read(rest, form)
        else:
            read = _formed(rest, form, cells.pivot)
        if len(rest) == len(result):
            result = read
        else:
            result.loc[rest.index] = read
        rest = values[result.reindex(values.index).isna() & values.notna()]
        if rest.empty:
            break
    if late is not None:
        # The last day of all has no next one.
        result = result.mask(late & (result > LAST - DAY)) + late.astype("int64") * DAY
    return result


def _as_texts(values: pd.Series) -> pd.Series:
    """Numbers as a text table writes them; six digits behind the point."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values[:0].astype("str")
    numbers = values.astype("float64") if pd.api.types.is_float_dtype(values.dtype) else values
    present = numbers.dropna()
    if (present % 1 == 0).all() and (present.abs() < 2**63).all():
        return numbers.astype("Int64").astype("str").where(numbers.notna())
    texts = [f"{number:.6f}" for number in present]
    return pd.Series(texts, present.index, dtype="str").reindex(values.index)


def _plain(texts: pd.Series) -> tuple[pd.Series, pd.Series | None]:
    """`engine.contract.dates.plain` of texts; no mask if none is 24:00 of its day."""
    odd = _matches(texts, MAY_BE_ODD)
    if not odd.any():
        return texts, None
    named = texts[odd].str.replace(ZONE_NOTE, "", n=1, regex=True)
    named = named.str.replace(ZONE_NAME, "Z", n=1, regex=True)
    rewritten = named.str.replace(MIDNIGHT, r"\g<1>00\2\5", n=1, regex=True)
    late = pd.Series(False, texts.index)
    late[odd] = rewritten != named
    texts = texts.copy()
    texts[odd] = rewritten
    return texts, late if late.any() else None


def _read(values: pd.Series, form: str) -> pd.Series:
    read = pd.to_datetime(values, utc=True, format=form, errors="coerce")
    read = read.dt.tz_localize(None).astype("datetime64[us]")
    return read.where((read >= FIRST) & (read <= LAST))


def _formed(texts: pd.Series, form: str, pivot: int) -> pd.Series:
    """Texts in one form of `strptime`; years of two digits are the hundred up to `pivot`."""
    strptime = strptime_form(form)
    if strptime != form:
        texts = texts.map(lambda text: strptime_text(text, form), na_action="ignore")
    read = _read(texts, strptime)
    if "%y" not in form:
        return read
    years = read.dt.year
    shift = ((pivot - (pivot - years) % 100 - years) * 12).fillna(0).astype("int64").to_numpy()
    months = read.to_numpy("datetime64[M]")
    moved = months + shift
    rest = read.to_numpy() - months.astype("datetime64[us]")
    shifted = pd.Series(moved.astype("datetime64[us]") + rest, texts.index)
    # The 29th of February is not in every century's year.
    return shifted.where(shifted.to_numpy("datetime64[M]") == moved)


def _counted(texts: pd.Series, form: str) -> pd.Series:
    """Texts that count from 1970; exact, so decimals where there is a fraction."""
    factor = EPOCHS[form]
    counted = texts[_matches(texts, COUNTED)]
    microseconds = [(Decimal(text) * factor).__floor__() for text in counted]
    inside = [abs(value) < 2**62 for value in microseconds]
    values = np.array([value for value, fits in zip(microseconds, inside, strict=True) if fits])
    read = pd.Series(values.astype("int64").astype("datetime64[us]"), counted.index[inside])
    read = read.where((read >= FIRST) & (read <= LAST)).reindex(texts.index)
    return read.astype("datetime64[us]")


def _matches(texts: pd.Series, pattern: str) -> pd.Series:
    return texts.str.fullmatch(pattern).fillna(value=False).astype(bool)
