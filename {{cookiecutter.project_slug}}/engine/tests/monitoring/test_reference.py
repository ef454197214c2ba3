"""The reference is frozen whole, the same each time, and no value of it stretches a bin."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.bundle.reference import MOST_CATEGORIES, Histogram, freeze, histogram_of
from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.tests.monitoring.made import COLUMNS, rows


def feature_of(column: Column, values: Any) -> dict[str, Any]:
    frame = pd.DataFrame({column.name: values})
    feature: dict[str, Any] = freeze(frame, [column], np.zeros(len(frame)))["features"][0]
    return feature


def test_the_same_rows_freeze_to_the_same_json() -> None:
    texts = {
        json.dumps(freeze(rows(300, 1), COLUMNS, np.linspace(0, 1, 300)), allow_nan=False)
        for _ in range(2)
    }
    assert len(texts) == 1


def test_bins_of_a_number_hold_about_as_many_rows_each() -> None:
    feature = feature_of(Column("x", "number"), np.random.default_rng(0).pareto(1, 1000))
    assert feature["counts"] == [100] * 10


def test_one_outlier_moves_no_edge_out_of_the_rows() -> None:
    values = np.random.default_rng(0).normal(size=999)
    feature = feature_of(Column("x", "number"), [*values, 1e15])
    assert max(feature["edges"]) < 3
    assert feature["maximum"] == 1e15
    assert feature["minimum"] == min(values)


def test_equal_values_share_a_bin() -> None:
    feature = feature_of(Column("x", "integer"), [0] * 900 + [1] * 50 + [2] * 50)
    assert feature["edges"] == [0.0]
    assert feature["counts"] == [900, 100]


@pytest.mark.parametrize("values", [[7.0] * 100, [np.nan] * 100, [None] * 99 + [1.0]])
def test_a_column_without_variety_freezes(values: list[float]) -> None:
    feature = feature_of(Column("x", "number", nullable=True), values)
    assert feature["edges"] == []
    assert sum(feature["counts"]) + feature["missing"] == 100
    json.dumps(feature, allow_nan=False)


def test_missing_values_are_counted_apart_over_all_rows() -> None:
    column = Column("c", "category", nullable=True, categories=("a",))
    feature = feature_of(column, pd.Series(["a"] * 75 + [None] * 25, dtype="str"))
    assert feature["missing"] == 25


def test_a_closed_list_is_the_contracts_seen_or_not() -> None:
    column = Column("c", "category", categories=("z", "a", "never"), closed=True)
    feature = feature_of(column, ["a"] * 30 + ["z"] * 70)
    assert feature["categories"] == ["z", "a", "never"]
    assert feature["counts"] == [70, 30, 0, 0]


def test_an_open_list_is_counted_on_rows_that_did_not_choose_it() -> None:
    # A hundred rows with a hundred names: whoever chose the list has them all, nobody else has one.
    feature = feature_of(Column("c", "category"), [f"name {i}" for i in range(100)])
    assert len(feature["categories"]) == MOST_CATEGORIES
    assert feature["counts"][-1] == sum(feature["counts"]) == 50


def test_an_open_list_begins_with_the_most_frequent() -> None:
    values = ["b"] * 40 + ["often"] * 170 + ["c"] * 10
    feature = feature_of(Column("c", "category"), values)
    assert feature["categories"] == ["often", "b", "c"]
    assert sum(feature["counts"]) == 110


def test_a_boolean_has_two_places_and_a_date_only_gaps() -> None:
    assert feature_of(Column("b", "boolean"), [True] * 30 + [False] * 70)["counts"] == [70, 30, 0]
    dates = [pd.Timestamp("2026-01-01"), pd.NaT]
    assert feature_of(Column("d", "date", nullable=True), dates) == {
        "name": "d",
        "type": "date",
        "counts": [],
        "missing": 1,
    }


@pytest.mark.parametrize("scores", [[0.1], [0.1, float("nan")], [[0.1, 0.9], [0.2, 0.8]]])
def test_scores_that_are_not_one_a_row_are_refused(scores: list[Any]) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(BadInput, match="one finite score"):
        freeze(frame, [Column("x", "number")], np.array(scores))


def test_no_rows_are_refused() -> None:
    with pytest.raises(BadInput, match="0 rows"):
        freeze(pd.DataFrame({"x": []}), [Column("x", "number")], np.array([]))


def test_histogram_of_a_frozen_feature_has_its_counts_and_missing() -> None:
    values = pd.Series(["a"] * 75 + [None] * 25, dtype="str")
    column = Column("c", "category", nullable=True, categories=("a",), closed=True)
    assert histogram_of(feature_of(column, values)) == Histogram((75, 0), 25)
    assert histogram_of({"edges": [0.5], "counts": [1, 2]}) == Histogram((1, 2))
    assert Histogram((1, 2), 5).present == 3
