"""Arrow's declared types as the few plain ones that training and bulk work know.

A declared type is not the data: dictionaries, views and widths are ways to store it. Parquet has
no runs, so that run-end encoding needs no code here.
"""

import pyarrow as pa
import pyarrow.compute as pc

# Types and what they are read as; the first that fits.
READ_AS = (
    (pa.types.is_uint64, pa.float64()),
    (pa.types.is_integer, pa.int64()),
    (pa.types.is_floating, pa.float64()),
    (pa.types.is_decimal, pa.float64()),
    (pa.types.is_boolean, pa.bool_()),
    (pa.types.is_date, pa.timestamp("us")),
    (pa.types.is_time, pa.string()),
    (pa.types.is_string, pa.string()),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_null, pa.string()),
)
# Some 270,000 years from 1970.
LAST_DAY = 100_000_000


def plain_type(kind: pa.DataType) -> pa.DataType | None:
    """The type that a column of `kind` is read as; None if its cells are no single values."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return next((plain for is_one, plain in READ_AS if is_one(kind)), None)


def decoded(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells without dictionaries and views, in the type of their values.

    Dictionaries of a file's pieces differ, and together can outgrow the type of their index.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    return cells.cast(pa.string()) if pa.types.is_string_view(cells.type) else cells


def plain(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells in their `plain_type`; a decimal or a huge number becomes the nearest float.

    Raises:
        pa.ArrowInvalid: a text is not UTF-8, which Parquet does not check.
    """
    cells = decoded(cells)
    if pa.types.is_decimal(cells.type):
        cells = cells.cast(pa.string())  # whose nearest float is that of the same text in JSON
    if pa.types.is_date(cells.type) or pa.types.is_timestamp(cells.type):
        cells = _within_microseconds(cells)
    kind = plain_type(cells.type)
    cells = cells.cast(kind if kind else cells.type, safe=False)
    cells.validate(full=pa.types.is_string(cells.type))
    return cells


def _within_microseconds(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days and times that fit into 64 bits as microseconds; later ones would wrap around.

    The limits are far beyond the years of Python, so that readers refuse what was cut to them.
    """
    kind = cells.type
    if pa.types.is_timestamp(kind) and kind.unit in ("us", "ns"):
        return cells
    if pa.types.is_date(kind):
        cells, kind, last, number = cells.cast(pa.date32()), pa.date32(), LAST_DAY, pa.int32()
    else:
        last = LAST_DAY * 86_400 * (1_000 if kind.unit == "ms" else 1)
        number = pa.int64()
    cut = pc.max_element_wise(cells.cast(number), pa.scalar(-last, number), skip_nulls=False)
    return pc.min_element_wise(cut, pa.scalar(last, number), skip_nulls=False).cast(kind)
