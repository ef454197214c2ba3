"""Reads whole columns of dates, as `engine.contract.dates` reads one."""

import pandas as pd

from engine.contract.dates import (
    COUNTED,
    EPOCHS,
    MAY_CHANGE,
    MIDNIGHT,
    ZONE_NAME,
    ZONE_NOTE,
    microseconds,
    read_date,
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
    """Numbers as a text table writes them, with the digits that a float keeps."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values[:0].astype("str")
    numbers = values.astype("float64") if pd.api.types.is_float_dtype(values.dtype) else values
    present = numbers.dropna()
    if (present % 1 == 0).all() and (present.abs() < 2**63).all():
        return numbers.astype("Int64").astype("str").where(numbers.notna())
    texts = [f"{number:.16g}" for number in present]
    return pd.Series(texts, present.index, dtype="str").reindex(values.index)


def _plain(texts: pd.Series) -> tuple[pd.Series, pd.Series | None]:
    """`engine.contract.dates.plain` of texts; no mask if none is 24:00 of its day."""
    changing = _matches(texts, MAY_CHANGE)
    if not changing.any():
        return texts, None
    named = texts[changing].str.replace(ZONE_NOTE, "", n=1, regex=True)
    named = named.str.replace(ZONE_NAME, "Z", n=1, regex=True)
    changed = named.str.replace(MIDNIGHT, r"\g<1>00\2\5", n=1, regex=True)
    late = (changed != named).reindex(texts.index, fill_value=False)
    texts = texts.copy()
    texts[changing] = changed
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
    if "%S" in form:
        # Python, and so the server, has no second 60, which pandas reads as the next minute.
        doubtful = texts[(read.dt.second < 2) & texts.str.contains("6[01]")]
        cells = ColumnFormat(dates=(form,))
        read[[at for at, text in doubtful.items() if read_date(cells, text) is None]] = pd.NaT
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
    """Texts that count time; exact, so decimals where there is a fraction."""
    numbers = texts[_matches(texts, COUNTED)]
    counts = pd.Series([microseconds(text, form) for text in numbers], numbers.index, dtype=object)
    counts = counts[[abs(count) < 2**62 for count in counts]].astype("int64")
    read = pd.Series(counts.to_numpy().astype("datetime64[us]"), counts.index)
    read = read.where((read >= FIRST) & (read <= LAST)).reindex(texts.index)
    return read.astype("datetime64[us]")


def _matches(texts: pd.Series, pattern: str) -> pd.Series:
    return texts.str.fullmatch(pattern).fillna(value=False).astype(bool)
