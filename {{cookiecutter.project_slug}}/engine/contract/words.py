"""What a value of a column may be, in words: for messages, OpenAPI and the model card."""

from engine.contract.column import LONGEST_CATEGORY, Column


def expected(column: Column) -> str:
    """What a JSON value of the column may be."""
    words = {
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
        "category": f"a text of at most {LONGEST_CATEGORY} characters",
        "date": "a date-time without an offset, such as 2026-03-01T09:30:00",
    }[column.type]
    if column.type == "category" and column.closed:
        words = "one of " + ", ".join(f"'{category}'" for category in column.categories)
    if column.type in ("number", "integer"):
        words += _between(column.minimum, column.maximum)
        words += f", in {column.unit}" if column.unit else ""
    return words + (" or null" if column.nullable else "")


def _between(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:.12g} to {high:.12g}"
    if low is not None:
        return f" of {low:.12g} or more"
    return "" if high is None else f" of {high:.12g} or less"
