"""One picture a question: how a feature is spread, what it says of the target, how both move."""

from collections.abc import Sequence

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

BARS, FEW_VALUES, WORDS, STRETCHES, SPOTS = 24, 12, 8, 10, 400
TAIL = 0.005  # a histogram leaves out so much at each end where extremes would flatten the rest


def distribution(column: Column, values: pd.Series) -> Figure:
    """How the values of a feature are spread."""
    title = f"Distribution of {column.name}"
    gone = f" {percent(float(values.isna().mean()))} missing." if values.isna().any() else ""
    if is_numeric(column) and values.nunique() > FEW_VALUES:
        drawn, said = _histogram(title, column, numbers(column, values))
        return Figure(drawn, said + gone, column.name)
    bins = cut(column, values, FEW_VALUES if is_numeric(column) else WORDS)
    rows = np.bincount(bins.codes[bins.codes >= 0], minlength=len(bins.labels))
    parts = (rows / max(rows.sum(), 1)).tolist()
    drawn = charts.bars(title, list(zip(bins.labels, parts, strict=True)), show=percent)
    return Figure(drawn, f"{count(values.nunique(), 'different value')}.{gone}", column.name)


def outcome(target: Target) -> Figure:
    """How the target is spread."""
    title = f"Distribution of {target.name}"
    if target.task == "regression":
        drawn, said = _histogram(title, Column(target.name, "number"), target.values)
        return Figure(drawn, said)
    names, codes = target.shown(most=BARS)
    parts = np.bincount(codes, minlength=len(names)) / max(len(codes), 1)
    drawn = charts.bars(title, list(zip(names, parts.tolist(), strict=True)), show=percent)
    return Figure(drawn, f"Share of rows by {target.name}.")


def relation(column: Column, values: pd.Series, target: Target) -> Figure:
    """What a feature says of the target."""
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
    """What the outcome is where a number is missing; elsewhere the picture shows it."""
    gone = values.isna().to_numpy()
    if target.task == "multiclass" or not ordered or not gone.any():
        return ""
    return f"Where missing: {show_of(target)(float(target.values[gone].mean()))}."


def show_of(target: Target) -> Show:
    """How a mean of the target is written: as a number, or as a share."""
    return number if target.task == "regression" else percent


def target_over_time(target: Target, spans: Periods) -> Figure:
    """How the target moves."""
    outcomes = target.outcomes()[:4]
    found = [levels(values, spans.codes, len(spans.starts)) for _, values in outcomes]
    series = [
        _line(target.classes[i] if len(found) > 1 else outcomes[i][0], level)
        for i, level in enumerate(found)
    ]
    said = outcomes[0][0] if len(outcomes) == 1 else f"share of each {target.name}"
    show = None if target.task == "regression" else percent
    drawn = charts.lines(f"{target.name} over time", spans.starts, series, show=show)
    said = f"{said} by period, with 95 % intervals; later rows are the test and stay unseen."
    return Figure(drawn, said[0].upper() + said[1:], target.name)


def rows_over_time(spans: Periods) -> Figure:
    """How many rows each period has."""
    rows = np.bincount(spans.codes[spans.codes >= 0], minlength=len(spans.starts))
    parts = (rows / max(rows.sum(), 1)).tolist()
    drawn = charts.histogram("Rows over time", spans.ends, {"rows": parts}, show=percent)
    return Figure(drawn, "Share of rows in each of equally long periods.", "rows")


def feature_over_time(column: Column, values: pd.Series, spans: Periods) -> Figure:
    """How a feature moves: the middle half of its numbers, or the share of its frequent words."""
    title = f"{column.name} over time"
    if is_numeric(column) and values.nunique() > FEW_VALUES:
        known = pd.Series(numbers(column, values)).groupby(spans.codes)
        low, middle, high = (
            known.quantile(q).reindex(range(len(spans.starts))).tolist() for q in (0.25, 0.5, 0.75)
        )
        drawn = charts.lines(title, spans.starts, [Line("median", middle, low, high)])
        return Figure(drawn, "Median by period; half of the rows lie in the band.", column.name)
    bins = cut(column, values, 4).with_missing()
    series = [
        _line(label, levels((bins.codes == i) * 1.0, spans.codes, len(spans.starts)))
        for i, label in enumerate(bins.labels)
    ]
    drawn = charts.lines(title, spans.starts, series, show=percent)
    return Figure(drawn, "Share of each value by period.", column.name)


