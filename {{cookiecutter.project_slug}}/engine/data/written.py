"""How a delivery is written otherwise than the table that was adopted."""

import re
from collections.abc import Iterator

import pandas as pd
import pandera.pandas as pa

from engine.contract.cells import trimmed, without_missing
from engine.contract.column import kind_of
from engine.contract.date_columns import dates
from engine.contract.format import ColumnFormat, number_pattern, sign_pattern
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
# What programs put around a text that it stays one.
MARKS = r"^=?[\"']|[\"']$"
SIGN = "[.,]"
SWAPS = str.maketrans("dm", "md")


def layout_mistake(sniffed: Layout, layout: Layout) -> str:
    """How a text file is separated otherwise than the contract states; empty if it is not."""
    if sniffed.separator == layout.separator:
        return ""
    now, then = SEPARATORS[sniffed.separator], SEPARATORS[layout.separator]
    return f"it is separated by {now}, the contract states {then}: export it as before"


def why_refused(cells: pd.Series, kind: str, written: ColumnFormat) -> str:
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
    """For each column that seems to be written otherwise: is that sure, and how is it written."""
    for name, rule in schema.columns.items():
        kind, cells = kind_of(rule.dtype), ColumnFormat.of(rule.metadata)
        if not {name} <= {*raw} & {*adopted} or rule.unique:
            continue
        are_texts = {str(frame[name].dtype) for frame in (raw, adopted)} == {"str"}
        if kind != "category" and not (are_texts and kind in ("number", "integer")):
            continue
        new, old = (
            trimmed(without_missing(frame[name], cells).dropna().astype("str"))
            for frame in (raw, adopted)
        )
        if kind == "category":
            yield from _respelled(name, new, old, len(raw))
        elif difference := _other_signs(new, old, cells):
            yield True, f"{name!r}: {difference}, such as {new[new.str.contains(SIGN)].iloc[0]!r}"


def _respelled(name: str, new: pd.Series, old: pd.Series, rows: int) -> Iterator[tuple[bool, str]]:
    """Whether values never seen are others of the adopted table, written otherwise.

    They differ by leading zeros, a decimal part of 0, their case, spaces or marks around them.
    """
    unseen = new[~new.isin(old)]
    if unseen.empty:
        return
    same = unseen[_plain(unseen).isin(set(_plain(old).unique()))]
    if len(same) and old.nunique() < len(old):
        first, plain = same.iloc[0], _plain(same).iloc[0]
        before = old[_plain(old) == plain].iloc[0]
        lost = "; leading zeros are lost" if before.startswith("0") else ""
        is_many = len(same) >= HARDLY * rows
        share = percent(len(same) / rows)
        yield is_many, f"{name!r}: {share} of the rows hold {first!r} for {before!r}{lost}"
    elif len(unseen) > MANY * rows and old.nunique() < len(old) / 2:
        share, first = percent(len(unseen) / rows), unseen.iloc[0]
        yield False, f"{name!r}: {share} of the rows hold a value never seen, such as {first!r}"


def _other_signs(new: pd.Series, old: pd.Series, cells: ColumnFormat) -> str:
    """How the decimal and the thousands sign seem to be swapped, where both readings are valid."""
    decimal, thousands = re.escape(cells.decimal), sign_pattern(cells.thousands)
    grouped = rf"\D*[1-9]\d{{0,2}}({decimal}\d{{3}})+\D*"
    fractions, before = (texts[texts.str.contains(decimal)] for texts in (new, old))
    are_grouped = len(fractions) > MANY * len(new) and fractions.str.fullmatch(grouped).all()
    were_grouped = 2 * before.str.fullmatch(grouped).sum() > len(before)
    # Some programs write 7 as 7.000.
    are_whole = not cells.thousands and fractions.str.contains(rf"{decimal}000\D*$").all()
    if are_grouped and not were_grouped and not are_whole:
        return f"the contract's decimal sign {cells.decimal!r} seems to group thousands"
    had_fractions = fractions.empty and len(before) > MANY * len(old)
    if cells.thousands and had_fractions and new.str.contains(thousands).mean() > MANY:
        return f"the contract's thousands sign {cells.thousands!r} seems to be a decimal sign"
    return ""


def _plain(texts: pd.Series) -> pd.Series:
    """Texts without what programs lose or change in them."""
    plain = texts.str.casefold().str.replace(r"\s+", " ", regex=True)
    plain = plain.str.replace(MARKS, "", regex=True)
    is_number = plain.str.fullmatch(NUMBER)
    number = plain.str.replace(r"\.0+$", "", regex=True).str.lstrip("0")
    return plain.where(~is_number.astype(bool), number)
