"""A nearly perfect score is explained by the inputs that it rests on together."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from engine.gate.checks import strongest
from engine.gate.checks.strongest import strongest_inputs
from engine.problem.spec import Task
from engine.tests.bundle.untrained import run
from engine.tests.gate.test_built import TASKS
from engine.tests.gate.untrained import write


class Summed(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # it has no types
    """A fitted classifier: the sum of its features as the probability of the second class."""

    classes_ = np.array([False, True])

    def predict_proba(self, features: Any) -> Any:
        one = features.sum(axis=1)
        one = (one - one.min()) / max(np.ptp(one), 1e-9)
        return np.column_stack([1 - one, one])


def sum_of(*names: str) -> Pipeline:
    """A model that reads these inputs alone."""

    def chosen(table: pd.DataFrame) -> Any:
        return table[[*names]].fillna(0).to_numpy(float)

    return make_pipeline(FunctionTransformer(chosen), Summed())


def test_strongest_inputs_is_the_one_that_the_score_rests_on(empty: Path) -> None:
    """Of rows whose outcome is whether one input is large."""
    write("binary")
    _, dataset, _ = run("binary")
    dataset.__dict__["test"] = dataset.test.assign(late=dataset.test["items"] > 10)
    text = strongest_inputs(dataset, sum_of("items"))
    assert text.startswith("strongest inputs: items (")
    assert "100 %" in text
    both = strongest_inputs(dataset, sum_of("weight"))
    assert not both.startswith("strongest inputs: items (")


@pytest.mark.parametrize("task", TASKS)
def test_strongest_sample_has_as_many_rows_of_each_class(
    empty: Path, monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    write(task)
    _, dataset, _ = run(task)
    test, target = dataset.test, dataset.problem.target.column
    monkeypatch.setattr(strongest, "ROWS", len(test))
    assert strongest._sample(dataset) is test
    monkeypatch.setattr(strongest, "ROWS", 60)
    sample = strongest._sample(dataset)
    assert sample.equals(strongest._sample(dataset))
    assert sample.index.isin(test.index).all()
    assert sample.index.is_unique
    if task == "regression":
        assert len(sample) == 60
    else:
        counts = sample[target].value_counts()
        assert set(counts) == {60 // len(dataset.targets.classes)}


def test_strongest_groups_hold_inputs_that_are_correlated(empty: Path) -> None:
    write("binary")
    _, dataset, _ = run("binary")
    alone = strongest._groups(dataset, dataset.test)
    names = [column.name for column in dataset.columns]
    assert sorted(alone) == sorted([name] for name in names)
    twice = dataset.test.assign(weight=dataset.test["items"] * 2.0)
    groups = strongest._groups(dataset, twice)
    assert sorted(map(sorted, groups)) == sorted(
        [["items", "weight"], *([name] for name in names if name not in ("items", "weight"))]
    )
