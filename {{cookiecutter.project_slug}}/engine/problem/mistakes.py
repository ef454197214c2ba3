"""Explains what is wrong in problem.toml: the line, the rule, the value, an example."""

import re
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from itertools import starmap
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from engine.problem.files import toml

Path = tuple[str, ...]

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]{}]+?)\s*\]\]?\s*(#.*)?")
# A key may be quoted, and then hold anything, even an equals sign.
KEY = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w.\s-])+?)\s*=""")
LONG_TEXT = re.compile(r"""\"{3}|'{3}""")

# Messages of pydantic in terms of Python, replaced by terms of TOML.
RULES = {
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "list_type": "must be a list in square brackets",
    "string_pattern_mismatch": "is not of the form that is expected",
    "too_short": "must not be empty",
}


def explain(error: ValidationError, model: type[BaseModel], text: str, where: str) -> str:
    """All mistakes of `error`, one a line, each with its place in `text`."""
    rules: dict[Path, str] = {}
    for detail in error.errors():
        path = tuple(str(part) for part in detail["loc"] if part != "[key]")
        if detail["type"] == "extra_forbidden":
            rule = "there is no such field; remove it or correct its name"
        elif detail["type"] == "missing":
            rule = f"is missing{_help(model, path)}"
        else:
            message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
            rule = RULES.get(detail["type"], f"{message[0].lower()}{message[1:]}")
            rule += f", got {detail['input']!r:.60}{_help(model, path)}"
        rules.setdefault(path, rule)
    return list_mistakes(rules.items(), text, where)


def list_mistakes(mistakes: Iterable[tuple[str | Path, str]], text: str, where: str) -> str:
    """Mistakes as (`table.key`, rule), one a line, each with its place in `text`."""
    numbers = lines(text)
    rows = [f"{where} has mistakes:"]
    for key, rule in mistakes:
        path = tuple(key.split(".")) if isinstance(key, str) else key
        # The line of the key, or of the innermost table above it that is there.
        known_paths = [path[:end] for end in range(len(path), 0, -1) if path[:end] in numbers]
        line = f":{numbers[known_paths[0]]}" if known_paths else ""
        name = f"[{path[0]}] {'.'.join(path[1:])}".rstrip() if len(path) > 1 else path[0]
        rows.append(f"{where}{line}: {name}: {rule}")
    return "\n  ".join(rows)


def lines(text: str) -> dict[Path, int]:
    """The line (from 1) on which each table and key of a TOML document stands."""
    numbers: dict[Path, int] = {}
    table: Path = ()
    key: Path = ()
    inside = False  # a text over several lines may look like anything
    for number, row in enumerate(text.split("\n"), start=1):
        was_inside = inside
        inside ^= len(LONG_TEXT.findall(row)) % 2 == 1
        if was_inside:
            continue
        if header := HEADER.fullmatch(row):
            table, key = _split(header[2]), ()
            numbers.setdefault(table, number)
            if header[1] == "[[":
                table = (*table, _next_item(numbers, table))
                numbers.setdefault(table, number)
        elif (match := KEY.match(row)) and (path := _split(match[1])):
            key = (*table, *path)
            numbers.setdefault(key, number)
        elif key and row.lstrip().startswith("{"):
            # An item of the list that the last key opened, on a line of its own.
            numbers.setdefault((*key, _next_item(numbers, key)), number)
    return numbers


def _next_item(numbers: dict[Path, int], path: Path) -> str:
    """The number, from 0, of the next item of the list at `path`."""
    return str(sum(other[:-1] == path and other[-1].isdigit() for other in numbers))


def _split(key: str) -> Path:
    """The path of a dotted or quoted TOML key; empty if it is no key."""
    path: Path = ()
    with suppress(tomllib.TOMLDecodeError):
        value = tomllib.loads(f"{key} = 0")
        while isinstance(value, dict):
            ((name, value),) = value.items()
            path += (name,)
    return path


def _help(model: type[BaseModel], path: Path) -> str:
    """What the field at `path` means, and an example of it; the deepest one that the model has."""
    name, field, in_list = "", None, False
    for part in path:
        if in_list := field is not None and _is_list(field) and part.isdigit():
            continue
        if part not in model.model_fields:
            break
        name, field = part, model.model_fields[part]
        if (table := _table(field)) is None:
            break
        model = table
    if field is None:
        return ""
    if not (table := _table(field)) or (_is_list(field) and not in_list):
        return f"; expected: {field.description}; for example: {_assignment(name, field)}"
    # A whole table is missing: show every required key, or all keys where none is required.
    fields = table.model_fields
    required = {key: one for key, one in fields.items() if one.is_required()} or fields
    keys = ", ".join(starmap(_assignment, required.items()))
    return f"; for example: {f'{{ {keys} }}' if in_list else f'[{name}] {keys}'}"


def _table(field: FieldInfo) -> type[BaseModel] | None:
    """The table that the field is, or of which it is a list."""
    kind = get_args(field.annotation)[0] if _is_list(field) else field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is list


def _assignment(name: str, field: FieldInfo) -> str:
    example = (field.examples or [""])[0]
    # Text that begins with a bracket is TOML already: a list or an inline table.
    is_toml = isinstance(example, str) and example.startswith(("[", "{"))
    return f"{name} = {example if is_toml else toml(example)}"
