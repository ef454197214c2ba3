"""Statistics with the row's own outcome in them or taken out, attempts, distances, jitter."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.tests.leakage.tables import find, named, noise, parts

ROWS = 1_200


def so_far(outcome: Any, who: Any) -> Any:
    return outcome.groupby(who).cumsum()


def others(outcome: Any, who: Any) -> Any:
    groups = outcome.groupby(who)
    return (groups.transform("sum") - outcome) / (groups.transform("count") - 1)


# A column of (the outcome as a number, whose row it is), and its honest twin.
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


@pytest.mark.parametrize("how", TOLD)
@pytest.mark.parametrize("task", ["classes", "a quantity"])
def test_a_statistic_that_knows_the_row_is_named_and_one_of_before_is_not(
    how: str, task: str
) -> None:
    rng = np.random.default_rng(0)
    who = rng.integers(0, 80, ROWS)
    frame = noise(rng, ROWS, 4).assign(customer=[f"c{number}" for number in who])
    late = pd.Series(rng.random(ROWS) < 0.3)
    outcome = late.astype(float)
    if task == "a quantity":
        outcome = pd.Series(np.exp(rng.normal(3, 0.5, ROWS)).round(2))
    asked = late if task == "classes" else outcome
    leak, honest = TOLD[how]
    assert named(find(frame.assign(leak=leak(outcome, who)), asked)) == {"leak"}
    assert find(frame.assign(before=honest(outcome, who)), asked) == []


def test_a_total_is_held_against_the_time_not_the_order_of_the_file() -> None:
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


@pytest.mark.parametrize("how", MADE)
def test_the_best_of_attempts_and_distances_are_named(how: str) -> None:
    rng = np.random.default_rng(2)
    table = parts(rng, ROWS)[["a", "b", "c"]].round(2)
    target = np.asarray(MADE[how](table), float)
    needed = {"the better of two": {"a", "c"}, "the worst of three": {"a", "b", "c"}}
    frame = pd.concat([noise(rng, ROWS, 4), table], axis=1)
    found = find(frame, target)
    assert named(found) == needed.get(how, {"a", "b"}), found
    # The same, measured once more: near to it and never it.
    assert find(frame, target * np.exp(rng.normal(0, 0.02, ROWS))) == []


def test_a_copy_that_is_off_by_a_share_of_itself_is_named_and_neighbours_are_not() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        frame, weight = noise(rng, ROWS, 4), rng.normal(300, 50, ROWS)
        copy = weight * (1 + rng.normal(0, 0.005, ROWS))
        assert named(find(frame.assign(leak=copy.round(2)), weight)) == {"leak"}
        scales = weight + rng.normal(0, 1.5, ROWS)  # as much everywhere: an instrument
        assert find(frame.assign(scales=scales), weight) == []
        rate = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, ROWS)))
        assert find(frame.assign(yesterday=np.roll(rate, 1)), rate) == []