def _histogram(title: str, column: Column, values: Array) -> tuple[str, str]:
    known = values[~np.isnan(values)]
    low, median, high = (float(v) for v in np.quantile(known, (0, 0.5, 1)))
    inner = [float(v) for v in np.quantile(known, (TAIL, 1 - TAIL))]
    # Only a long tail is cut, and the caption says so.
    long = high - low > 2 * (inner[1] - inner[0]) > 0
    ends = inner if long else [low, high]
    edges = _edges(column, *ends)
    rows, _ = np.histogram(known, edges)
    write = timestamp if column.type == "date" else number
    said = f"Median {write(median)}, from {write(low)} to {write(high)}."
    if long:
        said += f" The outermost {percent(1 - rows.sum() / len(known))} of rows are not drawn."
    places = [timestamp(edge) for edge in edges] if column.type == "date" else edges
    share = (rows / len(known)).tolist()
    return charts.histogram(title, places, {"rows": share}, show=percent), said


def _edges(column: Column, low: float, high: float) -> list[float]:
    if column.type == "integer" and high - low < BARS:
        # A bar an integer, around it.
        return [float(v) - 0.5 for v in range(int(low), int(high) + 2)]
    if column.type == "integer":
        step = int(np.ceil((high - low + 1) / BARS))
        return [low - 0.5 + i * step for i in range(int((high - low) // step) + 2)]
    return [float(v) for v in np.linspace(low, high, BARS + 1)]


def _level_along(title: str, column: Column, values: pd.Series, target: Target) -> str:
    bins = cut(column, values, STRETCHES)
    ((label, outcomes),) = target.outcomes()
    found = _line(label, levels(outcomes, bins.codes, len(bins.labels)))
    along = [timestamp(c) for c in bins.centres] if column.type == "date" else bins.centres
    show = percent if target.task == "binary" else None
    return charts.lines(title, along, [found], mark=float(outcomes.mean()), show=show)


def _level_by_value(title: str, column: Column, values: pd.Series, target: Target) -> str:
    bins = cut(column, values, FEW_VALUES if is_numeric(column) else WORDS).with_missing()
    ((_, outcomes),) = target.outcomes()
    found = levels(outcomes, bins.codes, len(bins.labels))
    interval_plot = [
        Dot(name, x.mean, x.low, x.high) for name, x in zip(bins.labels, found, strict=True)
    ]
    return charts.interval_plot(
        title, interval_plot, mark=float(outcomes.mean()), show=show_of(target)
    )


def _cloud(title: str, column: Column, values: pd.Series, target: Target) -> str:
    """Some rows as spots, and a line through the means of tenths of all rows."""
    bins, known = cut(column, values, STRETCHES), numbers(column, values)
    found = levels(target.values, bins.codes, len(bins.labels))
    low, high = np.nanquantile(known, (TAIL, 1 - TAIL))
    inside = np.flatnonzero((known >= low) & (known <= high))
    some = np.random.default_rng(0).permutation(inside)[:SPOTS]
    spots = list(zip(known[some].tolist(), target.values[some].tolist(), strict=True))
    trend = [(x, level.mean) for x, level in zip(bins.centres, found, strict=True)]
    return charts.scatter(title, spots, trend=trend)


def _spread_by_class(title: str, column: Column, values: pd.Series, target: Target) -> str:
    """The median of each class, and between which values the middle half of its rows lies."""
    names, codes = target.shown()
    known, interval_plot = numbers(column, values), []
    for i, name in enumerate(names):
        inside = known[(codes == i) & ~np.isnan(known)]
        low, middle, high = np.quantile(inside, (0.25, 0.5, 0.75)) if len(inside) else [np.nan] * 3
        interval_plot.append(Dot(name, float(middle), float(low), float(high)))
    return charts.interval_plot(
        title, interval_plot, show=timestamp if column.type == "date" else number
    )


def _classes_by_value(title: str, column: Column, values: pd.Series, target: Target) -> str:
    bins = cut(column, values, FEW_VALUES if is_numeric(column) else WORDS).with_missing()
    names, codes = target.shown()
    table = np.zeros((len(bins.labels), len(names)))
    np.add.at(table, (bins.codes, codes), 1)
    return charts.shares(title, names, list(zip(bins.labels, table.tolist(), strict=True)))


def _line(name: str, found: Sequence[Level]) -> Line:
    return Line(name, [x.mean for x in found], [x.low for x in found], [x.high for x in found])
