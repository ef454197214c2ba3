"""Columns with blanks: a copy in the filled rows is refused, a single class there is a question."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from engine.data.simulator import simulate
from engine.tests.leakage.honest import KINDS
from engine.tests.leakage.tables import find, named, noise, questions

ROWS = 2_500


def table(seed: int, share: float) -> "tuple[np.random.Generator, pd.DataFrame, pd.Series]":
    rng = np.random.default_rng(seed)
    return rng, noise(rng, ROWS, 4), pd.Series(rng.random(ROWS) < share)


@pytest.mark.parametrize("blank", [0.1, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("share", [0.5, 0.2])
def test_find_copy_with_blanks_is_named(blank: float, share: float) -> None:
    """A copy of the classes is named where it is filled; a good test is not."""
    rng, frame, late = table(1, share)
    blank_rows = rng.random(ROWS) < blank
    copies = (
        late.astype(float),
        late.map({True: "lost", False: "here"}),
        pd.Series(np.where(late, rng.choice(["a", "b"], ROWS), rng.choice(["c", "d"], ROWS))),
    )
    for copy in copies:
        [leak] = find(frame.assign(leak=copy.mask(blank_rows)), late)
        assert leak.columns == ("leak",)
        assert "where it is filled" in leak.mechanism
    test = (late ^ (rng.random(ROWS) < 0.04)).map({True: "yes", False: "no"})
    assert find(frame.assign(test=test.mask(blank_rows)), late) == []


def test_find_ranges_with_blanks_are_named() -> None:
    """Ranges of a quantity are named where they are filled."""
    rng, frame, _ = table(2, 0.5)
    price = np.exp(rng.normal(4, 0.6, ROWS))
    near = price * np.exp(rng.normal(0, 0.05, ROWS))
    blank_rows = rng.random(ROWS) < 0.6

    def bands(values: Any) -> pd.Series:
        return pd.Series(pd.qcut(values, 4, labels=list("abcd")).astype(str)).mask(blank_rows)

    assert named(find(frame.assign(leak=bands(price)), price)) == {"leak"}
    assert find(frame.assign(band=bands(near)), price) == []


def test_find_few_agreeing_rows_are_a_question() -> None:
    rng, frame, late = table(3, 0.3)
    few = frame.assign(test=late.map({True: "yes", False: "no"}).mask(rng.random(ROWS) < 0.98))
    assert find(few, late) == []
    assert questions(few, late).keys() == {"test"}


SIDED: dict[str, Callable[[Any, Any], Any]] = {
    "filled in for one class": lambda rng, late: pd.Series(rng.gamma(2, 30, len(late))).where(late),
    "nothing but for one class": lambda rng, late: late * rng.gamma(2, 30, len(late)),
    "a word for one class": lambda rng, late: pd.Series(np.where(late, "sent back", "kept")),
}


@pytest.mark.parametrize("case", SIDED)
def test_single_class_values_value_of_one_class_is_a_question(case: str) -> None:
    rng, frame, late = table(4, 0.3)
    refunded = late & (rng.random(ROWS) < 0.6)
    with_refund = frame.assign(refund=SIDED[case](rng, refunded))
    assert find(with_refund, late) == []
    [mechanism] = questions(with_refund, late).values()
    assert f"in {refunded.sum()} rows, and all of them are of the class True, as 29%" in mechanism
    # One in twenty of them is another: a good feature.
    now_and_then = refunded | (rng.random(ROWS) < 0.05 * refunded.mean())
    assert questions(frame.assign(refund=SIDED[case](rng, now_and_then)), late) == {}


def test_single_class_values_rare_values_are_no_question() -> None:
    rng, frame, late = table(5, 0.02)
    rare = frame.assign(code=[f"k{number}" for number in rng.zipf(1.6, ROWS).clip(0, 40)])
    assert questions(rare, late) == {}


def test_single_class_values_honest_tables_are_no_question() -> None:
    for name in ("iris", "wine", "breast_cancer"):
        data = getattr(datasets, f"load_{name}")(as_frame=True)
        assert questions(data.data, data.target.astype(str)) == {}
    for seed in range(3):
        frame = simulate(4_000, seed).drop(columns=["order_id", "customer_id", "delivery_days"])
        assert questions(frame, frame.pop("late")) == {}
    rng = np.random.default_rng(6)
    for kind in ("measured", "grades", "rates", "words", "growth", "checked"):
        assert questions(*KINDS[kind](rng, 1_500, 0.3)) == {}
