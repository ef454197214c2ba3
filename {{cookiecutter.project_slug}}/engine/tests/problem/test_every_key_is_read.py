"""No key of problem.toml is stated and then ignored."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, create_model

import engine
from engine.problem.spec import Problem

ENGINE = Path(next(iter(engine.__path__)))
STAGES = ("data", "eda", "poc", "handoff", "serving", "monitoring")
READERS = [
    *(path for stage in STAGES for path in (ENGINE.parent / stage).rglob("*.py")),
    *(
        path
        for path in ENGINE.rglob("*.py")
        if path.relative_to(ENGINE).parts[0] not in {"problem", "tests"}
    ),
]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The tables of problem.toml in a type, whatever it is nested in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _keys(table: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Each key of a table and of the tables inside it, as (class, name)."""
    for name, field in table.model_fields.items():
        yield table.__name__, name
        for inner in _models(field.annotation):
            yield from _keys(inner)


def _names_read() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in READERS]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def _unread(problem: type[BaseModel]) -> list[str]:
    read = _names_read()
    return sorted({f"{table}.{key}" for table, key in _keys(problem) if key not in read})


def test_problem_keys_all_are_read_outside_problem() -> None:
    assert _unread(Problem) == []


def test_problem_keys_planted_key_is_reported() -> None:
    planted: Any = create_model("Planted", __base__=Problem, never_read_anywhere=(int, 0))
    assert "Planted.never_read_anywhere" in _unread(planted)
