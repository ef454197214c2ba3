"""SVG elements, scales, axes, legends and text that fits.

A drawing names no colour. Its elements carry classes (`c1`…`c6`, `grid`, `text`) that the page's
style sheet fills, so one drawing is right in light mode, in dark mode and on paper.
"""

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from engine.pages.formatting import number

# Pictures are drawn for the width of a phone; wide screens set several side by side.
WIDTH = 360.0
PLOT = 160.0  # height of the plot in charts with two axes
ROW = 26.0  # height of a row in charts of rows
COLOURS = 6  # classes c1…c6 of the style sheet
LETTER = 12.0
WIDEST_LABEL = 145.0
NARROW, WIDE = frozenset("iIjl.,:;|'!()[]ft -"), frozenset("mwMW@%—…")

# Ranges below and values beyond cannot be divided: floats lose their digits, or overflow.
SMALLEST_RANGE, LARGEST = 1e-300, 1e307

Show = Callable[[float], str]
Positions = Sequence[float | str]


@dataclass(frozen=True)
class AxisScale:
    """Maps values from `low` to `high` onto pixels from `start` to `end`; beyond is clipped."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def scale(values: Iterable[float], start: float, end: float, zero: bool = False) -> AxisScale:
    """A scale that holds all finite values (with `zero`, 0 too); a single value gets a margin."""
    finite = [min(max(float(v), -LARGEST), LARGEST) for v in values if math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < SMALLEST_RANGE:
        margin = abs(low) * 0.1 if abs(low) > 10 * SMALLEST_RANGE else 1.0
        low, high = (low if zero and low == 0 else low - margin), high + margin
    return AxisScale(low, high, start, end)


def ticks(low: float, high: float, at_most: int = 5) -> list[float]:
    """Round numbers between low and high: 1, 2 or 5 times a power of ten apart."""
    power = 10.0 ** math.floor(math.log10((high - low) / at_most))
    for step in (power * times for times in (1, 2, 5, 10, 20)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < at_most:
            break
    # Fifteen digits: what a float holds, without the noise of a product. Neighbours may be equal.
    return sorted({float(f"{i * step:.15g}") + 0.0 for i in range(first, last + 1)})


def tick_texts(values: Sequence[float], show: Show | None = None) -> list[str]:
    """Ticks as text: formatted by `show`, or all with the same number of decimals."""
    largest = max((abs(v) for v in values), default=0.0)
    if show or len(values) < 2 or largest >= 1e6 or 0 < largest < 1e-3:
        return [(show or number)(v) for v in values]
    step = values[1] - values[0]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{v:,.{decimals}f}".replace("-", "−") for v in values]


def tag(name: str, inner: str = "", /, **attributes: object) -> str:
    """An element; `class_` is written class, numbers lose needless digits, values are escaped."""
    written = name
    for key, value in attributes.items():
        written += f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
    return f"<{written}>{inner}</{name}>" if inner else f"<{written}/>"


def text(x: float, y: float, words: str, hint: str = "", **attributes: object) -> str:
    """A line of text whose middle is at height y; a hint is shown where words had to be cut."""
    inner = escape(words) + (tag("title", escape(hint)) if hint not in ("", words) else "")
    if anchor := attributes.pop("anchor", ""):
        attributes["text_anchor"] = anchor
    return tag("text", inner, x=x, y=y + 4, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str = "grid") -> str:
    """A straight line."""
    return path([(x1, y1), (x2, y2)], class_)


def path(points: Sequence[tuple[float, float]], class_: str, closed: bool = False) -> str:
    """A line through points, or the area they enclose."""
    points_ = "L".join(f"{_short(x)} {_short(y)}" for x, y in points)
    return tag("path", d=f"M{points_}{'Z' if closed else ''}", class_=class_)


def width_of(words: str) -> float:
    """The width of a line of text in pixels, estimated (rather too wide) from its letters."""
    ems = 0.0
    for letter in words:
        if unicodedata.east_asian_width(letter) in "WF":
            ems += 1.0
        elif letter in NARROW or letter in WIDE:
            ems += 0.34 if letter in NARROW else 0.92
        else:
            ems += 0.68 if letter.isupper() else 0.57
    return LETTER * ems


def widest(texts: Iterable[str]) -> float:
    """The width of the widest text; 0 of none."""
    return max(map(width_of, texts), default=0.0)


def fit(words: str, width: float) -> str:
    """The words, cut with an ellipsis where they would be wider."""
    if width_of(words) <= width:
        return words
    while words and width_of(words + "…") > width:
        words = words[:-1]
    return words.rstrip() + "…"


def picture(title: str, description: str, height: float, elements: Iterable[str]) -> Markup:
    """A whole drawing with its title and description for screen readers.

    The result is marked as safe to print: the elements escaped all text from data.
    """
    inner = tag("title", escape(title) or "Picture")
    if description:
        inner += tag("desc", escape(description))
    box = f"0 0 {_short(WIDTH)} {_short(height)}"
    svg = tag("svg", inner + "".join(elements), class_="chart", viewBox=box, role="img")
    return Markup(svg)  # noqa: S704  every text and attribute above went through escape


def colour(i: int) -> int:
    """The number of the i-th series' colour, counted from 1."""
    return i % COLOURS + 1


