"""Finds the feature, the input and the value where feature code fails: before training, and after.

Each step of a pipeline is called by itself, on training rows and on the contract's edge values. So
the step that fails is known, and not only the library that could not use its result.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from engine.contract.column import Column
from engine.data.edges import Edge, edge_cases, edge_table
from engine.data.load import take
from engine.problem.errors import BadInput
from engine.training.candidates import Candidate
from engine.training.dataset import CrossValidationData
from engine.training.features.steps import FeatureFaultError, FeatureSteps, UntestableError

# Training rows on which features are tried, and inputs that a message names.
ROWS, SHOWN = 500, 3


def check_features(
    data: CrossValidationData, candidates: Sequence[Candidate], *, every_row: bool = False
) -> None:
    """Try the feature code of the candidates on edge values that the contract allows.

    It is fitted on a sample of the training rows, or with `every_row` on all of them.

    Raises:
        BadInput: a feature is infinite, missing where the model takes no missing value, no number
            although it is one for other rows, or its code fails. The message names the feature,
            the input and its value, and the line that guards it.
    """
    count = len(data.table) if every_row else min(ROWS, len(data.table))
    rows = np.linspace(0, len(data.table) - 1, count, dtype=np.intp)
    table, labels, tried = take(data.table, rows), data.labels(rows), set()
    for one in candidates:
        # Candidates that share their feature steps need one try.
        key = (*(id(step) for _, step in one.model.steps[:-1]), _takes_missing(one.model[-1]))
        if key not in tried:
            tried.add(key)
            if fault := feature_fault(one.model, table, data.dataset.columns, labels):
                raise fault


def feature_fault(
    model: Pipeline, table: pd.DataFrame, columns: Sequence[Column], labels: Any = None
) -> BadInput | None:
    """The first feature that fails on `table` or on edge values; None if none does.

    With `labels` the steps are fitted on `table` first; without, `model` is fitted.
    """
    cases: list[tuple[Edge, ...]] = [(), *edge_cases(columns)]
    base = _base(table)
    failing = _tried(model, table, edge_table(base, cases, columns), labels)
    if failing and failing.table == "edges" and len(cases[failing.row]) > 1:
        # Which of several edges in a row it is: each alone.
        alone: list[tuple[Edge, ...]] = [(edge,) for edge in cases[failing.row]]
        if one := _tried(model, table, edge_table(base, alone, columns), labels):
            failing, cases = one, alone
    if failing is None:
        return None
    edges = cases[failing.row][:SHOWN] if failing.table == "edges" else ()
    row = table.iloc[failing.row] if failing.table == "rows" else base
    read = [failing.feature] if failing.feature in failing.inputs else failing.inputs
    where = [*map(_edge, edges)] or [f"{name} is {_value(row[name])}" for name in read]
    allowed = "data/contract.py allows it" if edges else "as in a training row"
    # A step that reads the whole table names no input.
    there = f"where {' and '.join(where[:SHOWN])} ({allowed})" if where else "on a training row"
    message = f"Feature '{failing.feature}' {failing.fault} {there}. {failing.advice}"
    if edges and failing.code != "feature-type":
        message += " Or forbid the value in data/contract.py."
    return BadInput(message, code=failing.code)


def _base(table: pd.DataFrame) -> "pd.Series[Any]":
    """The row with the fewest missing values and zeros: an edge value beside them hides nothing."""
    usual = table.notna().to_numpy() & ~(table == 0).fillna(False).to_numpy(bool)
    return table.iloc[int(usual.sum(axis=1).argmax())]


def _edge(edge: Edge) -> str:
    value = _value(edge.value)
    return f"{edge.column} is {value}{f', {edge.name}' if edge.name.startswith('at') else ''}"


def _value(value: Any) -> str:
    if pd.isna(value):
        return "missing"
    return f"{value!r:.40}" if isinstance(value, str) else f"{value}"


def _tried(
    model: Pipeline, table: pd.DataFrame, edges: pd.DataFrame, labels: Any
) -> FeatureFaultError | None:
    """The first fault of the steps before the last one; warnings of their libraries are hidden."""
    steps = FeatureSteps(labels, takes_missing=_takes_missing(model[-1]))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            steps.run(model[:-1], [table, edges], "features")
        except FeatureFaultError as failing:
            return failing
        except UntestableError:
            return None
    return None


def _takes_missing(last: Any) -> bool:
    """Whether a model takes NaN, or no feature; of one that does not say so, it is assumed."""
    try:
        tags = get_tags(last)
        return bool(tags.input_tags.allow_nan or tags.no_validation)
    except (AttributeError, TypeError):
        return True
