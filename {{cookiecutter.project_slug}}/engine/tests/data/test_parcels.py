"""The simulator keeps its word: seeded, fast, and its probability is the true one."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from engine.data.simulator import (
    MISSING_WEATHER,
    MISSING_WEIGHT,
    ROWS,
    late_probability,
    perfect_scores,
    simulate,
)


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return simulate()


@pytest.fixture(scope="module")
def chance() -> NDArray[np.float64]:
    return perfect_scores()


def test_the_same_seed_gives_the_same_orders(orders: pd.DataFrame) -> None:
    assert simulate().equals(orders)
    assert not simulate(seed=8).equals(orders)
    assert len(simulate(300)) == 300


def test_orders_come_in_the_order_of_time_over_half_a_year(orders: pd.DataFrame) -> None:
    assert len(orders) == ROWS == 20_000
    assert orders["order_id"].is_unique
    assert orders["ordered_at"].is_monotonic_increasing
    assert 180 <= (orders["ordered_at"].iloc[-1] - orders["ordered_at"].iloc[0]).days <= 182
    assert (orders["weekday"] == orders["ordered_at"].dt.strftime("%a")).all()


def test_late_is_delivered_after_the_promised_day(orders: pd.DataFrame) -> None:
    assert (orders["late"] == (orders["delivery_days"] > orders["promised_days"])).all()
    assert 0.15 < orders["late"].mean() < 0.3


def test_outcomes_come_with_the_stated_probability(
    orders: pd.DataFrame, chance: NDArray[np.float64]
) -> None:
    """In every tenth of the rows by probability, and in every region and carrier."""
    late = orders["late"].to_numpy()
    groups = [np.array_split(np.argsort(chance), 10)]
    groups += [
        [np.flatnonzero(orders[name] == value) for value in orders[name].unique()]
        for name in ("region", "carrier")
    ]
    for rows in (rows for group in groups for rows in group):
        expected, variance = chance[rows].sum(), (chance[rows] * (1 - chance[rows])).sum()
        assert abs(late[rows].sum() - expected) < 3.5 * np.sqrt(variance)


def test_nothing_predicts_better_than_the_truth(
    orders: pd.DataFrame, chance: NDArray[np.float64]
) -> None:
    late = orders["late"]
    best = log_loss(late, chance)
    rng = np.random.default_rng(0)
    odds = np.log(chance / (1 - chance))
    for other in (0.9 * odds, 1.1 * odds, odds + 0.2, odds + rng.normal(0, 0.3, ROWS)):
        assert log_loss(late, 1 / (1 + np.exp(-other))) > best
    table = pd.get_dummies(orders.drop(columns=["order_id", "customer_id", "ordered_at",
                                                "delivery_days", "late"])).fillna(2.0)  # fmt: skip
    linear = LogisticRegression(max_iter=3000).fit(table / table.std(), late)
    fitted = linear.predict_proba(table / table.std())[:, 1]
    assert roc_auc_score(late, chance) > roc_auc_score(late, fitted) + 0.02


def test_a_linear_model_cannot_see_what_the_documentation_says_it_cannot(
    orders: pd.DataFrame,
) -> None:
    """Storm strikes the islands: more than storm and islands each do alone."""
    calm = orders.assign(weather="clear", region="north")

    def odds(**changed: str) -> NDArray[np.float64]:
        chance = late_probability(calm.assign(**changed).fillna({"weight_kg": 1.0}))
        return np.log(chance / (1 - chance))

    both = odds(weather="storm", region="islands") - odds()
    apart = odds(weather="storm") - odds() + odds(region="islands") - odds()
    assert np.allclose(both - apart, 1.5)


def test_as_many_values_are_missing_as_documented(orders: pd.DataFrame) -> None:
    missing = orders.isna().mean()
    assert missing.pop("weight_kg") == pytest.approx(MISSING_WEIGHT, abs=0.006)
    assert missing.pop("weather") == pytest.approx(MISSING_WEATHER, abs=0.004)
    assert (missing == 0).all()
