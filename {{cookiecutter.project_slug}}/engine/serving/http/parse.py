"""Parses the JSON of a request: within a bound, and without keys that an object has twice.

A body of 1 MB can hold 330,000 empty objects, whose error messages would cost seconds. So a body
with more values than any request needs is refused unparsed.
"""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from engine.serving.http.errors import ProblemError, echo

# Every value begins a list or an object, or follows a comma.
_OTHER_BYTES = bytes(set(range(256)) - set(b",[{"))
_OTHER_BYTES_BUT_QUOTES = bytes(set(_OTHER_BYTES) - set(b'"'))
# Two a value in a tensor of nested lists; a few rows or fields too many get the exact error.
_MARKS = 3
_AROUND = 20  # around the values: what stands once for each field, such as its name and shape
_CHUNK = 65_536
_MOST_OTHER_MEMBERS = 200  # each member that is no field gets an error, up to so many


@dataclass(frozen=True)
class Bound:
    """The most that a request may hold: `rows` rows of `fields` fields."""

    rows: int
    fields: int

    def check(self, body: bytes) -> None:
        """Raise a ProblemError if a body of JSON has more values than any request needs."""
        if len(body) <= self._objects:
            return
        if self._exceeded(body) and self._exceeded(_outside_strings(body)):
            expected = f"expected at most {self.rows:,} rows of {self.fields} fields"
            detail = f"{expected}, got many more values; send its rows in several requests"
            raise ProblemError("too-many-values", detail)

    @property
    def _objects(self) -> int:
        return 2 * (self.rows + self.fields) + _AROUND

    def _exceeded(self, text: bytes) -> bool:
        marks = len(text.translate(None, _OTHER_BYTES))
        most = (_MARKS * self.rows + _AROUND) * (self.fields + 1) + _AROUND
        return marks > most or text.count(b"{") > self._objects


def _outside_strings(body: bytes) -> bytes:
    """The commas and opening brackets of a JSON text that stand outside of its strings."""
    marks = _without_escapes(body).translate(None, _OTHER_BYTES_BUT_QUOTES)
    outside, in_string = [], 0
    for start in range(0, len(marks), _CHUNK):  # splitting the whole text at once needs 30 MB
        pieces = marks[start : start + _CHUNK].split(b'"')
        # Every other piece between two quotes is a string.
        outside.append(b"".join(pieces[in_string::2]))
        in_string = (in_string + len(pieces) - 1) % 2
    return b"".join(outside)


def _without_escapes(body: bytes) -> bytes:
    """The same JSON text without escaped quotes: each other quote begins or ends a string."""
    return body.replace(b"\\\\", b"").replace(b'\\"', b"")


def parse(body: bytes, bound: Bound) -> Any:
    """A body as plain Python values."""
    bound.check(body)
    try:
        value = from_json(body)
    except ValueError as error:
        hint = "" if body[:1].isascii() else " (UTF-8 without a byte order mark is expected)"
        detail = f"expected JSON, but the parser stopped: {error}{hint}"
        raise ProblemError("not-json", detail) from None
    refuse_repeated(body, value, bound.fields + _MOST_OTHER_MEMBERS)
    return value


def refuse_repeated(body: bytes, value: Any, most_members: int) -> None:
    """Raise a ProblemError if an object has a key twice, or more than `most_members` keys.

    A parser keeps the last of two values, so a repeated key leaves more quotes than strings.
    """
    if _without_escapes(body).count(b'"') != 2 * _count_strings(value, most_members):
        # A second parser, for the name alone; numbers stay strings, which may be of any length.
        numbers: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), str)
        json.loads(body, object_pairs_hook=_unique, strict=False, **numbers)


def _count_strings(value: Any, most_members: int) -> int:
    """How many strings a value has in JSON, keys included."""
    members: Collection[Any]
    if isinstance(value, dict):
        if len(value) > most_members:
            detail = f"expected at most {most_members} members in an object, got {len(value)}"
            raise ProblemError("invalid", detail)
        count, members = len(value), value.values()
    elif isinstance(value, list):
        count, members = 0, value
    else:
        return int(isinstance(value, str))
    types = [*map(type, members)]
    count += types.count(str)
    if dict in types or list in types:
        nested = (one for one in members if one and type(one) in (dict, list))
        count += sum(_count_strings(one, most_members) for one in nested)
    return count


def _unique(pairs: list[tuple[str, Any]]) -> None:
    names = Counter(name for name, _ in pairs)
    if len(names) < len(pairs):
        [(name, _)] = names.most_common(1)
        detail = f"expected each key of an object once, got {echo(name)} twice"
        raise ProblemError("invalid", detail)
