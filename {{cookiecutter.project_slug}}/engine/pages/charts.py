"""The charts of every page, as inline SVG: no script, no network, right in light and dark.

Every chart has a title and a description for people who hear the page; what people see in words
stands in the figure's caption. The caller brings values that are already counted: a chart never
samples, bins or drops anything behind the reader's back.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine.pages.axes import (
    PLOT,
    ROW,
    Positions,
    below,
    beside,
    colour,
    legend,
    positions,
    room_below,
    row_labels,
)
from engine.pages.curves import Line, curve, outline
from engine.pages.drawing import (
    WIDTH,
    Scale,
    Show,
    line,
    path,
    picture,
    scale,
    tag,
    text,
    ticks,
    width_of,
)
from engine.pages.formatting import number, percent


@dataclass(frozen=True)
class Dot:
    """A value with its interval, under a name."""

    label: str
    value: float
    low: float
    high: float


def bars(
    title: str, rows: Sequence[tuple[str, float]], *, show: Show = number, description: str = ""
) -> Markup:
    """One lying bar a row, its value behind it; values may be negative."""
    texts = [show(value) for _, value in rows]
    elements, left = row_labels([label for label, _ in rows])
    room = max((width_of(words) for words in texts), default=0.0) + 10
    across = scale([value for _, value in rows], left, WIDTH - room, zero=True)
    for i, ((_, value), words) in enumerate(zip(rows, texts, strict=True)):
        ends = sorted((across(0.0), across(value if math.isfinite(value) else 0.0)))
        size = {"width": max(ends[1] - ends[0], 1.0), "height": ROW - 10, "rx": 2}
        elements.append(tag("rect", x=ends[0], y=i * ROW + 5, **size, class_="c1"))
        elements.append(text(ends[1] + 6, (i + 0.5) * ROW, words, class_="strong"))
    return picture(title, description, len(rows) * ROW, elements)


def shares(
    title: str,
    groups: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float]]],
    *,
    description: str = "",
) -> Markup:
    """One lying bar a row, divided among the groups; each row is taken as parts of its sum."""
    key, top = legend(groups)
    labels, left = row_labels([label for label, _ in rows], top)
    elements = key + labels
    for i, (_, values) in enumerate(rows):
        x, whole = left, sum(values) or 1.0
        for g, value in enumerate(values):
            width = (WIDTH - left) * value / whole
            size = {"width": width, "height": ROW - 8, "class_": f"part c{colour(g)}"}
            hint = tag("title", percent(value / whole))
            elements.append(tag("rect", hint, x=x, y=top + i * ROW + 4, **size))
            x += width
    return picture(title, description, top + len(rows) * ROW, elements)


def interval_plot(
    title: str,
    rows: Sequence[Dot],
    *,
    label: str = "",
    mark: float | None = None,
    show: Show = number,
    description: str = "",
) -> Markup:
    """A dot with its interval a row, to compare rows; `mark` is a value all are held against."""
    height = len(rows) * ROW
    texts = [show(row.value) for row in rows]
    names, left = row_labels([row.label for row in rows])
    room = max((width_of(words) for words in texts), default=0.0) + 14
    seen = [v for row in rows for v in (row.value, row.low, row.high)] + _given(mark)
    across = scale(seen, left + 6, WIDTH - room)
    elements = [line(across(v), 0, across(v), height) for v in ticks(across.low, across.high)]
    elements += [line(across(v), 0, across(v), height, "mark") for v in _given(mark)]
    for i, (row, words) in enumerate(zip(rows, texts, strict=True)):
        y = (i + 0.5) * ROW
        if math.isfinite(row.low + row.high):
            elements.append(line(across(row.low), y, across(row.high), y, "whisker l1"))
        if math.isfinite(row.value):
            elements.append(tag("circle", cx=across(row.value), cy=y, r=5, class_="c1"))
        elements.append(text(WIDTH, y, words, class_="strong", anchor="end"))
    elements += below(across, [], height, label, show)
    return picture(title, description, height + room_below(label), names + elements)


def histogram(
    title: str,
    edges: Positions,
    groups: Mapping[str, Sequence[float]],
    *,
    label: str = "",
    show: Show = number,
    description: str = "",
) -> Markup:
    """Standing bars between edges (one more than counts); further groups are outlines over them."""
    key, top = legend(list(groups))
    highest = max((v for counts in groups.values() for v in counts), default=0.0)
    up = Scale(0.0, highest or 1.0, top + PLOT, top + 8)
    levels, left = beside(up, show)
    across = scale(positions(edges), left, WIDTH - 8)
    at = [across(place) for place in positions(edges)]
    elements = key + levels
    for g, counts in enumerate(groups.values()):
        if g:
            elements.append(outline(at, [up(v) for v in counts], up(0), f"line l{colour(g)}"))
            continue
        for a, b, v in zip(at, at[1:], counts, strict=False):
            size = {"width": max(b - a - 1, 0.5), "height": up(0) - up(v)}
            elements.append(tag("rect", tag("title", show(v)), x=a, y=up(v), **size, class_="c1"))
    elements += below(across, edges, top + PLOT, label)
    return picture(title, description, top + PLOT + room_below(label), elements)


def lines(
    title: str,
    x: Positions,
    series: Sequence[Line],
    *,
    label: str = "",
    mark: float | None = None,
    show: Show | None = None,
    zero: bool = False,
    description: str = "",
) -> Markup:
    """Series over x (numbers, or words at even distances); a NaN is a gap, `mark` is a level."""
    key, top = legend([one.name for one in series])
    seen = [v for one in series for v in (*one.values, *one.low, *one.high)] + _given(mark)
    up = scale(seen, top + PLOT, top + 8, zero)
    levels, left = beside(up, show)
    across = scale(positions(x), left + 6, WIDTH - 8)
    elements = key + levels + [line(left, up(v), WIDTH, up(v), "mark") for v in _given(mark)]
    for s, one in enumerate(series):
        elements += curve([across(place) for place in positions(x)], one, up, colour(s))
    elements += below(across, x, top + PLOT, label)
    return picture(title, description, top + PLOT + room_below(label), elements)


def scatter(
    title: str,
    points: Sequence[tuple[float, float]],
    *,
    label: str = "",
    trend: Sequence[tuple[float, float]] = (),
    description: str = "",
) -> Markup:
    """A spot a point, and a trend line over them. A few hundred points say what more would say."""
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    up = scale([y for _, y in [*finite, *trend]], PLOT, 8)
    elements, left = beside(up)
    across = scale([x for x, _ in [*finite, *trend]], left + 6, WIDTH - 8)
    spots = "".join(f"M{across(x):.0f} {up(y):.0f}h0" for x, y in finite)
    elements.append(tag("path", d=spots, class_="spots"))
    if trend:
        elements.append(path([(across(x), up(y)) for x, y in trend], "line l2"))
    elements += below(across, [], PLOT, label)
    return picture(title, description, PLOT + room_below(label), elements)


def calibration(
    title: str, points: Sequence[tuple[float, float, int]], *, description: str = ""
) -> Markup:
    """(mean score, share that came true, rows) a bin, against the diagonal of an honest score."""
    up = Scale(0.0, 1.0, WIDTH * 0.6, 12.0)
    elements, left = beside(up, percent)
    across = Scale(0.0, 1.0, left + 10, WIDTH - 12)
    elements.append(line(across(0), up(0), across(1), up(1), "mark"))
    if points:
        elements.append(path([(across(score), up(share)) for score, share, _ in points], "line l1"))
    most = max((rows for _, _, rows in points), default=1) or 1
    for score, share, rows in points:
        hint = f"{percent(share)} of {number(rows)} rows came true at a score of {percent(score)}"
        spot = {"cx": across(score), "cy": up(share), "r": 3 + 5 * math.sqrt(rows / most)}
        elements.append(tag("circle", tag("title", hint), **spot, class_="c1"))
    elements += below(across, [], up(0), "score", percent)
    return picture(title, description, up(0) + room_below("score"), elements)


def _given(mark: float | None) -> list[float]:
    return [] if mark is None else [mark]
