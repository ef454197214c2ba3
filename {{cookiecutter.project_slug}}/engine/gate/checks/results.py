"""What checks share: the comparison of documents, lists of faults, and pictures."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.bundle.replay import same
from engine.gate.checks.check import Result
from engine.pages import charts
from engine.pages.page import Figure

# More lines mostly repeat the same fault.
SHOWN = 3


def pass_without(faults: Sequence[str], measured: str, required: str, advice: str) -> Result:
    """Refused with the first faults and the advice; passed with `measured` where there is none."""
    if faults:
        return Result("refuse", shorten(faults), required, advice)
    return Result("pass", measured, required)


def shorten(lines: Sequence[str], separator: str = "; ", shown: int = SHOWN) -> str:
    """The first lines, and the number of the others."""
    more = [f"and {len(lines) - shown} more"] if len(lines) > shown else []
    return separator.join([*lines[:shown], *more])


def link(original: Path, place: Path) -> None:
    """Put a link to a file or folder in `place`, or a copy where links need a permission."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    try:
        place.symlink_to(original.absolute(), target_is_directory=original.is_dir())
    except OSError:  # on Windows
        copy = shutil.copytree if original.is_dir() else shutil.copyfile
        copy(original, place)


def differences(recorded: Any, computed: Any, where: str) -> list[str]:
    """Every value in which two JSON documents differ, scores within the tolerance of serving."""
    pairs: list[tuple[Any, Any, Any]]
    are_lists = isinstance(recorded, list) and isinstance(computed, list)
    if isinstance(recorded, dict) and isinstance(computed, dict):
        keys = [*computed, *(key for key in recorded if key not in computed)]
        pairs = [(key, recorded.get(key), computed.get(key)) for key in keys]
    elif are_lists and len(recorded) == len(computed):
        pairs = list(zip(range(1, len(computed) + 1), recorded, computed, strict=True))
    elif same(computed, recorded):
        return []
    else:
        shown = [
            f"{len(value)} entries" if isinstance(value, list) else f"{value!r:.60}"
            for value in (recorded, computed)
        ]
        return [f"{where} is {shown[0]}, expected {shown[1]}"]
    return [line for key, one, other in pairs for line in differences(one, other, f"{where} {key}")]


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
    """The histogram of the times of single requests; the last bin holds the slowest 1 % too."""
    title = "Response time of requests of one row, ms"
    top = max(float(np.quantile(times_ms, 0.99)), 1.0)
    counts, edges = np.histogram(np.minimum(times_ms, top), 24, (0, top))
    picture = charts.histogram(title, edges.tolist(), counts.astype(float).tolist())
    return Figure(picture, f"{title}. {note}")
