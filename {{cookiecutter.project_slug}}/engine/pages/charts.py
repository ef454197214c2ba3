"""The charts of every page, as inline SVG: no script, no network, right in light and dark.

Every chart has a title for screen readers; the caption of its figure holds the text that everyone
reads. The values are counted already: a chart never samples, bins or drops anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine.pages import drawing as svg
from engine.pages.drawing import PLOT, ROW, WIDTH, AxisScale, Positions, Show
from engine.pages.formatting import number, percent

FEW_POINTS = 30  # a line of so few points shows each of them


@dataclass(frozen=True)
class Dot:
    """A value with its interval, under a name."""

    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """A series: one value an x; with `low` and `high` (as many) it is drawn within their band."""

    name: str
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def bars(title: str, rows: Sequence[tuple[str, float]], *, show: Show = number) -> Markup:
    """One horizontal bar a row, its value behind it; values may be negative."""
    texts = [show(value) for _, value in rows]
    elements, left = svg.row_labels([label for label, _ in rows])
    right = WIDTH - svg.widest(texts) - 10
    across = svg.scale([value for _, value in rows], left, right, zero=True)
    for i, ((_, value), words) in enumerate(zip(rows, texts, strict=True)):
        ends = sorted((across(0.0), across(value if math.isfinite(value) else 0.0)))
        size = {"width": max(ends[1] - ends[0], 1.0), "height": ROW - 10, "rx": 2}
        elements.append(svg.tag("rect", x=ends[0], y=i * ROW + 5, **size, class_="c1"))
        elements.append(svg.text(ends[1] + 6, (i + 0.5) * ROW, words, class_="strong"))
    return svg.picture(title, "", len(rows) * ROW, elements)


def shares(
    title: str, groups: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]
) -> Markup:
    """One horizontal bar a row, divided among the groups by their share of the row's sum."""
    key, top = svg.legend(groups)
    labels, left = svg.row_labels([label for label, _ in rows], top)
    elements = key + labels
    for i, (_, values) in enumerate(rows):
        x, whole = left, sum(values) or 1.0
        for g, value in enumerate(values):
            width, hint = (WIDTH - left) * value / whole, svg.tag("title", percent(value / whole))
            size = {"width": width, "height": ROW - 8, "class_": f"part c{svg.colour(g)}"}
            elements.append(svg.tag("rect", hint, x=x, y=top + i * ROW + 4, **size))
            x += width
    return svg.picture(title, "", top + len(rows) * ROW, elements)


def interval_plot(
    title: str,
    rows: Sequence[Dot],
    *,
    label: str = "",
    mark: float | None = None,
    show: Show = number,
    description: str = "",
) -> Markup:
    """A dot with its interval a row, to compare rows; `mark` is a vertical line to compare with."""
    height, marks = len(rows) * ROW, _given(mark)
    texts = [show(row.value) for row in rows]
    names, left = svg.row_labels([row.label for row in rows])
    values = [v for row in rows for v in (row.value, row.low, row.high)]
    across = svg.scale([*values, *marks], left + 6, WIDTH - svg.widest(texts) - 14)
    elements = [
        svg.line(across(v), 0, across(v), height) for v in svg.ticks(across.low, across.high)
    ]
    elements += [svg.line(across(v), 0, across(v), height, "mark") for v in marks]
    for i, (row, words) in enumerate(zip(rows, texts, strict=True)):
        y = (i + 0.5) * ROW
        if math.isfinite(row.low + row.high):
            elements.append(svg.line(across(row.low), y, across(row.high), y, "whisker l1"))
        if math.isfinite(row.value):
            elements.append(svg.tag("circle", cx=across(row.value), cy=y, r=5, class_="c1"))
        elements.append(svg.text(WIDTH, y, words, class_="strong", anchor="end"))
    elements += svg.below(across, [], height, label, show)
    return svg.picture(title, description, height + svg.room_below(label), names + elements)


def histogram(
    title: str, edges: Positions, counts: Sequence[float], *, show: Show = number
) -> Markup:
    """Vertical bars between edges; there is one edge more than counts."""
    up = AxisScale(0.0, max(counts, default=0.0) or 1.0, PLOT, 8)
    elements, left = svg.beside(up, show)
    across = svg.scale(svg.positions(edges), left, WIDTH - 8)
    x = [across(edge) for edge in svg.positions(edges)]
    for start, end, value in zip(x, x[1:], counts, strict=False):
        size = {"width": max(end - start - 1, 0.5), "height": up(0) - up(value), "class_": "c1"}
        elements.append(
            svg.tag("rect", svg.tag("title", show(value)), x=start, y=up(value), **size)
        )
    elements += svg.below(across, edges, PLOT)
    return svg.picture(title, "", PLOT + svg.room_below(""), elements)


def lines(
    title: str,
    x: Positions,
    series: Sequence[Line],
    *,
    label: str = "",
    mark: float | None = None,
    show: Show | None = None,
) -> Markup:
    """Series over x (numbers, or words at even distances); a NaN is a gap, `mark` is a level."""
    key, top = svg.legend([one.name for one in series])
    values = [v for one in series for v in (*one.values, *one.low, *one.high)]
    up = svg.scale([*values, *_given(mark)], top + PLOT, top + 8)
    levels, left = svg.beside(up, show)
    across = svg.scale(svg.positions(x), left + 6, WIDTH - 8)
    elements = key + levels + [svg.line(left, up(v), WIDTH, up(v), "mark") for v in _given(mark)]
    for s, one in enumerate(series):
        elements += _curve([across(value) for value in svg.positions(x)], one, up, svg.colour(s))
    elements += svg.below(across, x, top + PLOT, label)
    return svg.picture(title, "", top + PLOT + svg.room_below(label), elements)


def calibration(title: str, points: Sequence[tuple[float, float]]) -> Markup:
    """(mean score, observed share) a bin, and the line on which the two are equal."""
    scores = [score for score, _ in points]
    series = [Line("observed share", [share for _, share in points]), Line("ideal", scores)]
    return lines(title, scores, series, label="score", show=percent)


def _curve(x: Sequence[float], one: Line, up: AxisScale, c: int) -> list[str]:
    """A series as band, line and points, cut in pieces where a value is missing."""
    pieces: list[list[int]] = [[]]
    for i, value in enumerate(one.values):
        if math.isfinite(value):
            pieces[-1].append(i)
        elif pieces[-1]:
            pieces.append([])
    elements = []
    for piece in filter(None, pieces):
        if one.low and one.high:
            over = [(x[i], up(one.high[i])) for i in piece]
            under = [(x[i], up(one.low[i])) for i in reversed(piece)]
            elements.append(svg.path([*over, *under], f"band c{c}", closed=True))
        points = [(x[i], up(one.values[i])) for i in piece]
        elements.append(svg.path(points, f"line l{c}"))
        if len(one.values) <= FEW_POINTS:
            elements += [svg.tag("circle", cx=cx, cy=cy, r=3, class_=f"c{c}") for cx, cy in points]
    return elements


def _given(mark: float | None) -> list[float]:
    return [] if mark is None else [mark]
