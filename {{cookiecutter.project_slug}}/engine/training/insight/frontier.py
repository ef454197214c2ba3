"""Quality against latency: which candidates no other beats in both, and their picture."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from engine.pages.drawing import (
    PLOT,
    WIDTH,
    below,
    beside,
    line,
    path,
    picture,
    room_below,
    scale,
    tag,
    text,
    width_of,
)
from engine.pages.formatting import number

Trials = Sequence[Mapping[str, Any]]


def frontier(trials: Trials, *, higher_is_better: bool) -> list[str]:
    """The names of trials (as in training.json) that no other beats in both, the fastest first."""
    sign = 1.0 if higher_is_better else -1.0
    best, kept = float("-inf"), []
    for trial in sorted(_timed(trials), key=lambda one: (one["latency_ms"], -sign * one["mean"])):
        if sign * trial["mean"] > best:
            best = sign * trial["mean"]
            kept.append(str(trial["name"]))
    return kept


def drawing(trials: Trials, metric: str, *, higher_is_better: bool) -> Markup:
    """A spot a candidate with twice its standard error; a line joins those on the frontier."""
    timed = _timed(trials)
    ends = [v for one in timed for v in (one["mean"] - 2 * one["error"], _top(one))]
    up = scale(ends, PLOT, 14)
    parts, left = beside(up)
    across = scale([one["latency_ms"] for one in timed], left + 12, WIDTH - 12, zero=True)
    best = frontier(trials, higher_is_better=higher_is_better)
    on = [next(one for one in timed if one["name"] == name) for name in best]
    parts.append(path([(across(one["latency_ms"]), up(one["mean"])) for one in on], "line l2"))
    for one in timed:
        x, y = across(one["latency_ms"]), up(one["mean"])
        parts.append(line(x, up(one["mean"] - 2 * one["error"]), x, up(_top(one)), "whisker l1"))
        said = f"{one['name']}: {number(one['mean'])} in {number(one['latency_ms'])} ms"
        parts.append(tag("circle", tag("title", said), cx=x, cy=y, r=5, class_="c1"))
    parts += _names([(across(one["latency_ms"]), up(one["mean"]), one["name"]) for one in timed])
    label = "milliseconds for a row alone"
    parts += below(across, [], PLOT, label)
    told = "; ".join(
        f"{one['name']} {number(one['mean'])} in {number(one['latency_ms'])} ms" for one in timed
    )
    return picture(f"{metric} against latency", told, PLOT + room_below(label), parts)


def _names(spots: Sequence[tuple[float, float, str]]) -> list[str]:
    """A name beside each spot, on the side that has room, none over another."""
    taken: list[tuple[float, float, float]] = []
    parts = []
    for x, height, name in sorted(spots, key=lambda spot: spot[1]):
        y = height
        words = name.replace("_", " ")
        width = width_of(words)
        to_left = x + 10 + width > WIDTH
        start = x - 10 - width if to_left else x + 10
        while any(abs(y - b) < 13 and start < d and c < start + width for b, c, d in taken):
            y += 13
        taken.append((y, start, start + width))
        parts.append(
            text(x - 10 if to_left else x + 10, y, words, anchor="end" * to_left, class_="over")
        )
    return parts


def _timed(trials: Trials) -> list[Mapping[str, Any]]:
    return [one for one in trials if one["latency_ms"] is not None]


def _top(one: Mapping[str, Any]) -> float:
    return float(one["mean"] + 2 * one["error"])
