"""A target value far from all others, such as a mistyped one, hides no leak and makes none."""

import numpy as np
import pandas as pd
import pytest

from engine.tests.leakage.tables import find, named

ROWS = 400


def table(far: float, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Honest inputs, one of them as far out as the target in one row."""
    rng = np.random.default_rng(seed)
    age, income = rng.integers(18, 90, ROWS), rng.gamma(2, 20_000, ROWS).round(2)
    price = (100 + 3 * age + rng.normal(0, 20, ROWS)).round(2)
    price[rng.integers(ROWS)] = far
    far_input = rng.normal(50, 10, ROWS).round(1)
    far_input[rng.integers(ROWS)] = far
    shop = rng.integers(0, 12, ROWS).astype(str)
    inputs = {"age": age, "income": income, "far": far_input, "shop": shop}
    return pd.DataFrame(inputs), pd.Series(price, name="price")


@pytest.mark.parametrize("far", [1e6, 1e9, 1e12, -1e12])
@pytest.mark.parametrize("seed", range(3))
def test_find_honest_inputs_beside_a_far_target_are_clean(far: float, seed: int) -> None:
    frame, price = table(far, seed)
    assert find(frame, price) == []


@pytest.mark.parametrize("far", [1e6, 1e9])
def test_find_leak_beside_a_far_target_is_named(far: float) -> None:
    frame, price = table(far, 0)
    total = find(frame.assign(leak=price.cumsum().round(2)), price)
    assert named(total) == {"leak"}
    paid = (price * 0.3).round(2)
    parts = find(frame.assign(deposit=paid, rest=(price - paid).round(2)), price)
    assert {"deposit", "rest"} <= named(parts)
