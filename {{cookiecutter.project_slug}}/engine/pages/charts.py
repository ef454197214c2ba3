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
ICONS = 1000  # an icon array shows so many cases, forty a row
PER_ROW = 40
STEP = WIDTH / PER_ROW
LEGEND = 20.0  # height of a line of an icon array's legend
CELL = 54.0
WIDEST_NAME = 120.0


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


@dataclass(frozen=True)
class CaseGroup:
    """Cases of one kind: `rows` (a count or a share) of them, in the colour c1…c6.

    Cases that went wrong are drawn as crosses.
    """

    label: str
    rows: float
    colour: int
    wrong: bool = False


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
    height, marks = len(rows) * ROW, [] if mark is None else [mark]
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
    marks = [] if mark is None else [mark]
    up = svg.scale([*values, *marks], top + PLOT, top + 8)
    levels, left = svg.beside(up, show)
    across = svg.scale(svg.positions(x), left + 6, WIDTH - 8)
    elements = key + levels + [svg.line(left, up(v), WIDTH, up(v), "mark") for v in marks]
    for s, one in enumerate(series):
        elements += _curve([across(value) for value in svg.positions(x)], one, up, svg.colour(s))
    elements += svg.below(across, x, top + PLOT, label)
    return svg.picture(title, "", top + PLOT + svg.room_below(label), elements)


def calibration(title: str, points: Sequence[tuple[float, float]]) -> Markup:
    """(mean score, observed share) a bin, and the line on which the two are equal."""
    scores = [score for score, _ in points]
    series = [Line("observed share", [share for _, share in points]), Line("ideal", scores)]
    return lines(title, scores, series, label="score", show=percent)


def matrix(
    title: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float]]],
    *,
    show: Show = number,
    description: str = "",
) -> Markup:
    """Amounts with their sign in a small table of cells: gains are green, costs are red."""
    left = min(svg.widest(name for name, _ in rows), WIDEST_NAME) + 10
    wide = (WIDTH - left) / max(len(columns), 1)
    middles = [left + (i + 0.5) * wide for i in range(len(columns))]
    elements = [
        svg.text(middle, 8, svg.fit(name, wide - 6), name, anchor="middle")
        for middle, name in zip(middles, columns, strict=True)
    ]
    size, style = {"width": wide - 4, "height": CELL - 4, "rx": 6}, {"class_": "strong large"}
    for r, (name, amounts) in enumerate(rows):
        y = 20 + r * CELL
        elements.append(svg.text(0.0, y + CELL / 2, svg.fit(name, left - 8), name))
        for middle, amount in zip(middles, amounts, strict=True):
            kind = "gain" if amount > 0 else "loss" if amount < 0 else "even"
            elements.append(svg.tag("rect", x=middle - wide / 2 + 2, y=y + 2, **size, class_=kind))
            words = f"+{show(amount)}" if amount > 0 else show(amount)
            elements.append(svg.text(middle, y + CELL / 2, words, **style, anchor="middle"))
    return svg.picture(title, description, 22 + len(rows) * CELL, elements)


def icon_array(title: str, groups: Sequence[CaseGroup], *, description: str = "") -> Markup:
    """A thousand marks, one a case, group by group: a dot for a right case, a cross for a wrong."""
    counts = thousand([group.rows for group in groups])
    elements, at, top = [], 0, LEGEND * len(groups) + 10
    for i, (group, count) in enumerate(zip(groups, counts, strict=True)):
        y = LEGEND * (i + 0.5)
        words = f"{count:,} {group.label}"
        elements.append(_marks([(6.0, y)], group))
        elements.append(svg.text(16.0, y, svg.fit(words, WIDTH - 18), words, class_="strong"))
        positions = [divmod(n, PER_ROW) for n in range(at, at + count)]
        spots = [((x + 0.5) * STEP, top + (row + 0.5) * STEP) for row, x in positions]
        elements.append(_marks(spots, group))
        at += count
    return svg.picture(title, description, top + -(-at // PER_ROW) * STEP, filter(None, elements))


def thousand(rows: Sequence[float]) -> list[int]:
    """Shares of 1,000 as whole numbers that add up to it, by largest remainders (Hamilton 1792)."""
    exact = [ICONS * part / (sum(rows) or 1.0) for part in rows]
    counts = [int(part) for part in exact]
    largest_remainders = sorted(range(len(rows)), key=lambda i: counts[i] - exact[i])
    for i in largest_remainders[: ICONS - sum(counts) if any(rows) else 0]:
        counts[i] += 1
    return counts


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


def _marks(spots: Sequence[tuple[float, float]], group: CaseGroup) -> str:
    """One path for all marks: a thousand elements would be ten times as large."""
    class_, shape = ("crosses", "m-2.5-2.5l5 5m0-5l-5 5") if group.wrong else ("icon-array", "h0")
    drawn = "".join(f"M{x:.1f} {y:.1f}{shape}" for x, y in spots)
    return svg.tag("path", d=drawn, class_=f"{class_} l{group.colour}") if spots else ""
