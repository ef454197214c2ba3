"""Slips in the readers of tables."""

from tests.mutants.slips.slip import Slip

SLIPS = [
    Slip(
        "a cell that swallowed rows is read as a cell",
        "contract/stray_quote.py",
        "if all(compared) and (compared or not by_chance):",
        "if False:",
        "contract/test_stray_quote.py",
    ),
    Slip(
        "old times of Parquet wrap around",
        "contract/arrow_types.py",
        'coerce_int96_timestamp_unit="us"',
        "coerce_int96_timestamp_unit=None",
        "data/test_types.py",
    ),
    Slip(
        "whole decimals become floats",
        "contract/arrow_types.py",
        "return cells.cast(pa.int64())",
        "return cells.cast(pa.float64())",
        "data/test_types.py",
    ),
    Slip(
        "a column of lists that is needed is read as empty",
        "data/load.py",
        "schema.columns.keys() - problem.columns.reasons.keys()",
        "()",
        "data/test_types.py",
    ),
    Slip(
        "texts of Parquet are not trimmed",
        "data/sources.py",
        "return with_reasons(trimmed_texts(frame), reasons)",
        "return with_reasons(frame, reasons)",
        "serving/batch/test_typed_cells.py",
    ),
    Slip(
        "a mark that readers lose is not noticed",
        "contract/text_table.py",
        "    check_marks(path, layout)\n",
        "",
        "contract/test_dialects.py -k marks_that_readers_lose",
    ),
    Slip(
        "an encoding that is not read is taken for Windows-1252",
        "contract/encoding.py",
        "elif word := _foreign(start):",
        'elif word := "":',
        "data/test_reading.py -k encoding_that_is_not_read",
    ),
]
