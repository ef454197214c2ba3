"""How a delivery is written otherwise than the table that was adopted."""

import re
from collections.abc import Iterator

import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import trimmed, without_missing
from engine.contract.column import kind_of
from engine.contract.date_columns import dates
from engine.contract.format import ColumnFormat, number_pattern
from engine.contract.layout import SEPARATORS, Layout
from engine.data import sources
from engine.data.paths import is_query
from engine.pages.formatting import percent
from engine.problem.errors import BadInput

# Fewer of the rows hold values never seen by chance.
MANY = 0.2
# A spelling in fewer rows is one row's fault, not the delivery's.
HARDLY = 0.01
# A value with a leading zero, or a number as another program writes it: '1002' for '01002'.
NUMBER = r"[0-9]+(\.0+)?"
SWAPS = str.maketrans("dm", "md")


def layout_mistake(source: str, layout: Layout | None) -> str:
    """How a text file is laid out otherwise than the contract states; empty if it is not."""
    sniffed = sources.layout_of(source) if layout else None
    if layout is None or sniffed is None or sniffed.separator == layout.separator:
        return ""
    now, then = SEPARATORS[sniffed.separator], SEPARATORS[layout.separator]
    return f"it is separated by {now}, the contract states {then}: export it as before"


def why_unread(cells: pd.Series, kind: str, written: ColumnFormat) -> str:
    """How refused `cells` seem to be written, if they are alike; empty otherwise."""
    texts = cells.dropna().astype("str")
    if texts.empty:
        return ""
    if kind == "date":
        swapped = tuple(
            re.sub("%([dm])", lambda part: "%" + part[1].translate(SWAPS), form)
            for form in written.dates
        )
        is_swapped = (
            swapped != written.dates and dates(texts, ColumnFormat(dates=swapped)).notna().all()
        )
        return "day and month seem to be swapped" if is_swapped else ""
    if kind not in ("number", "integer"):
        return ""
    if written.unit and texts.str.fullmatch(number_pattern(written.decimal, "")).all():
        return f"the unit {written.unit!r} is missing"
    for decimal, thousands in ((".", ""), (",", ""), (".", ","), (",", ".")):
        pattern = number_pattern(decimal, thousands)
        if decimal != written.decimal and texts.str.fullmatch(pattern).all():
            return f"decimal sign {decimal!r}, where the contract states {written.decimal!r}"
    return ""


def adopted_rows(source: str, layout: Layout | None) -> pd.DataFrame | None:
    """The table that was adopted; None where it is not here, or in a database."""
    try:
        return None if is_query(source) else sources.read(source, layout)
    except BadInput:
        return None


def differences(
    raw: pd.DataFrame, adopted: pd.DataFrame, schema: pa.DataFrameSchema
) -> Iterator[tuple[bool, str]]:
    """For each column of texts with values never seen: is it surely written otherwise, and how.

    A value is written otherwise where it is one of the adopted table but for its leading zeros, a
    decimal part of 0, its case or its spaces.
    """
    for name, rule in schema.columns.items():
        if kind_of(rule.dtype) != "category" or not {name} <= {*raw} & {*adopted} or rule.unique:
            continue
        cells = ColumnFormat.of(rule.metadata)
        new, old = (
            trimmed(without_missing(frame[name], cells).dropna().astype("str"))
            for frame in (raw, adopted)
        )
        unseen = new[~new.isin(old)]
        if unseen.empty:
            continue
        plain_old = set(_plain(old).unique())
        same = unseen[_plain(unseen).isin(plain_old)]
        if len(same) and old.nunique() < len(old):
            first, plain = same.iloc[0], _plain(same).iloc[0]
            before = old[_plain(old) == plain].iloc[0]
            lost = "; leading zeros are lost" if before.startswith("0") else ""
            share = percent(len(same) / len(raw))
            is_many = len(same) >= HARDLY * len(raw)
            yield is_many, f"{name!r}: {share} of the rows hold {first!r} for {before!r}{lost}"
        elif len(unseen) > MANY * len(raw) and old.nunique() < len(old) / 2:
            share, first = percent(len(unseen) / len(raw)), unseen.iloc[0]
            yield False, f"{name!r}: {share} of the rows hold a value never seen, such as {first!r}"


def _plain(texts: pd.Series) -> pd.Series:
    """Texts without what programs lose or change in them."""
    plain = texts.str.casefold().str.replace(r"\s+", " ", regex=True).str.removeprefix("'")
    is_number = plain.str.fullmatch(NUMBER)
    number = plain.str.replace(r"\.0+$", "", regex=True).str.lstrip("0")
    return plain.where(~is_number.astype(bool), number)
