"""The charts: distributions, the target by feature, and changes over time."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.bins import (
    Array,
    Bins,
    Codes,
    Periods,
    Target,
    cut,
    format_of,
    is_numeric,
    numbers,
    timestamp,
)
from engine.pages import charts
from engine.pages.charts import Dot, Line
from engine.pages.drawing import Show
from engine.pages.formatting import count, number, percent
from engine.pages.page import Figure

BARS, FEW_VALUES, CATEGORIES, BINS = 24, 12, 8, 10
Z95 = 1.959964
VISIBLE = 0.001  # a smaller bar cannot be seen
TAIL = 0.005  # a histogram leaves out so much at each end where extremes would flatten the rest


class Levels(NamedTuple):
    """The mean of an outcome in each group with its 95 % interval; NaN for a group of no rows."""

    mean: Array
    low: Array
    high: Array


def distribution(column: Column, values: pd.Series) -> Figure:
    """The distribution of a feature."""
    title = f"Distribution of {column.name}"
    is_missing = f" {percent(float(values.isna().mean()))} missing." if values.isna().any() else ""
    if _is_ordered(column, values):
        drawn, caption = _histogram(title, column, numbers(column, values))
    else:
        bins = _few_bins(column, values)
        drawn = _bars(title, bins.labels, bins.codes)
        caption = f"{count(values.nunique(), 'different value')}."
    return Figure(drawn, caption + is_missing, column.name)


def outcome(target: Target) -> Figure:
    """The distribution of the target."""
    title = f"Distribution of {target.name}"
    if target.task == "regression":
        return Figure(*_histogram(title, Column(target.name, "number"), target.values))
    return Figure(_bars(title, *target.shown(most=BARS)), f"Share of rows by {target.name}.")


def relation(column: Column, values: pd.Series, target: Target) -> Figure:
    """The outcome by the values of a feature."""
    title, caption = f"{target.name} by {column.name}", ""
    drawn, (names, codes) = "", target.shown()
    if _is_ordered(column, values) and target.task == "multiclass":
        rows = _intervals(names, _middle_half(numbers(column, values), codes, len(names)))
        drawn = charts.interval_plot(title, rows, show=format_of(column))
    elif _is_ordered(column, values):
        bins, is_missing = cut(column, values, BINS), values.isna().to_numpy()
        ((label, outcomes),) = target.outcomes()
        level = _middle_half if target.task == "regression" else levels
        line = _line(label, level(outcomes, bins.codes, len(bins.labels)))
        along = [timestamp(c) for c in bins.centres] if column.type == "date" else bins.centres
        show = percent if target.task == "binary" else None
        drawn = charts.lines(title, along, [line], mark=float(outcomes.mean()), show=show)
        if is_missing.any():
            missing = float(target.values[is_missing].mean())
            caption = f"Where missing: {show_of(target)(missing)}."
    elif target.task == "multiclass":
        bins = _few_bins(column, values).with_missing()
        table = np.zeros((len(bins.labels), len(names)))
        np.add.at(table, (bins.codes, codes), 1)
        drawn = charts.shares(title, names, list(zip(bins.labels, table.tolist(), strict=True)))
    else:
        bins = _few_bins(column, values).with_missing()
        ((_, outcomes),) = target.outcomes()
        rows = _intervals(bins.labels, levels(outcomes, bins.codes, len(bins.labels)))
        overall = float(outcomes.mean())
        drawn = charts.interval_plot(title, rows, mark=overall, show=show_of(target))
    return Figure(drawn, caption, column.name)


def associations(strengths: Mapping[str, float], most: int) -> str:
    """The features that explain most alone, as bars."""
    top = [(name, share) for name, share in strengths.items() if share >= VISIBLE][:most]
    return charts.bars("Variance explained by each feature alone", top, show=percent)


def show_of(target: Target) -> Show:
    """The format of a mean of the target: a number, or a percentage."""
    return number if target.task == "regression" else percent


def target_over_time(target: Target, periods: Periods) -> Figure:
    """The outcome by period."""
    outcomes, groups = target.outcomes()[:4], len(periods.starts)
    series = [_line(name, levels(values, periods.codes, groups)) for name, values in outcomes]
    show = None if target.task == "regression" else percent
    drawn = charts.lines(f"{target.name} over time", periods.starts, series, show=show)
    measured = outcomes[0][0] if len(outcomes) == 1 else "shares"
    caption = f"By period: {measured}, with 95 % intervals. Later rows are the test set: not shown."
    return Figure(drawn, caption, target.name)


def rows_over_time(periods: Periods) -> Figure:
    """The share of rows in each period."""
    shares = _shares(periods.codes, len(periods.starts))
    drawn = charts.histogram("Rows over time", periods.ends, shares, show=percent)
    return Figure(drawn, "Share of rows in each of equally long periods.", "rows")


def feature_over_time(column: Column, values: pd.Series, periods: Periods) -> Figure:
    """A feature by period: the middle half of its numbers, or the shares of its values."""
    title, groups = f"{column.name} over time", len(periods.starts)
    if _is_ordered(column, values):
        median = _line("median", _middle_half(numbers(column, values), periods.codes, groups))
        drawn = charts.lines(title, periods.starts, [median])
        return Figure(drawn, "Median by period; half of the rows lie in the band.", column.name)
    bins = cut(column, values, 4).with_missing()
    inside = [(label, (bins.codes == i) * 1.0) for i, label in enumerate(bins.labels)]
    series = [_line(label, levels(values, periods.codes, groups)) for label, values in inside]
    drawn = charts.lines(title, periods.starts, series, show=percent)
    return Figure(drawn, "Share of each value by period.", column.name)


def levels(outcome: Array, codes: Codes, groups: int) -> Levels:
    """The outcome's mean in each group; a row with code −1 belongs to none.

    A share has Wilson's interval, which stays within 0 and 1 for few rows (Wilson 1927); any
    other mean has the normal one.
    """
    inside = codes >= 0
    outcome, codes = outcome[inside], codes[inside]
    rows = np.bincount(codes, minlength=groups).astype(np.float64)
    sums = np.bincount(codes, weights=outcome, minlength=groups)
    squares = np.bincount(codes, weights=outcome**2, minlength=groups)
    # Groups of no row, or of one, have no mean or no interval: NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums / rows
        if np.isin(outcome, (0.0, 1.0)).all():
            shrink = 1 + Z95**2 / rows
            middle = (mean + Z95**2 / (2 * rows)) / shrink
            half = Z95 * np.sqrt(mean * (1 - mean) / rows + (Z95 / (2 * rows)) ** 2) / shrink
            return Levels(mean, np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0))
        variance = np.maximum(squares - rows * mean**2, 0.0) / (rows - 1)
        half = Z95 * np.sqrt(variance / rows)
        return Levels(mean, mean - half, mean + half)


def _is_ordered(column: Column, values: pd.Series) -> bool:
    """Whether values are numbers or dates, and too many for a bar each."""
    return is_numeric(column) and values.nunique() > FEW_VALUES


def _few_bins(column: Column, values: pd.Series) -> Bins:
    return cut(column, values, FEW_VALUES if is_numeric(column) else CATEGORIES)


def _shares(codes: Codes, groups: int) -> list[float]:
    rows = np.bincount(codes[codes >= 0], minlength=groups)
    shares: list[float] = (rows / max(rows.sum(), 1)).tolist()
    return shares


def _bars(title: str, labels: Sequence[str], codes: Codes) -> str:
    rows = zip(labels, _shares(codes, len(labels)), strict=True)
    return charts.bars(title, list(rows), show=percent)


def _histogram(title: str, column: Column, values: Array) -> tuple[str, str]:
    present, write = values[~np.isnan(values)], format_of(column)
    low, median, high = (float(v) for v in np.quantile(present, (0, 0.5, 1)))
    inner = [float(v) for v in np.quantile(present, (TAIL, 1 - TAIL))]
    # Only a long tail is cut; the caption mentions it.
    long = high - low > 2 * (inner[1] - inner[0]) > 0
    first, last = inner if long else (low, high)
    edges = np.linspace(first, last, BARS + 1)
    if column.type == "integer":  # its bars lie around whole numbers
        step = np.ceil((last - first + 1) / BARS)
        edges = np.arange(np.floor(first) - 0.5, last + 0.5 + step, step)
    rows, _ = np.histogram(present, edges)
    caption = f"Median {write(median)}, from {write(low)} to {write(high)}."
    if long:
        outside = percent(1 - rows.sum() / len(present))
        caption += f" The outermost {outside} of rows are not in the chart."
    positions = [timestamp(edge) for edge in edges] if column.type == "date" else edges.tolist()
    shares = (rows / len(present)).tolist()
    return charts.histogram(title, positions, shares, show=percent), caption


def _middle_half(values: Array, codes: Codes, groups: int) -> Levels:
    """The median of each group, and the quartiles of its rows as the interval."""
    grouped = pd.Series(values).groupby(codes)
    quartiles = [grouped.quantile(q).reindex(range(groups)) for q in (0.5, 0.25, 0.75)]
    return Levels(*(np.asarray(one, np.float64) for one in quartiles))


def _line(name: str, level: Levels) -> Line:
    return Line(name, *(values.tolist() for values in level))


def _intervals(names: Sequence[str], level: Levels) -> list[Dot]:
    return [Dot(name, *values) for name, *values in zip(names, *level, strict=True)]
