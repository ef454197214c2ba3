"""The charts: distributions, the target by feature, and changes over time."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.bins import cut, is_numeric, numbers, timestamp
from engine.eda.stability import Periods
from engine.eda.target import Array, Level, Target, levels
from engine.pages import charts
from engine.pages.charts import Dot
from engine.pages.curves import Line
from engine.pages.drawing import Show
from engine.pages.formatting import count, number, percent
from engine.pages.page import Figure

BARS, FEW_VALUES, CATEGORIES, BINS, SPOTS = 24, 12, 8, 10, 400
VISIBLE = 0.001  # a smaller bar cannot be seen
TAIL = 0.005  # a histogram leaves out so much at each end where extremes would flatten the rest


def distribution(column: Column, values: pd.Series) -> Figure:
    """The distribution of a feature."""
    title = f"Distribution of {column.name}"
    is_missing = f" {percent(float(values.isna().mean()))} missing." if values.isna().any() else ""
    if is_numeric(column) and values.nunique() > FEW_VALUES:
        drawn, caption = _histogram(title, column, numbers(column, values))
        return Figure(drawn, caption + is_missing, column.name)
    bins = cut(column, values, FEW_VALUES if is_numeric(column) else CATEGORIES)
    rows = np.bincount(bins.codes[bins.codes >= 0], minlength=len(bins.labels))
    shares = (rows / max(rows.sum(), 1)).tolist()
    drawn = charts.bars(title, list(zip(bins.labels, shares, strict=True)), show=percent)
    return Figure(drawn, f"{count(values.nunique(), 'different value')}.{is_missing}", column.name)


def outcome(target: Target) -> Figure:
    """The distribution of the target."""
    title = f"Distribution of {target.name}"
    if target.task == "regression":
        drawn, caption = _histogram(title, Column(target.name, "number"), target.values)
        return Figure(drawn, caption)
    names, codes = target.shown(most=BARS)
    shares = np.bincount(codes, minlength=len(names)) / max(len(codes), 1)
    drawn = charts.bars(title, list(zip(names, shares.tolist(), strict=True)), show=percent)
    return Figure(drawn, f"Share of rows by {target.name}.")


def relation(column: Column, values: pd.Series, target: Target) -> Figure:
    """The outcome by the values of a feature."""
    title = f"{target.name} by {column.name}"
    ordered = is_numeric(column) and values.nunique() > FEW_VALUES
    if target.task == "multiclass":
        draw = _spread_by_class if ordered else _classes_by_value
    elif not ordered:
        draw = _level_by_value
    elif target.task == "regression" and column.type != "date":
        draw = _cloud
    else:
        draw = _level_along
    return Figure(draw(title, column, values, target), _gap(ordered, values, target), column.name)


def _gap(ordered: bool, values: pd.Series, target: Target) -> str:
    """The outcome where a number is missing; other charts show it themselves."""
    is_missing = values.isna().to_numpy()
    if target.task == "multiclass" or not ordered or not is_missing.any():
        return ""
    return f"Where missing: {show_of(target)(float(target.values[is_missing].mean()))}."


def associations(strengths: Mapping[str, float], most: int) -> str:
    """The features that explain most alone, as bars."""
    top = [(name, share) for name, share in strengths.items() if share >= VISIBLE][:most]
    return charts.bars("Variance explained by each feature alone", top, show=percent)


def show_of(target: Target) -> Show:
    """The format of a mean of the target: a number, or a percentage."""
    return number if target.task == "regression" else percent


def target_over_time(target: Target, periods: Periods) -> Figure:
    """The outcome by period."""
    outcomes = target.outcomes()[:4]
    result = [levels(values, periods.codes, len(periods.starts)) for _, values in outcomes]
    series = [
        _line(target.classes[i] if len(result) > 1 else outcomes[i][0], level)
        for i, level in enumerate(result)
    ]
    caption = outcomes[0][0] if len(outcomes) == 1 else f"share of each {target.name}"
    show = None if target.task == "regression" else percent
    drawn = charts.lines(f"{target.name} over time", periods.starts, series, show=show)
    caption = (
        f"{caption} by period, with 95 % intervals; later rows are the test set and stay unseen."
    )
    return Figure(drawn, caption[0].upper() + caption[1:], target.name)


def rows_over_time(periods: Periods) -> Figure:
    """The share of rows in each period."""
    rows = np.bincount(periods.codes[periods.codes >= 0], minlength=len(periods.starts))
    shares = (rows / max(rows.sum(), 1)).tolist()
    drawn = charts.histogram("Rows over time", periods.ends, {"rows": shares}, show=percent)
    return Figure(drawn, "Share of rows in each of equally long periods.", "rows")


def feature_over_time(column: Column, values: pd.Series, periods: Periods) -> Figure:
    """A feature by period: the middle half of its numbers, or the shares of its values."""
    title = f"{column.name} over time"
    if is_numeric(column) and values.nunique() > FEW_VALUES:
        present = pd.Series(numbers(column, values)).groupby(periods.codes)
        low, middle, high = (
            present.quantile(q).reindex(range(len(periods.starts))).tolist()
            for q in (0.25, 0.5, 0.75)
        )
        drawn = charts.lines(title, periods.starts, [Line("median", middle, low, high)])
        return Figure(drawn, "Median by period; half of the rows lie in the band.", column.name)
    bins = cut(column, values, 4).with_missing()
    series = [
        _line(label, levels((bins.codes == i) * 1.0, periods.codes, len(periods.starts)))
        for i, label in enumerate(bins.labels)
    ]
    drawn = charts.lines(title, periods.starts, series, show=percent)
    return Figure(drawn, "Share of each value by period.", column.name)


def _histogram(title: str, column: Column, values: Array) -> tuple[str, str]:
    present = values[~np.isnan(values)]
    low, median, high = (float(v) for v in np.quantile(present, (0, 0.5, 1)))
    inner = [float(v) for v in np.quantile(present, (TAIL, 1 - TAIL))]
    # Only a long tail is cut; the caption mentions it.
    long = high - low > 2 * (inner[1] - inner[0]) > 0
    ends = inner if long else [low, high]
    edges = _edges(column, *ends)
    rows, _ = np.histogram(present, edges)
    write = timestamp if column.type == "date" else number
    caption = f"Median {write(median)}, from {write(low)} to {write(high)}."
    if long:
        outside = percent(1 - rows.sum() / len(present))
        caption += f" The outermost {outside} of rows are not in the chart."
    positions = [timestamp(edge) for edge in edges] if column.type == "date" else edges
    share = (rows / len(present)).tolist()
    return charts.histogram(title, positions, {"rows": share}, show=percent), caption


def _edges(column: Column, low: float, high: float) -> list[float]:
    if column.type == "integer" and high - low < BARS:
        # A bar an integer, around it.
        return [float(v) - 0.5 for v in range(int(low), int(high) + 2)]
    if column.type == "integer":
        step = int(np.ceil((high - low + 1) / BARS))
        return [low - 0.5 + i * step for i in range(int((high - low) // step) + 2)]
    return [float(v) for v in np.linspace(low, high, BARS + 1)]


def _level_along(title: str, column: Column, values: pd.Series, target: Target) -> str:
    bins = cut(column, values, BINS)
    ((label, outcomes),) = target.outcomes()
    result = _line(label, levels(outcomes, bins.codes, len(bins.labels)))
    along = [timestamp(c) for c in bins.centres] if column.type == "date" else bins.centres
    show = percent if target.task == "binary" else None
    return charts.lines(title, along, [result], mark=float(outcomes.mean()), show=show)


def _level_by_value(title: str, column: Column, values: pd.Series, target: Target) -> str:
    bins = cut(column, values, FEW_VALUES if is_numeric(column) else CATEGORIES).with_missing()
    ((_, outcomes),) = target.outcomes()
    result = levels(outcomes, bins.codes, len(bins.labels))
    rows = [Dot(name, x.mean, x.low, x.high) for name, x in zip(bins.labels, result, strict=True)]
    return charts.interval_plot(title, rows, mark=float(outcomes.mean()), show=show_of(target))


def _cloud(title: str, column: Column, values: pd.Series, target: Target) -> str:
    """Some rows as spots, and a line through the means of ten bins of all rows."""
    bins, present = cut(column, values, BINS), numbers(column, values)
    result = levels(target.values, bins.codes, len(bins.labels))
    low, high = np.nanquantile(present, (TAIL, 1 - TAIL))
    inside = np.flatnonzero((present >= low) & (present <= high))
    drawn_rows = np.random.default_rng(0).permutation(inside)[:SPOTS]
    spots = list(zip(present[drawn_rows].tolist(), target.values[drawn_rows].tolist(), strict=True))
    trend = [(x, level.mean) for x, level in zip(bins.centres, result, strict=True)]
    return charts.scatter(title, spots, trend=trend)


def _spread_by_class(title: str, column: Column, values: pd.Series, target: Target) -> str:
    """The median of each class, and the interval of the middle half of its rows."""
    names, codes = target.shown()
    present, rows = numbers(column, values), list[Dot]()
    for i, name in enumerate(names):
        inside = present[(codes == i) & ~np.isnan(present)]
        low, middle, high = np.quantile(inside, (0.25, 0.5, 0.75)) if len(inside) else [np.nan] * 3
        rows.append(Dot(name, float(middle), float(low), float(high)))
    show = timestamp if column.type == "date" else number
    return charts.interval_plot(title, rows, show=show)


def _classes_by_value(title: str, column: Column, values: pd.Series, target: Target) -> str:
    bins = cut(column, values, FEW_VALUES if is_numeric(column) else CATEGORIES).with_missing()
    names, codes = target.shown()
    table = np.zeros((len(bins.labels), len(names)))
    np.add.at(table, (bins.codes, codes), 1)
    return charts.shares(title, names, list(zip(bins.labels, table.tolist(), strict=True)))


def _line(name: str, result: Sequence[Level]) -> Line:
    return Line(name, [x.mean for x in result], [x.low for x in result], [x.high for x in result])
