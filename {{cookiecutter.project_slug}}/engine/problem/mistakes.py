"""Explains what is wrong in problem.toml: the line, the rule, what came, an example."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from engine.problem.toml import toml

Path = tuple[str, ...]

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]{}]+?)\s*\]\]?\s*(#.*)?")
# A key may be quoted, and then hold anything, even an equals sign.
KEY = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w.\s-])+?)\s*=""")
LONG_TEXT = re.compile(r"""\"{3}|'{3}""")

# What pydantic says in words of Python, said in words of TOML.
RULES = {
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "list_type": "must be a list in square brackets",
    "string_pattern_mismatch": "is not of the form that is expected",
    "too_short": "must not be empty",
}


def explain(error: ValidationError, model: type[BaseModel], text: str, where: str) -> str:
    """All mistakes of `error` in words, one a line, each with its place in `text`."""
    found: dict[Path, str] = {}
    for detail in error.errors():
        path = tuple(str(part) for part in detail["loc"] if part != "[key]")
        if detail["type"] == "extra_forbidden":
            rule = "there is no such field; remove it or mend its name"
        elif detail["type"] == "missing":
            rule = f"is missing{_help(model, path)}"
        else:
            said = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
            rule = RULES.get(detail["type"], f"{said[0].lower()}{said[1:]}")
            rule += f", got {detail['input']!r:.60}{_help(model, path)}"
        found.setdefault(path, rule)
    return _listed(found.items(), text, where)


def list_mistakes(found: Sequence[tuple[str, str]], text: str, where: str) -> str:
    """Mistakes as (`table.key`, rule) in words, one a line, each with its place in `text`."""
    return _listed([(tuple(place.split(".")), rule) for place, rule in found], text, where)


def _listed(found: Iterable[tuple[Path, str]], text: str, where: str) -> str:
    known = lines(text)
    rows = [f"{where} does not hold together:"]
    for path, rule in found:
        line = next((known[p] for end in range(len(path), 0, -1) if (p := path[:end]) in known), 0)
        name = f"[{path[0]}] {'.'.join(path[1:])}".rstrip() if len(path) > 1 else path[0]
        rows.append(f"{where}{f':{line}' if line else ''}: {name}: {rule}")
    return "\n  ".join(rows)


def lines(text: str) -> dict[Path, int]:
    """The line (from 1) on which each table and key of a TOML document stands."""
    found: dict[Path, int] = {}
    table: Path = ()
    key: Path = ()
    inside = False  # a text over several lines may look like anything
    for number, row in enumerate(text.split("\n"), start=1):
        opens = len(LONG_TEXT.findall(row)) % 2 == 1
        if inside:
            inside = not opens
            continue
        inside = opens
        if header := HEADER.fullmatch(row):
            table, key = _parts(header[2]), ()
            found.setdefault(table, number)
            if header[1] == "[[":
                table = (*table, _next(found, table))
                found.setdefault(table, number)
        elif (match := KEY.match(row)) and (parts := _parts(match[1])):
            key = (*table, *parts)
            found.setdefault(key, number)
        elif key and row.lstrip().startswith("{"):
            # An item of the list that the last key opened, on a line of its own.
            found.setdefault((*key, _next(found, key)), number)
    return found


def _next(found: dict[Path, int], path: Path) -> str:
    """The number, from 0, of the next item of the list at `path`."""
    return str(sum(other[:-1] == path and other[-1].isdigit() for other in found))


def _parts(key: str) -> Path:
    """A TOML key, dotted or quoted, in its parts; none if it is no key."""
    try:
        value = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts: list[str] = []
    while isinstance(value, dict):
        ((name, value),) = value.items()
        parts.append(name)
    return tuple(parts)


def _help(model: type[BaseModel], path: Path) -> str:
    """What the field at `path` means, and an example of it; the deepest one that the model has."""
    name, field, in_list = "", None, False
    for part in path:
        if in_list := field is not None and _is_list(field) and part.isdigit():
            continue
        if part not in model.model_fields:
            break
        name, field = part, model.model_fields[part]
        table = _table(field)
        if table is None:
            break
        model = table
    if field is None:
        return ""
    table = _table(field)
    if table and (in_list or not _is_list(field)):
        # A whole table is missing: show every key that it must have, or may where none must be.
        fields = table.model_fields
        needed = {key: one for key, one in fields.items() if one.is_required()} or fields
        keys = ", ".join(starmap(_assignment, needed.items()))
        return f"; for example: {f'{{ {keys} }}' if in_list else f'[{name}] {keys}'}"
    return f"; expected: {field.description}; for example: {_assignment(name, field)}"


def _table(field: FieldInfo) -> type[BaseModel] | None:
    """The table that the field is, or of which it is a list."""
    for kind in (field.annotation, *(get_args(field.annotation) if _is_list(field) else ())):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is list


def _assignment(name: str, field: FieldInfo) -> str:
    example = (field.examples or [""])[0]
    # Text that begins with a bracket is TOML already: a list or an inline table.
    is_toml = isinstance(example, str) and example.startswith(("[", "{"))
    return f"{name} = {example if is_toml else toml(example)}"
