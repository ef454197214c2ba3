"""The rule in words: what a small tree decides, as somebody would write it on paper."""

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.pages.formatting import number, percent
from engine.problem.spec import Problem

UNSEEN = "_infrequent_sklearn"


def in_words(model: Pipeline, columns: tuple[Column, ...], problem: Problem) -> str:
    """The decisions of a fitted `rule`: "if weather is storm then late in 62 %; otherwise …".

    A tree of three leaves is a chain: each decision ends in an answer or leads to the next.
    """
    tree, names = model[-1].tree_, _names(model[0])
    parts, at = [], 0
    while tree.children_left[at] >= 0:
        left, right = int(tree.children_left[at]), int(tree.children_right[at])
        ends_left = tree.children_left[left] < 0
        leaf, rest = (left, right) if ends_left else (right, left)
        condition = _condition(
            names[tree.feature[at]],
            float(tree.threshold[at]),
            below=ends_left,
            columns={column.name: column for column in columns},
        )
        parts.append(f"if {condition} then {_answer(model, problem, leaf)}")
        at = rest
    last = _answer(model, problem, at)
    return "; otherwise ".join([*parts, last]) if parts else f"always {last}"


def _names(features: ColumnTransformer) -> list[str]:
    """What each feature is called; a team's own transformer may name none, and gets a number."""
    found: list[str] = []
    for title, transformer, columns in features.transformers_:
        part = features.output_indices_[title]
        name = getattr(transformer, "get_feature_names_out", None)
        unnamed = [f"{title} ({i})" for i in range(1, part.stop - part.start + 1)]
        found += name(columns).tolist() if name else unnamed
    return found


def _condition(name: str, border: float, *, below: bool, columns: dict[str, Column]) -> str:
    if name in columns and columns[name].type == "boolean":
        return f"not {name}" if below else name
    column, value = _parted(name, columns)
    if name in columns or column is None or columns[column].type not in ("category", "date"):
        return f"{name} {'≤' if below else '>'} {number(border)}"
    if columns[column].type == "date":
        return f"{value} of {column} {'≤' if below else '>'} {number(border)}"
    value = "rare" if name.endswith(UNSEEN) else value
    return f"{column} is {'not ' if below else ''}{value}"


def _parted(name: str, columns: dict[str, Column]) -> tuple[str | None, str]:
    """A feature's column, if any, and what it says of it; a column's name may hold the sign too."""
    column = max((one for one in columns if name.startswith(f"{one}_")), key=len, default=None)
    return column, name[len(column or "") + 1 :]


def _answer(model: Pipeline, problem: Problem, leaf: int) -> str:
    target, value = problem.target, np.ravel(model[-1].tree_.value[leaf])
    if target.task == "regression":
        return f"{target.column} is {number(float(value[0]))}"
    classes: list[Any] = model.classes_.tolist()
    likeliest = classes[int(value.argmax())] if target.task == "multiclass" else target.positive
    said = target.column if likeliest is True else f"{target.column} is {likeliest}"
    return f"{said} in {percent(float(value[classes.index(likeliest)]))} of rows"
