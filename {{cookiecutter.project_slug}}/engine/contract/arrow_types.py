"""Arrow's declared types as the few plain ones that training and bulk work know.

A declared type is not the data: dictionaries, views and widths are ways to store it. Parquet has
no runs, so that run-end encoding needs no code here.
"""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# Types and what they are read as; the first that fits. Of a whole number it is what most are.
READ_AS: tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...] = (
    (pa.types.is_integer, pa.int64()),
    (pa.types.is_floating, pa.float64()),
    (pa.types.is_decimal, pa.float64()),
    (pa.types.is_boolean, pa.bool_()),
    (pa.types.is_date, pa.timestamp("us")),
    (pa.types.is_duration, pa.duration("us")),
    (pa.types.is_time, pa.string()),
    (pa.types.is_string, pa.string()),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_binary, pa.string()),
    (pa.types.is_large_binary, pa.string()),
    (pa.types.is_binary_view, pa.string()),
    (pa.types.is_fixed_size_binary, pa.string()),
    (pa.types.is_null, pa.string()),
)
# Some 270,000 years from 1970.
LAST_DAY = 100_000_000
# Up to here every whole number is a float of its own.
EXACT = 2**53


def open_parquet(path: Path, **options: bool | int) -> pq.ParquetFile:
    """A Parquet file; its old times (INT96) in microseconds: as nanoseconds late ones wrap around.

    Raises:
        pa.ArrowException, OSError: the file cannot be read.
    """
    return pq.ParquetFile(path, coerce_int96_timestamp_unit="us", **options)


def plain_type(kind: pa.DataType) -> pa.DataType | None:
    """The type that a column of `kind` is read as; None if its cells are no single values."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)  # whatever zones the machine knows
    return next((plain for is_one, plain in READ_AS if is_one(kind)), None)


def decoded(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells without dictionaries and views, in the type of their values.

    Dictionaries of a file's pieces differ, and together can outgrow the type of their index.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    return cells.cast(pa.string()) if pa.types.is_string_view(cells.type) else cells


def plain(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells in their `plain_type`; whole numbers that are too long for it become texts.

    Numbers with a point become the nearest float, times lose what is below a microsecond.

    Raises:
        pa.ArrowInvalid: a text is not UTF-8, which Parquet does not check; bytes are no text; or a
            duration is too long.
    """
    cells = decoded(cells)
    if isinstance(cells.type, pa.UuidType):
        texts = [None if cell is None else str(cell) for cell in cells.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if isinstance(cells.type, pa.BaseExtensionType):
        cells = cells.cast(cells.type.storage_type)
    if pa.types.is_decimal(cells.type) or pa.types.is_uint64(cells.type):
        return _exact(cells)
    if pa.types.is_fixed_size_binary(cells.type) or cells.type == pa.binary_view():
        cells = cells.cast(pa.binary())
    if pa.types.is_time(cells.type):
        # As Python writes a time: without a fraction of zeros.
        return pc.replace_substring_regex(cells.cast(pa.string()), r"\.0+$", "")
    if pa.types.is_date(cells.type) or pa.types.is_timestamp(cells.type):
        cells = _within_microseconds(cells)
    if cells.type in (pa.binary(), pa.large_binary()):
        if pc.any(pc.match_substring(cells, "\0")).as_py():
            raise pa.ArrowInvalid("bytes with zeros are no text")
    elif cells.type in (pa.duration("s"), pa.duration("ms")):
        cells = cells.cast(pa.duration("us"))
    kind = plain_type(cells.type)
    cells = cells.cast(kind if kind else cells.type, safe=False)
    cells.validate(full=pa.types.is_string(cells.type))
    return cells


def _exact(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers as integers, or as texts where one is too long; others as floats, or texts too.

    Some databases give every number a scale: where one is too long for a float, such numbers may be
    names. Adoption decides that on their texts.
    """
    if pa.types.is_decimal(cells.type) and cells.type.scale > 0:
        # The nearest float is then that of the same text in JSON.
        floats = cells.cast(pa.string()).cast(pa.float64())
        longest = pc.max(pc.abs(floats)).as_py()
        if longest is None or longest < EXACT:
            return floats
    try:
        return cells.cast(pa.int64())
    except pa.ArrowInvalid:  # too long, or a digit behind the point
        return pc.replace_substring_regex(cells.cast(pa.string()), r"\.0*$|(\.\d*[1-9])0+$", r"\1")


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
