"""Explains what is wrong in problem.toml: the line, the rule, what came, an example."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from itertools import starmap

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from problem.toml import toml

Path = tuple[str, ...]

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]{}]+?)\s*\]\]?\s*(#.*)?")
# A key may be quoted, and then hold anything, even an equals sign.
KEY = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w.\s-])+?)\s*=""")


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
            rule = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
            rule = f"{rule[0].lower()}{rule[1:]}, got {detail['input']!r:.60}{_help(model, path)}"
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
    for number, row in enumerate(text.split("\n"), start=1):
        if header := HEADER.fullmatch(row):
            table = _parts(header[2])
            if header[1] == "[[":
                count = sum(path[:-1] == table and path[-1].isdigit() for path in found)
                table = (*table, str(count))
            found.setdefault(table, number)
        elif (key := KEY.match(row)) and (parts := _parts(key[1])):
            found.setdefault((*table, *parts), number)
    return found


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
    name, field = "", None
    for part in path:
        if part not in model.model_fields:
            break
        name, field = part, model.model_fields[part]
        table = _table(field)
        if table is None:
            break
        model = table
    if field is None:
        return ""
    if table := _table(field):
        # A whole table is missing: show every key that it must have.
        needed = {key: one for key, one in table.model_fields.items() if one.is_required()}
        return f"; for example: [{name}] {', '.join(starmap(_assignment, needed.items()))}"
    return f"; expected: {field.description}; for example: {_assignment(name, field)}"


def _table(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _assignment(name: str, field: FieldInfo) -> str:
    example = (field.examples or [""])[0]
    # Text that begins with a bracket is TOML already: a list or an inline table.
    is_toml = isinstance(example, str) and example.startswith(("[", "{"))
    return f"{name} = {example if is_toml else toml(example)}"