def positions(x: Positions) -> list[float]:
    """Where values stand on an axis; words (names, dates) stand at even distances."""
    return [float(i) if isinstance(v, str) else v for i, v in enumerate(x)]


def below(
    across: AxisScale, x: Positions, y: float, label: str = "", show: Show | None = None
) -> list[str]:
    """The axis at the bottom: words as given or round ticks, and its label under them."""
    if len(x) and isinstance(x[0], str):
        texts = [(across(float(i)), str(words)) for i, words in enumerate(x)]
    else:
        values = ticks(across.low, across.high)
        texts = list(zip(map(across, values), tick_texts(values, show), strict=True))
    labels = [((across.start + across.end) / 2, fit(label, WIDTH))] if label else []
    return _spread(texts, y + 15) + _spread(labels, y + 33)


def room_below(label: str) -> float:
    """The height that `below` takes."""
    return 43.0 if label else 25.0


def beside(up: AxisScale, show: Show | None = None) -> tuple[list[str], float]:
    """The axis at the left with its level lines, and where the plot beside it starts."""
    values = ticks(up.low, up.high, at_most=4)
    texts = tick_texts(values, show)
    left = widest(texts) + 8
    elements = []
    for value, words in zip(values, texts, strict=True):
        elements.append(line(left, up(value), WIDTH, up(value)))
        elements.append(text(left - 6, up(value), words, anchor="end"))
    return elements, left


def row_labels(labels: Sequence[str], top: float = 0.0) -> tuple[list[str], float]:
    """The names at the left of rows, and where the drawing beside them starts."""
    width = min(widest(labels), WIDEST_LABEL)
    rows = [(top + (i + 0.5) * ROW, label) for i, label in enumerate(labels)]
    return [text(0.0, y, fit(label, width), hint=label) for y, label in rows], width + 10


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
        elements.append(tag("rect", **swatch, class_=f"c{colour(i)}"))
        elements.append(text(x + 16, y, words, hint=name))
        x += 16 + width_of(words) + 16
    return elements, y + 14


def _spread(texts: Sequence[tuple[float, str]], y: float) -> list[str]:
    """Texts centred on their positions, kept inside the drawing; overlapping ones are skipped."""
    elements, taken = [], -math.inf
    for x, words in texts:
        half = width_of(words) / 2
        middle = min(max(x, half), WIDTH - half)
        if middle - half > taken:
            elements.append(text(middle, y, words, anchor="middle"))
            taken = middle + half + 6
    return elements


def _short(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
