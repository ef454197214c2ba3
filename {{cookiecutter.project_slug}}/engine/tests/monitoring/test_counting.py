"""Rows are counted by one function, into integers that add up, and nothing hides in a bin."""

import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from engine.bundle.reference import Counts, Histogram, count, count_frame, freeze
from engine.contract.column import Column
from engine.monitoring.live import live_table
from engine.monitoring.log import open_log
from engine.tests.monitoring.made import COLUMNS, HOSTILE, frozen, rows, write_log

LONG_AGO = datetime(2020, 1, 1)


def of_log(logs: Path, reference: dict[str, Any]) -> Counts:
    with duckdb.connect() as connection:
        open_log(connection, logs, "b" * 64, datetime(2027, 1, 1))
        return count(connection, live_table(connection, reference, LONG_AGO), reference)


def of_values(column: Column, before: list[Any], now: list[Any]) -> Histogram:
    """One column frozen over `before` and counted over `now`."""
    reference = freeze(pd.DataFrame({column.name: before}), [column], np.zeros(len(before)))
    frame = pd.DataFrame({column.name: now})
    return count_frame(frame, np.zeros(len(now)), reference).features[column.name]


def test_count_log_equals_count_of_its_frame(tmp_path: Path) -> None:
    frame, scores = rows(500, seed=3), np.random.default_rng(3).random(500)
    write_log(tmp_path, frame, scores.tolist())
    assert of_log(tmp_path, frozen()) == count_frame(frame, scores, frozen())


def test_freeze_of_hundreds_of_columns_gives_no_warning() -> None:
    """pandas warns of a frame to which columns are added one by one."""
    rng = np.random.default_rng(0)
    columns = [Column(f"x{i}", "number") for i in range(250)]
    columns += [Column(f"word{i}", "category") for i in range(50)]
    frame = pd.DataFrame({one.name: rng.integers(0, 9, 80) for one in columns}).astype(
        {one.name: one.dtype for one in columns}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reference = freeze(frame, columns, rng.random(80))
    assert [sum(one["counts"]) for one in reference["features"]] == [80] * 250 + [40] * 50


def test_count_reference_rows_give_the_reference() -> None:
    frame, scores = rows(400, seed=1), np.random.default_rng(1).random(400)
    reference = freeze(frame, COLUMNS, scores)
    again = count_frame(frame, scores, reference)
    for feature in reference["features"]:
        assert feature["missing"] == again.features[feature["name"]].missing
        if feature["name"] != "carrier":  # counted over the half that did not choose the list
            assert tuple(feature["counts"]) == again.features[feature["name"]].counts
    assert tuple(reference["score"]["counts"]) == again.score.counts


def test_every_row_is_in_one_bin_or_missing() -> None:
    counts = count_frame(rows(300, seed=5), np.linspace(0, 1, 300), frozen())
    for feature in frozen()["features"]:
        tally = counts.features[feature["name"]]
        if feature["type"] != "date":
            assert tally.present + tally.missing == counts.rows == 300


def test_count_hostile_names_are_distinguished(tmp_path: Path) -> None:
    names = [HOSTILE, "items", "Items", "", "a.b", "$", "a/b~c", "c0", "'; DROP TABLE counted; --"]
    columns = [Column(name, "number") for name in names]
    frame = pd.DataFrame({name: np.arange(100.0) + 1000 * i for i, name in enumerate(names)})
    reference = freeze(frame, columns, np.zeros(100))
    write_log(tmp_path, frame, [0.0] * 100)
    assert of_log(tmp_path, reference) == count_frame(frame, np.zeros(100), reference)
    for tally in of_log(tmp_path, reference).features.values():
        assert (tally.missing, tally.below, tally.above) == (0, 0, 0)


def test_count_hostile_categories_are_distinguished(tmp_path: Path) -> None:
    values = ["", "=", "'", "other", "null", 'a"b', "; DROP TABLE counted", "\\", "é", "\n"] * 20
    column = Column("c", "category", categories=tuple(values[:10]), closed=True)
    frame = pd.DataFrame({"c": pd.Series(values).astype("str")})
    reference = freeze(frame, [column], np.zeros(200))
    assert reference["features"][0]["counts"] == [20] * 10 + [0]
    write_log(tmp_path, frame, [0.0] * 200)
    assert of_log(tmp_path, reference).features["c"].counts == (*[20] * 10, 0)


def test_count_outlier_is_below_or_above() -> None:
    tally = of_values(Column("x", "number"), [*range(100)], [50.0, 1e12, -1e12, -1e12])
    assert (tally.below, tally.above, tally.present) == (2, 1, 4)


def test_count_missing_is_in_no_bin() -> None:
    tally = of_values(Column("x", "number", nullable=True), [*range(100)], [1.0, np.nan, None])
    assert (tally.missing, tally.present) == (2, 1)


def test_an_unseen_category_is_other_and_a_missing_one_is_not() -> None:
    column = Column("c", "category", nullable=True, categories=("a", "b"), closed=True)
    assert of_values(column, ["a", "b"] * 50, ["a", "new", None]).counts == (1, 0, 1)


def test_count_text_in_a_number_is_an_error(tmp_path: Path) -> None:
    write_log(tmp_path, pd.DataFrame({"x": ["many"]}), [0.5])
    reference = freeze(pd.DataFrame({"x": np.arange(50.0)}), [Column("x", "number")], np.zeros(50))
    with pytest.raises(duckdb.ConversionException, match="many"):
        of_log(tmp_path, reference)
