"""The features of shuffled inputs are those of a full computation, for few of them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from engine.training.shuffle import ShuffledInputs

ROWS, WIDTH = 40, 200
NAMES = [f"x{i}" for i in range(WIDTH)]


def ratio_too(table: pd.DataFrame) -> Any:
    """Each input, two features of one input, and one of two inputs; some values are missing."""
    values = table.to_numpy(float)
    return np.column_stack(
        [values, values[:, 7] ** 2, values[:, 7] > 0, values[:, 3] / values[:, 90]]
    )


def each_alone(table: pd.DataFrame) -> Any:
    return table.to_numpy(float)


def in_a_sparse_matrix(table: pd.DataFrame) -> Any:
    return sparse.csr_matrix(table.fillna(0.0))


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(ROWS, WIDTH))
    values[rng.random(values.shape) < 0.1] = np.nan
    values[:, 5] = 1.0
    table = pd.DataFrame(values, columns=NAMES)
    return table, table.apply(rng.permutation)


def steps_of(features: Any) -> tuple[Pipeline, list[int]]:
    """A pipeline of these features, and the list that it adds to for each computation."""
    calls: list[int] = []

    def counted(table: pd.DataFrame) -> Any:
        calls.append(len(table))
        return features(table)

    table, _ = tables()
    steps = make_pipeline(FunctionTransformer(counted), "passthrough").fit(table)
    calls.clear()
    return steps, calls


@pytest.mark.parametrize("features", [each_alone, ratio_too, in_a_sparse_matrix])
@pytest.mark.parametrize("names", [[], ["x0"], ["x7"], ["x5"], ["x90"], ["x3", "x90"], NAMES])
def test_features_shuffled_inputs_equal_a_full_computation(features: Any, names: list[str]) -> None:
    table, shuffled = tables()
    result = ShuffledInputs(steps_of(features)[0], table, shuffled).features(names)
    expected = features(table.assign(**{name: shuffled[name] for name in names}))
    if sparse.issparse(result):
        result, expected = result.toarray(), expected.toarray()
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(("features", "again"), [(each_alone, 0), (ratio_too, 32)])
def test_features_of_each_input_need_few_computations(features: Any, again: int) -> None:
    """Two in all and two a binary digit; again only for what may belong to two inputs."""
    steps, calls = steps_of(features)
    inputs = ShuffledInputs(steps, *tables())
    for name in NAMES:
        inputs.features([name])
    assert len(calls) <= 2 + 2 * WIDTH.bit_length() + again


def test_features_of_one_input_alone_are_its_own() -> None:
    table, shuffled = tables()
    one = table[["x0"]], shuffled[["x0"]]
    result = ShuffledInputs(steps_of(each_alone)[0], *one).features(["x0"])
    np.testing.assert_array_equal(result, one[1].to_numpy())
