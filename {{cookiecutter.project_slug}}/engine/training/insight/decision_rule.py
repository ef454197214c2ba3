"""The decision rule in words: the decisions of a small tree, as one would write them on paper."""

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.pages.formatting import number, percent
from engine.problem.spec import Problem

RARE = "_infrequent_sklearn"  # scikit-learn's feature for rare categories


def describe(model: Pipeline, columns: tuple[Column, ...], problem: Problem) -> str:
    """The decisions of a fitted `rule`: "if weather is storm then late in 62 %; otherwise …".

    A tree of three leaves is a chain: each decision ends in a prediction or leads to the next.
    """
    tree, names = model[-1].tree_, _names(model[0])
    by_name = {column.name: column for column in columns}
    decisions, node = [], 0
    while tree.children_left[node] >= 0:
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        ends_left = tree.children_left[left] < 0
        leaf, rest = (left, right) if ends_left else (right, left)
        name, threshold = names[tree.feature[node]], float(tree.threshold[node])
        condition = _condition(name, threshold, below=ends_left, columns=by_name)
        decisions.append(f"if {condition} then {_prediction(model, problem, leaf)}")
        node = rest
    last = _prediction(model, problem, node)
    return "; otherwise ".join([*decisions, last]) if decisions else f"always {last}"


def _names(features: ColumnTransformer) -> list[str]:
    """The name of each feature; numbered where a team's transformer gives none."""
    names: list[str] = []
    for title, transformer, columns in features.transformers_:
        position = features.output_indices_[title]
        names_out = getattr(transformer, "get_feature_names_out", None)
        unnamed = [f"{title} ({i})" for i in range(1, position.stop - position.start + 1)]
        names += names_out(columns).tolist() if names_out else unnamed
    return names


def _condition(name: str, threshold: float, *, below: bool, columns: dict[str, Column]) -> str:
    sign = "≤" if below else ">"
    if name in columns and columns[name].type == "boolean":
        return f"not {name}" if below else name
    # A feature is named `column_value`; the longest name wins, as names may hold underscores too.
    column = max((one for one in columns if name.startswith(f"{one}_")), key=len, default="")
    kind = columns[column].type if column and name not in columns else None
    value = name[len(column) + 1 :]
    if kind == "date":
        return f"{value} of {column} {sign} {number(threshold)}"
    if kind == "category":
        return f"{column} is {'not ' if below else ''}{'rare' if name.endswith(RARE) else value}"
    return f"{name} {sign} {number(threshold)}"


def _prediction(model: Pipeline, problem: Problem, leaf: int) -> str:
    target, value = problem.target, np.ravel(model[-1].tree_.value[leaf])
    if target.task == "regression":
        return f"{target.column} is {number(float(value[0]))}"
    classes: list[Any] = model.classes_.tolist()
    likeliest = classes[int(value.argmax())] if target.task == "multiclass" else target.positive
    outcome = target.column if likeliest is True else f"{target.column} is {likeliest}"
    return f"{outcome} in {percent(float(value[classes.index(likeliest)]))} of rows"
