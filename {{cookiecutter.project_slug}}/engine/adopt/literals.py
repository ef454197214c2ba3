"""Values as ruff would write them in a Python file, so that what is generated is formatted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LONGEST_LINE = 100


def metadata(values: Mapping[str, Any], indent: int) -> Iterator[str]:
    """How texts are read, as an argument of pandera's, on as many lines as it needs."""
    if not values:
        return
    items = [f"{python(key)}: {literal(value)}" for key, value in values.items()]
    space, line = " " * indent, f"metadata={{{', '.join(items)}}},"
    if indent + len(line) <= LONGEST_LINE:
        yield f"{space}{line}\n"
        return
    yield f"{space}metadata={{\n"
    yield from (f"{space}    {item},\n" for item in items)
    yield f"{space}}},\n"


def one_of(values: Sequence[str | int], indent: int) -> Iterator[str]:
    """Pandera's check that nothing else comes, on as many lines as it needs."""
    items, space = [literal(value) for value in values], " " * indent
    inner = f"[{', '.join(items)}]"
    if indent + len(f"pa.Check.isin({inner}),") <= LONGEST_LINE:
        yield f"{space}pa.Check.isin({inner}),\n"
        return
    yield f"{space}pa.Check.isin(\n"
    if indent + 4 + len(inner) <= LONGEST_LINE:
        yield f"{space}    {inner}\n"
    else:
        yield f"{space}    [\n"
        yield from (f"{space}        {item},\n" for item in items)
        yield f"{space}    ]\n"
    yield f"{space}),\n"


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
