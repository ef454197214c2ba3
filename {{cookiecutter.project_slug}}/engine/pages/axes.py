"""What stands around a plot: axes, row labels and legends, none of them over another."""

import math
from collections.abc import Sequence

from engine.pages.drawing import (
    WIDTH,
    Scale,
    Show,
    fit,
    line,
    tag,
    text,
    tick_texts,
    ticks,
    width_of,
)

ROW = 26.0  # height of a row in charts of rows
PLOT = 160.0  # height of the plot in charts with two axes
COLOURS = 6  # classes c1…c6 of the style sheet
WIDEST_LABEL = 145.0

Positions = Sequence[float | str]


def colour(i: int) -> int:
    """The number of the i-th series' colour, counted from 1."""
    return i % COLOURS + 1


def positions(x: Positions) -> list[float]:
    """Where values stand on an axis; words (names, dates) stand at even distances."""
    return [float(i) if isinstance(v, str) else v for i, v in enumerate(x)]


def below(
    across: Scale, x: Positions, y: float, label: str = "", show: Show | None = None
) -> list[str]:
    """The axis at the bottom: words as given or round ticks, and under them what they mean."""
    if len(x) and isinstance(x[0], str):
        texts = [(across(float(i)), str(words)) for i, words in enumerate(x)]
    else:
        values = ticks(across.low, across.high)
        written = [show(v) for v in values] if show else tick_texts(values)
        texts = [(across(v), words) for v, words in zip(values, written, strict=True)]
    middle = (across.start + across.end) / 2
    return spread(texts, y + 15) + (spread([(middle, fit(label, WIDTH))], y + 33) if label else [])


def room_below(label: str) -> float:
    """The height that `below` takes."""
    return 43.0 if label else 25.0


def beside(up: Scale, show: Show | None = None) -> tuple[list[str], float]:
    """The axis at the left with its level lines, and where the plot beside it starts."""
    values = ticks(up.low, up.high, at_most=4)
    texts = [show(v) for v in values] if show else tick_texts(values)
    left = max((width_of(words) for words in texts), default=0.0) + 8
    elements = []
    for value, words in zip(values, texts, strict=True):
        elements.append(line(left, up(value), WIDTH, up(value)))
        elements.append(text(left - 6, up(value), words, anchor="end"))
    return elements, left


def row_labels(labels: Sequence[str], top: float = 0.0) -> tuple[list[str], float]:
    """The names at the left of rows, and where the drawing beside them starts."""
    room = min(max((width_of(label) for label in labels), default=0.0), WIDEST_LABEL)
    elements = [
        text(0.0, top + (i + 0.5) * ROW, fit(label, room), hint=label)
        for i, label in enumerate(labels)
    ]
    return elements, room + 10


def legend(names: Sequence[str]) -> tuple[list[str], float]:
    """A swatch and a name for each series, wrapped; and the height taken. One series needs none."""
    if len(names) < 2:
        return [], 0.0
    elements, x, y = [], 0.0, 8.0
    for i, name in enumerate(names):
        words = fit(name, WIDTH - 20)
        if x and x + 16 + width_of(words) > WIDTH:
            x, y = 0.0, y + 18
        swatch = {"x": x, "y": y - 5, "width": 10, "height": 10, "rx": 2}
        elements += [
            tag("rect", **swatch, class_=f"c{colour(i)}"),
            text(x + 16, y, words, hint=name),
        ]
        x += 16 + width_of(words) + 16
    return elements, y + 14


def spread(texts: Sequence[tuple[float, str]], y: float) -> list[str]:
    """Texts centred on their places, kept inside the drawing; what would overlap is left out."""
    elements, taken = [], -math.inf
    for x, words in texts:
        half = width_of(words) / 2
        middle = min(max(x, half), WIDTH - half)
        if middle - half > taken:
            elements.append(text(middle, y, words, anchor="middle"))
            taken = middle + half + 6
    return elements
