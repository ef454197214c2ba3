"""Values as ruff would write them in a Python file, so that what is generated is formatted."""

from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_LINE = 100


def metadata(values: Mapping[str, Any], indent: int) -> str:
    """How texts are read, as an argument of pandera's; nothing for no values."""
    items = [f"{python(key)}: {literal(value)}" for key, value in values.items()]
    return _bracketed("metadata={", items, "}", indent) if items else ""


def one_of(values: Sequence[str | int], indent: int) -> str:
    """Pandera's check that nothing else comes."""
    items, space = [literal(value) for value in values], " " * indent
    line = _bracketed("pa.Check.isin([", items, "])", indent)
    if line.count("\n") == 1:
        return line
    # A trailing comma keeps a list on its own lines.
    listed = "".join(f"{space}        {item},\n" for item in items)
    return f"{space}pa.Check.isin(\n{space}    [\n{listed}{space}    ]\n{space}),\n"


def _bracketed(start: str, items: Sequence[str], end: str, indent: int) -> str:
    """One line, or a line for each item where it would be too long."""
    space, line = " " * indent, f"{start}{', '.join(items)}{end},"
    if indent + len(line) <= LONGEST_LINE:
        return f"{space}{line}\n"
    listed = "".join(f"{space}    {item},\n" for item in items)
    return f"{space}{start}\n{listed}{space}{end},\n"


def literal(value: Any) -> str:
    """A text, a list of texts, or a plain value."""
    if isinstance(value, list):
        return f"[{', '.join(map(python, value))}]"
    return python(value) if isinstance(value, str) else repr(value)


def python(text: str) -> str:
    """A string literal the way ruff formats it: double quotes unless that needs more escapes."""
    # repr of a text that holds both quotes is single-quoted and escapes no double quote.
    body = repr(f"{text}'\"")[1:-4].replace("\\'", "'")
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + body.replace(quote, f"\\{quote}") + quote
