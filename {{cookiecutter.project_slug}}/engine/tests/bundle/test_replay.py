"""The golden rows are predicted again; decisions are equal, scores within the tolerance."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from engine.bundle.archive import (
    ABSOLUTE_TOLERANCE,
    RELATIVE_TOLERANCE,
    replay,
    same,
)
from engine.bundle.bundle import Bundle, read
from engine.problem.errors import BadInput
from engine.tests.bundle.conftest import Copy

KD_TREE = {"sklearn.neighbors._kd_tree.KDTree", "sklearn.metrics._dist_metrics.EuclideanDistance64"}


def golden(bundle: Bundle) -> Iterator[dict[str, Any]]:
    return (one["answer"] for one in bundle.golden())


def test_replay_returns_the_predictions_that_it_was_given(copy: Copy) -> None:
    bundle = read(copy())
    rows, answers = list[Any](), golden(bundle)

    def predict(drawn_rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        rows.extend(drawn_rows)
        return [next(answers)]

    assert replay(predict, bundle) == list(golden(bundle))
    assert rows == [one["row"] for one in bundle.golden()]


@pytest.mark.parametrize(
    ("change", "tolerances", "agrees"),
    [
        (1 + RELATIVE_TOLERANCE / 2, {}, True),
        (1 + RELATIVE_TOLERANCE * 2, {}, False),
        (1.05, {"relative": 0.1}, True),
        (1.2, {"relative": 0.1}, False),
        (1.05, {"relative": 0.0, "absolute": 0.1}, True),
        (1.05, {"relative": 0.0, "absolute": 0.0}, False),
    ],
)
def test_replay_scores_agree_within_the_tolerance(
    copy: Copy, change: float, tolerances: dict[str, float], agrees: bool
) -> None:
    bundle = read(copy())
    answers = ({**one, "score": one["score"] * change} for one in golden(bundle))
    if agrees:
        assert len(replay(lambda _: [next(answers)], bundle, **tolerances)) == 20
        return
    with pytest.raises(BadInput) as refused:
        replay(lambda _: [next(answers)], bundle, **tolerances)
    assert refused.value.code == "golden-row-differs"


def test_replay_names_the_row_whose_prediction_differs_or_fails(copy: Copy) -> None:
    bundle = read(copy())
    right = golden(bundle)

    def fails(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if rows[0] == bundle.golden()[2]["row"]:
            raise ZeroDivisionError("no such model")
        return [next(right)]

    with pytest.raises(BadInput, match=r"golden row 3 \(typical\).*no such model") as refused:
        replay(fails, bundle)
    assert refused.value.code == "golden-row-differs"
    assert isinstance(refused.value.__cause__, ZeroDivisionError)
    with pytest.raises(BadInput, match=r"golden row 1 \(typical\)") as refused:
        replay(lambda _: [], bundle)
    assert refused.value.code == "golden-row-differs"


AGREE: list[tuple[Any, Any, bool]] = [
    (0.0, ABSOLUTE_TOLERANCE / 2, True),
    (0.0, ABSOLUTE_TOLERANCE * 2, False),
    (1e9, 1e9 * (1 + RELATIVE_TOLERANCE / 2), True),
    (1.0, 1, True),
    (1.0, True, False),
    (1, 1.0, False),
    (1, True, False),
    (True, True, True),
    (True, False, False),
    ("a", "a", True),
    ("a", "b", False),
    (None, None, True),
    (None, 0.0, False),
    (0.5, "0.5", False),
    ({"a": 1.0}, {"a": 1.0 + 1e-9}, True),
    ({"a": 1.0}, {"a": 1.0, "b": 2.0}, False),
    ({"a": 1.0, "b": 2.0}, {"a": 1.0}, False),
    ({"a": {"b": 0.5}}, {"a": {"b": 0.6}}, False),
    ({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.5}, False),
    ({"a": 1.5, "b": 2.0}, {"a": 1.0, "b": 2.0}, False),
    (float("nan"), 1.0, False),
    ({}, [], False),
]


@pytest.mark.parametrize(("one", "other", "agrees"), AGREE, ids=str)
def test_same_answers_have_equal_decisions_and_close_scores(
    one: Any, other: Any, agrees: bool
) -> None:
    assert same(one, other) is agrees


def test_same_tolerances_reach_the_scores_inside() -> None:
    one, other = {"scores": {"a": 1.0, "b": 0.0}}, {"scores": {"a": 1.01, "b": 0.0}}
    assert not same(one, other)
    assert same(one, other, relative=0.1)
    assert same(one, other, 0.0, 0.1)
    assert not same(one, other, 0.0, np.nextafter(0, 1))
