"""A column that problem.toml declares as known too late may not come in under another name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.contract.column import Column
from engine.data.simulator import simulate
from engine.leakage import find as find_in
from engine.tests.leakage.tables import TARGET, find, kind, named, problem

LATE = {
    "delivery_days": "when the parcel has arrived",
    "arrived_at": "when the parcel has arrived",
    "paid": "when the bill is paid",
}


def parcels(seed: int = 0) -> pd.DataFrame:
    """Parcels with columns that are known too late, and honest ones that come near to these."""
    rng = np.random.default_rng(seed)
    frame = simulate(1500, seed).drop(columns=["order_id", "customer_id"])
    minutes = frame.delivery_days * 1440 - rng.integers(0, 1440, 1500)
    frame["arrived_at"] = frame.ordered_at + pd.to_timedelta(minutes, "min")
    frame["price"] = rng.gamma(3, 10, 1500).round(2)
    frame["tip"] = rng.gamma(1, 2, 1500).round(2)
    frame["paid"] = (frame.price + frame.tip).round(2)
    return frame.drop(columns="tip")


SMUGGLED: dict[str, Callable[[pd.DataFrame], Any]] = {
    "hours for days": lambda t: t.delivery_days * 24,
    "days as text": lambda t: t.delivery_days.astype(str) + " days",
    "the hours themselves": lambda t: (t.arrived_at - t.ordered_at).dt.total_seconds() / 3600,
    "the day of a timestamp": lambda t: t.arrived_at.dt.floor("D"),
    "the same timestamp in another zone": lambda t: t.arrived_at + pd.Timedelta(hours=2),
    "with tax": lambda t: t.paid * 1.19,
    "its logarithm": lambda t: np.log(t.paid),
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_find_reencoded_late_column_is_named(case: str) -> None:
    frame = parcels()
    late = frame.pop("late")
    leaks = find(frame.assign(leak=SMUGGLED[case](frame)), late, LATE)
    assert named(leaks) == {"leak"}, leaks
    assert "known too late: when" in leaks[0].mechanism


def test_find_columns_that_give_a_late_one_are_named() -> None:
    frame = parcels()
    late = frame.pop("late")
    leaks = find(frame.assign(tip=(frame.paid - frame.price).round(2)), late, LATE)
    assert named(leaks) == {"price", "tip"}
    assert "'paid'" in leaks[0].mechanism


def test_find_column_missing_with_the_late_one_is_proposed() -> None:
    frame = parcels()
    late, is_open = frame.pop("late"), np.arange(1500) % 10 == 0
    frame["tip"] = (frame.paid - frame.price).round(2).mask(is_open)
    frame["paid"] = frame.paid.mask(is_open)
    [leak] = find(frame, late, LATE)
    assert leak.columns == ("price", "tip")
    assert leak.proposed == ("tip",)


@pytest.mark.parametrize("seed", range(4))
def test_find_columns_near_to_late_ones_are_clean(seed: int) -> None:
    frame = parcels(seed)
    assert find(frame, frame.pop("late"), LATE) == []


def test_find_late_column_as_input_is_named() -> None:
    frame = parcels().rename(columns={"late": TARGET})
    definition = problem("binary", True, LATE)
    inputs = [Column(name, kind(frame[name])) for name in ("price", "arrived_at")]
    [leaks] = find_in(definition, frame, inputs)
    assert leaks.columns == ("arrived_at",)
    assert leaks.mechanism == "it is known too late: when the parcel has arrived"
