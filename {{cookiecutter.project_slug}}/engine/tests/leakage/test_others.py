"""Statistics with the row's own outcome in them or taken out, attempts, distances, jitter."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.tests.leakage.tables import find, named, noise, parts_of_target

ROWS = 1_200


def so_far(outcome: Any, who: Any) -> Any:
    return outcome.groupby(who).cumsum()


def others(outcome: Any, who: Any) -> Any:
    groups = outcome.groupby(who)
    return (groups.transform("sum") - outcome) / (groups.transform("count") - 1)


# A column of (the outcome as a number, whose row it is), and a similar honest one.
TOLD: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "the mean of the others": (
        others,
        lambda y, who: others(y.sample(frac=1, random_state=1).reset_index(drop=True), who),
    ),
    "the total so far": (so_far, lambda y, who: so_far(y, who) - y),
    "the mean so far": (
        lambda y, who: so_far(y, who) / (y.groupby(who).cumcount() + 1),
        lambda y, who: (so_far(y, who) - y) / y.groupby(who).cumcount().clip(lower=1),
    ),
    "the total of all so far": (
        lambda y, who: y.cumsum().round(2), lambda y, who: (y.cumsum() - y).round(2)
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
@pytest.mark.parametrize("task", ["classes", "a quantity"])
def test_find_statistic_with_the_row_is_named(case: str, task: str) -> None:
    """A statistic that includes the row is named; one of the rows before is not."""
    rng = np.random.default_rng(0)
    who = rng.integers(0, 80, ROWS)
    frame = noise(rng, ROWS, 4).assign(customer=[f"c{number}" for number in who])
    late = pd.Series(rng.random(ROWS) < 0.3)
    outcome = late.astype(float)
    if task == "a quantity":
        outcome = pd.Series(np.exp(rng.normal(3, 0.5, ROWS)).round(2))
    target = late if task == "classes" else outcome
    leak, honest = TOLD[case]
    assert named(find(frame.assign(leak=leak(outcome, who)), target)) == {"leak"}
    assert find(frame.assign(before=honest(outcome, who)), target) == []


def test_find_running_total_is_compared_in_time_order() -> None:
    """The order of the file does not count where a time is given."""
    rng = np.random.default_rng(1)
    amount = pd.Series(np.exp(rng.normal(3, 0.5, ROWS)).round(2))
    when = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(ROWS), "h")
    frame = noise(rng, ROWS, 4).assign(when=when, leak=amount.cumsum())
    shuffled = rng.permutation(ROWS)
    mixed = frame.iloc[shuffled], amount.iloc[shuffled].to_numpy()
    assert find(*mixed) == []
    assert named(find(*mixed, time="when")) == {"leak"}


MADE: dict[str, Callable[[pd.DataFrame], Any]] = {
    "the better of two": lambda t: np.maximum(t.a, t.c),
    "the worst of three": lambda t: np.minimum(np.minimum(t.a, t.b), t.c),
    "squares": lambda t: t.a**2 + t.b**2,
    "a distance": lambda t: np.hypot(t.a, t.b).round(2),
}


@pytest.mark.parametrize("case", MADE)
def test_find_extremes_and_distances_are_named(case: str) -> None:
    rng = np.random.default_rng(2)
    table = parts_of_target(rng, ROWS)[["a", "b", "c"]].round(2)
    target = np.asarray(MADE[case](table), float)
    needed = {"the better of two": {"a", "c"}, "the worst of three": {"a", "b", "c"}}
    frame = pd.concat([noise(rng, ROWS, 4), table], axis=1)
    leaks = find(frame, target)
    assert named(leaks) == needed.get(case, {"a", "b"}), leaks
    # The same, measured once more: near to it and never it.
    assert find(frame, target * np.exp(rng.normal(0, 0.02, ROWS))) == []


def test_find_copy_off_by_a_share_is_named() -> None:
    """Instruments and the value of yesterday are not."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        frame, weight = noise(rng, ROWS, 4), rng.normal(300, 50, ROWS)
        copy = weight * (1 + rng.normal(0, 0.005, ROWS))
        assert named(find(frame.assign(leak=copy.round(2)), weight)) == {"leak"}
        scales = weight + rng.normal(0, 1.5, ROWS)  # as much everywhere: an instrument
        assert find(frame.assign(scales=scales), weight) == []
        rate = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, ROWS)))
        assert find(frame.assign(yesterday=np.roll(rate, 1)), rate) == []
