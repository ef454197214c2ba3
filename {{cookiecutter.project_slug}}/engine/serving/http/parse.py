"""Parses JSON: within a bound, and without keys that an object has twice."""

import json
from collections.abc import Collection
from typing import Any

from pydantic_core import from_json

from engine.serving.http.bounds import Bound, without_escapes
from engine.serving.http.errors import ProblemError, echo


def parse(body: bytes, bound: Bound) -> Any:
    """A body as plain Python values.

    Raises:
        Refusal: it is not JSON, has more values than `bound` allows, or an object has a key twice.
    """
    bound.check(body)
    try:
        found = from_json(body)
    except ValueError as error:
        hint = "" if body[:1].isascii() else " (UTF-8 without a byte order mark is expected)"
        raise ProblemError(
            "not-json", f"expected JSON, got something else: {error}{hint}"
        ) from None
    refuse_repeated(body, found)
    return found


def refuse_repeated(body: bytes, found: Any) -> None:
    """Raise a Refusal if an object of the JSON `body` has a key twice; `found` is what it holds.

    A parser keeps the last of two values, so a repeated key leaves more quotes than strings found.
    """
    if without_escapes(body).count(b'"') != 2 * _strings(found):
        # A second parser, for the name alone; numbers stay texts, which may be of any length.
        json.loads(
            body,
            object_pairs_hook=_once,
            strict=False,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
        )


def _strings(value: Any) -> int:
    """How many strings a value has in JSON, keys included."""
    parts: Collection[Any]
    if isinstance(value, dict):
        count, parts = len(value), value.values()
    elif isinstance(value, list):
        count, parts = 0, value
    else:
        return int(isinstance(value, str))
    kinds = [*map(type, parts)]
    count += kinds.count(str)
    if dict in kinds or list in kinds:
        count += sum(_strings(part) for part in parts if part and type(part) in (dict, list))
    return count


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ProblemError(
                "invalid", f"expected each key of an object once, got {echo(name)} twice"
            )
        found[name] = value
    return found
