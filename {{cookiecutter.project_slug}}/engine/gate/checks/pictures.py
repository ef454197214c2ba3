"""The pictures that checks and the journey share."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.pages import charts
from engine.pages.page import Figure


def intervals(
    title: str, rows: Mapping[str, Mapping[str, Any]], caption: str, mark: float | None = None
) -> Figure:
    """Named values with their intervals (`value`, `low`, `high`); `mark` is a vertical line."""
    plotted = [
        charts.Dot(name.replace("_", " "), one["value"], one["low"], one["high"])
        for name, one in rows.items()
    ]
    return Figure(charts.interval_plot(title, plotted, mark=mark), caption)


def latencies(times_ms: Sequence[float], note: str) -> Figure:
    """The histogram of the times of single requests, in milliseconds."""
    title = "Response time of requests of one row, ms"
    edges, counts = latency_histogram(times_ms)
    picture = charts.histogram(title, edges, counts)
    return Figure(picture, f"{title}. {note}")


def latency_histogram(times_ms: Sequence[float]) -> tuple[list[float], list[float]]:
    """Bin edges and counts; the last bin holds the slowest 1 % too."""
    top = max(float(np.quantile(times_ms, 0.99)), 1.0)
    counts, edges = np.histogram(np.minimum(times_ms, top), 24, (0, top))
    return edges.tolist(), counts.astype(float).tolist()
