"""Explains what is wrong in problem.toml: the line, the rule, an example."""

import re
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo


def explain(error: ValidationError, model: type[BaseModel], text: str, where: str) -> str:
    """All mistakes of `error` in words, one a line, each with its place in `text`."""
    # A union reports each branch it tried; one line for one place is enough, so: the first.
    mistakes: dict[str, str] = {}
    for detail in error.errors():
        path, rule = [str(part) for part in detail["loc"]], detail["msg"]
        if not path and "|" in rule:
            dotted, rule = rule.removeprefix("Value error, ").split("|", 1)
            mistakes.setdefault(_at(text, dotted.split("."), where), rule)
            continue
        if detail["type"] == "extra_forbidden":
            mistakes[_at(text, path, where)] = "no such field; remove it or mend its name"
            continue
        if path and path[-1] in ("bool", "int", "str"):
            path.pop()  # the branch of a union that was tried is not a place in the file
        field = _field(model, path)
        place = _at(text, path, where)
        mistakes.setdefault(place, f"{_rule(rule, field)}{_example(path, field)}")
    lines = [f"{place}: {mistake}" for place, mistake in mistakes.items()]
    return "\n  ".join([f"{where} does not hold together:", *lines])


def _rule(rule: str, field: FieldInfo | None) -> str:
    if rule == "Field required":
        rule = "is missing"
    rule = rule[0].lower() + rule[1:]
    return f"{rule} (it is {field.description})" if field and field.description else rule


def _example(path: list[str], field: FieldInfo | None) -> str:
    if not field or not field.examples:
        return ""
    example = field.examples[0]
    shown = example if isinstance(example, str) and example[0] in "[{" else _toml(example)
    return f"; for example: {path[-1]} = {shown}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _field(model: type[BaseModel], path: list[str]) -> FieldInfo | None:
    """The model's field at `path`, or of the deepest table that is still one."""
    found: FieldInfo | None = None
    for part in path:
        if part not in model.model_fields:
            return found
        found = model.model_fields[part]
        if not (isinstance(found.annotation, type) and issubclass(found.annotation, BaseModel)):
            return found
        model = found.annotation
    return found


def _at(text: str, path: list[str], where: str) -> str:
    """`file:line: [table] key` of `path`; where the key is absent, the line of its table."""
    line, table = 0, ""
    header = re.compile(r"^\s*\[+\s*([^\[\]]+?)\s*\]+")
    for number, row in enumerate(text.splitlines(), start=1):
        if match := header.match(row):
            table = match[1].replace('"', "")
            if path and (table == path[0] or table == ".".join(path[:2])):
                line = number
        full = f"{table}.{row.split('=', 1)[0].strip().strip(chr(34))}".lstrip(".")
        if "=" in row and full in (".".join(path), ".".join(path[:2])):
            line = number
            break
    name = f"[{path[0]}] {'.'.join(path[1:])}".rstrip() if path else "the file"
    return f"{where}:{line}: {name}" if line else f"{where}: {name}"
