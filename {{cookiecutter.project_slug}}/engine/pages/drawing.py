"""Drawing by hand: SVG tags, scales, round ticks and text that fits.

A drawing names no colour. Its parts carry classes (`c1`…`c6`, `grid`, `text`) that the page's
style sheet fills, so one drawing is right in light, in dark and on paper.
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
LETTER = 12.0
NARROW, WIDE = frozenset("iIjl.,:;|'!()[]ft -"), frozenset("mwMW@%—…")

# Spans and values beyond cannot be divided: floats lose their digits, or overflow.
LEAST_SPAN, LARGEST = 1e-300, 1e307

Show = Callable[[float], str]


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` onto pixels from `start` to `end`; beyond is clipped."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel at which a value stands."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def scale(values: Iterable[float], start: float, end: float, zero: bool = False) -> Scale:
    """A scale that holds all finite values (and zero if asked), with room where they are one."""
    finite = [float(v) for v in values if v is not None and math.isfinite(v)]
    finite = [min(max(v, -LARGEST), LARGEST) for v in finite]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < LEAST_SPAN:
        room = abs(low) * 0.1 if abs(low) > 10 * LEAST_SPAN else 1.0
        low, high = (low if zero and low == 0 else low - room), high + room
    return Scale(low, high, start, end)


def ticks(low: float, high: float, at_most: int = 5) -> list[float]:
    """Round numbers between low and high: 1, 2 or 5 times a power of ten apart."""
    power = 10.0 ** math.floor(math.log10((high - low) / at_most))
    for step in (power * times for times in (1, 2, 5, 10, 20)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < at_most:
            break
    # Fifteen digits: what a float holds, without the noise of a product. Neighbours may be equal.
    return sorted({float(f"{i * step:.15g}") + 0.0 for i in range(first, last + 1)})


def tick_texts(values: Sequence[float]) -> list[str]:
    """Ticks written with one number of decimals, so that they compare at a glance."""
    largest = max((abs(v) for v in values), default=0.0)
    if len(values) < 2 or largest >= 1e6 or 0 < largest < 1e-3:
        return [number(v) for v in values]
    step = values[1] - values[0]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{v:,.{decimals}f}".replace("-", "−") for v in values]


def tag(name: str, inner: str = "", /, **attributes: object) -> str:
    """An element; `class_` is written class, numbers lose needless digits, values are escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def text(x: float, y: float, words: str, hint: str = "", **attributes: object) -> str:
    """A line of text whose middle is at height y; a hint is shown where words had to be cut."""
    inner = escape(words) + (tag("title", escape(hint)) if hint not in ("", words) else "")
    if anchor := attributes.pop("anchor", ""):
        attributes["text_anchor"] = anchor
    return tag("text", inner, x=x, y=y + 4, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str = "grid") -> str:
    """A straight line."""
    return tag("path", d=f"M{_short(x1)} {_short(y1)}L{_short(x2)} {_short(y2)}", class_=class_)


def path(points: Sequence[tuple[float, float]], class_: str, closed: bool = False) -> str:
    """A line through points, or the area they enclose."""
    points_ = "L".join(f"{_short(x)} {_short(y)}" for x, y in points)
    return tag("path", d=f"M{points_}{'Z' if closed else ''}", class_=class_)


def width_of(words: str) -> float:
    """The width of a line of text in pixels, estimated (rather too wide) from its letters."""
    return LETTER * sum(_letter(letter) for letter in words)


def fit(words: str, room: float) -> str:
    """The words, cut with an ellipsis where they would be wider than the room."""
    if width_of(words) <= room:
        return words
    while words and width_of(words + "…") > room:
        words = words[:-1]
    return words.rstrip() + "…"


def picture(title: str, description: str, height: float, elements: Iterable[str]) -> Markup:
    """A whole drawing: a title and a description for those who do not see it, then its parts.

    The result is marked as safe to print: whatever came from data was escaped on its way here.
    """
    inner = tag("title", escape(title) or "Picture")
    if description:
        inner += tag("desc", escape(description))
    box = f"0 0 {_short(WIDTH)} {_short(height)}"
    svg = tag("svg", inner + "".join(elements), class_="chart", viewBox=box, role="img")
    return Markup(svg)  # noqa: S704  every text and attribute above went through escape


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)


def _letter(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter in NARROW:
        return 0.34
    if letter in WIDE:
        return 0.92
    return 0.68 if letter.isupper() else 0.57
