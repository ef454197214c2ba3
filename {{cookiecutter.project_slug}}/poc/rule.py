"""The rule in words: what a small tree decides, as somebody would write it on paper."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from present.wording import number, percent
from problem.columns import Column
from problem.spec import Problem

UNSEEN = "_infrequent_sklearn"


def in_words(model: Pipeline, columns: tuple[Column, ...], problem: Problem) -> str:
    """The decisions of a fitted `rule`: "if weather is storm then late in 62 %; otherwise …".

    A tree of three leaves is a chain: each decision ends in an answer or leads to the next.
    """
    tree, names = model[-1].tree_, model[0].get_feature_names_out().tolist()
    parts, at = [], 0
    while tree.children_left[at] >= 0:
        left, right = int(tree.children_left[at]), int(tree.children_right[at])
        ends_left = tree.children_left[left] < 0
        leaf, rest = (left, right) if ends_left else (right, left)
        condition = _condition(
            names[tree.feature[at]].split("__", 1)[1],
            float(tree.threshold[at]),
            below=ends_left,
            columns={column.name: column for column in columns},
        )
        parts.append(f"if {condition} then {_answer(model, problem, leaf)}")
        at = rest
    last = _answer(model, problem, at)
    return "; otherwise ".join([*parts, last]) if parts else f"always {last}"


def _condition(name: str, border: float, *, below: bool, columns: dict[str, Column]) -> str:
    if name in columns:
        if columns[name].type == "boolean":
            return f"not {name}" if below else name
        return f"{name} {'≤' if below else '>'} {number(border)}"
    column, value = _parted(name, columns)
    if columns[column].type == "date":
        return f"{value} of {column} {'≤' if below else '>'} {number(border)}"
    value = "rare" if name.endswith(UNSEEN) else value
    return f"{column} is {'not ' if below else ''}{value}"


def _parted(name: str, columns: dict[str, Column]) -> tuple[str, str]:
    """A feature's column and what it says of it; a column's name may itself hold the sign."""
    column = max((one for one in columns if name.startswith(f"{one}_")), key=len)
    return column, name[len(column) + 1 :]


def _answer(model: Pipeline, problem: Problem, leaf: int) -> str:
    target, value = problem.target, np.ravel(model[-1].tree_.value[leaf])
    if target.task == "regression":
        return f"{target.column} is {number(float(value[0]))}"
    classes: list[Any] = model.classes_.tolist()
    likeliest = classes[int(value.argmax())] if target.task == "multiclass" else target.positive
    said = target.column if likeliest is True else f"{target.column} is {likeliest}"
    return f"{said} in {percent(float(value[classes.index(likeliest)]))} of rows"
