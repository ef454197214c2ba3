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
]
