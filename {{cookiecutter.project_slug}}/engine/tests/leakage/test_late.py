"""What problem.toml says is known too late may not come in by another name."""

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
    "the day of a moment": lambda t: t.arrived_at.dt.floor("D"),
    "the same moment elsewhere": lambda t: t.arrived_at + pd.Timedelta(hours=2),
    "with tax": lambda t: t.paid * 1.19,
    "its logarithm": lambda t: np.log(t.paid),
}


@pytest.mark.parametrize("how", SMUGGLED)
def test_a_column_known_too_late_is_named_under_another_name(how: str) -> None:
    frame = parcels()
    late = frame.pop("late")
    found = find(frame.assign(leak=SMUGGLED[how](frame)), late, LATE)
    assert named(found) == {"leak"}, found
    assert "known too late: when" in found[0].mechanism


def test_what_gives_it_with_another_is_named() -> None:
    frame = parcels()
    late = frame.pop("late")
    found = find(frame.assign(tip=(frame.paid - frame.price).round(2)), late, LATE)
    assert named(found) == {"price", "tip"}
    assert "'paid'" in found[0].mechanism


def test_of_several_columns_the_one_that_comes_with_it_is_proposed() -> None:
    frame = parcels()
    late, is_open = frame.pop("late"), np.arange(1500) % 10 == 0
    frame["tip"] = (frame.paid - frame.price).round(2).mask(is_open)
    frame["paid"] = frame.paid.mask(is_open)
    [leak] = find(frame, late, LATE)
    assert leak.columns == ("price", "tip")
    assert leak.proposed == ("tip",)


@pytest.mark.parametrize("seed", range(4))
def test_what_only_comes_near_is_honest(seed: int) -> None:
    frame = parcels(seed)
    assert find(frame, frame.pop("late"), LATE) == []


def test_a_column_known_too_late_that_is_an_input_after_all_is_named() -> None:
    frame = parcels().rename(columns={"late": TARGET})
    asked = problem("binary", True, LATE)
    inputs = [Column(name, kind(frame[name])) for name in ("price", "arrived_at")]
    [found] = find_in(asked, frame, inputs)
    assert found.columns == ("arrived_at",)
    assert found.mechanism == "it is known too late: when the parcel has arrived"
