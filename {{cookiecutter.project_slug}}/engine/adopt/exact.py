"""Different texts that would become one number: whether they are numbers, or names of something."""

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.inferred import InferredColumn, all_match
from engine.contract.arrow_types import EXACT
from engine.contract.column import HIGHEST, LOWEST

# With a point, and behind it no zero that only fills up: versions, sections, codes.
PARTS = r"\d+\.(0|[1-9]\d*)"
FILLED = r"\d+\.\d+0"
# A measure that is written in two ways has more different values.
MOST_CODES = 100


def without_merging(
    texts: pa.Array, plain: pa.Array, inferred: InferredColumn, *, has_unit: bool
) -> InferredColumn:
    """`inferred`, or a category where reading numbers would make one of what differs.

    Args:
        texts: the different texts of the column.
        plain: the same as numbers with a point, without signs that group digits.
        inferred: numbers or integers.
        has_unit: whether the cells had a unit or another sign, which `texts` lack.
    """
    plain = pc.utf8_ltrim(plain, "+")
    if inferred.kind == "integer":
        # The pattern spares most columns the exact test.
        long = plain.filter(pc.match_substring_regex(plain, r"^-?0*[1-9]\d{18}")).to_pylist()
        fits = all(LOWEST <= Decimal(text) <= HIGHEST for text in long)
        return inferred if fits else _names(inferred, "too long for numbers: names or codes")
    numbers = plain.cast(pa.float64())
    if pc.count_distinct(numbers).as_py() == len(texts):
        return inferred
    if _has_long_names(plain, numbers):
        return _names(inferred, "longer than numbers are exact: names or codes")
    first, second, pairs = _merged(texts, numbers)
    twins = pc.is_in(pc.replace_substring_regex(plain, r"0$", ""), plain)
    filled = pc.and_(twins, pc.match_substring_regex(plain, f"^{FILLED}$"))
    # Nobody writes the parts of a version with a decimal comma or a unit.
    is_plain = inferred.cells.decimal == "." and not inferred.cells.thousands and not has_unit
    are_codes = is_plain and (len(texts) <= MOST_CODES or all_match(plain, PARTS))
    if are_codes and pc.any(filled).as_py() and all_match(plain, r"\d+(\.\d+)?"):
        return _names(inferred, f"{first!r} and {second!r} differ: versions or codes, not numbers")
    many = f", and {pairs - 1:,} more such pairs" if pairs > 1 else ""
    note = f"{first!r} and {second!r} are read as one number{many}"
    return replace(inferred, notes=(*inferred.notes, note))


def _names(inferred: InferredColumn, note: str) -> InferredColumn:
    return InferredColumn("category", hints=inferred.hints, notes=(note,))


def _has_long_names(plain: pa.Array, numbers: pa.Array) -> bool:
    """Whether two numbers beyond 2^53 have the same float."""
    long = pc.greater_equal(pc.abs(numbers), float(EXACT))
    exact = [Decimal(text) for text in plain.filter(long).to_pylist()]
    return len({float(number) for number in exact}) < len(set(exact))


def _merged(texts: pa.Array, numbers: pa.Array) -> tuple[str, str, int]:
    """Two texts of one number, and how many texts are a second one of theirs."""
    table = pa.table({"text": texts, "number": numbers}).group_by("number")
    groups = table.aggregate([("text", "min"), ("text", "max"), ("text", "count")])
    shared = groups.filter(pc.greater(groups["text_count"], 1))
    several = pc.sum(shared["text_count"]).as_py() - len(shared)
    return shared["text_min"][0].as_py(), shared["text_max"][0].as_py(), several
