"""Lines through a plot, with their bands, gaps and outlines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.pages.drawing import Scale, path, tag

FEW_POINTS = 30  # a line of so few points shows each of them


@dataclass(frozen=True)
class Line:
    """A series: one value an x; with `low` and `high` (as many) it is drawn within their band."""

    name: str
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def outline(at: Sequence[float], heights: Sequence[float], floor: float, class_: str) -> str:
    """The silhouette of standing bars: their heights between the places `at`, one more."""
    steps = [(at[0], floor)]
    for a, b, y in zip(at, at[1:], heights, strict=False):
        steps += [(a, y), (b, y)]
    return path([*steps, (at[-1], floor)], class_)


def curve(at: Sequence[float], one: Line, up: Scale, c: int) -> list[str]:
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
            over = [(at[i], up(one.high[i])) for i in piece]
            under = [(at[i], up(one.low[i])) for i in reversed(piece)]
            elements.append(path([*over, *under], f"band c{c}", closed=True))
        elements.append(path([(at[i], up(one.values[i])) for i in piece], f"line l{c}"))
        if len(one.values) <= FEW_POINTS:
            spots = [(at[i], up(one.values[i])) for i in piece]
            elements += [tag("circle", cx=x, cy=y, r=3, class_=f"c{c}") for x, y in spots]
    return elements
