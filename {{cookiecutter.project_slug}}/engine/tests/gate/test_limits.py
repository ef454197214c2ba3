"""A check decides by the right end of an interval, and at a limit itself in favour of the work."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.gate.checks import honest, worth_it
from engine.gate.checks.check import CheckContext, Outcome
from engine.problem.metrics import METRICS, Interval, measure_gain
from engine.tests.gate.untrained import context_of, edit, predicted, write

OTHER = "a" * 64


class _Champion:
    """A champion with these scores."""

    def __init__(self, scores: np.ndarray) -> None:
        self._scores = scores

    def scores(self, _: object) -> np.ndarray:
        return self._scores


# Where the limit lies on the interval of the gain, and the outcome.
ENDS: list[tuple[str, Outcome]] = [
    ("above all of it", "refuse"),
    ("at its high end", "warn"),
    ("between value and high end", "warn"),
    ("between low end and value", "warn"),
    ("at its low end", "pass"),
    ("below all of it", "pass"),
]


def limit_at(gain: Interval, place: str) -> float:
    limits = {
        "above all of it": gain.high + 1e-6,
        "at its high end": gain.high,
        "between value and high end": (gain.value + gain.high) / 2,
        "between low end and value": (gain.low + gain.value) / 2,
        "at its low end": gain.low,
        "below all of it": gain.low - 1e-6,
    }
    return limits[place]


@pytest.mark.parametrize(("place", "outcome"), ENDS)
def test_champion_interval_of_the_gain_decides(
    empty: Path, monkeypatch: pytest.MonkeyPatch, place: str, outcome: Outcome
) -> None:
    """Refused where even the high end is too low; a warning where only the low end is."""
    write("regression")
    context = context_of()
    days = context.dataset.test["days"].to_numpy()
    rng = np.random.default_rng(0)
    own, other = (days + rng.normal(0, noise, len(days)) for noise in (1.4, 1.0))
    gain = measure_gain(METRICS["mean_absolute_error"], days, own, other, stratify=False)
    assert gain.low < gain.value < gain.high < 0  # `worse_by` is not negative
    worse = f"worse_by = {-limit_at(gain, place)!r}"
    edit(("worse_by = 0.01", worse))
    candidate = {"value": 1.0, "low": 0.9, "high": 1.1}
    context = context_of(predictions=predicted(context, own), evaluation={"candidate": candidate})
    replaced = {"champion_if_any": OTHER, "refusal": None, "stored": Path(), "read": context.bundle}
    for name, value in replaced.items():
        monkeypatch.setattr(worth_it, name, lambda *_, value=value: value)
    monkeypatch.setattr(worth_it, "load", lambda *_, **__: _Champion(other))
    context.bundle.manifest["data_digest"] = context.dataset.digest
    result = worth_it.champion(context)
    assert result.outcome == outcome, result.measured


def evaluated(**values: Any) -> CheckContext:
    one = {"value": 0.9, "low": 0.8, "high": 1.0}
    evaluation = {
        "metric": "mean_absolute_error",
        "higher_is_better": False,
        "candidate": {"name": "model", **one},
        "baselines": [],
        "slices": [],
        "metrics": {},
    }
    return context_of(evaluation=evaluation | values)


def baseline(low: float) -> dict[str, Any]:
    gain = {"value": low + 1, "low": low, "high": low + 2}
    return {"name": f"gain from {low}", "value": 2.0, "low": 1.9, "high": 2.1, "difference": gain}


@pytest.mark.parametrize(
    ("value", "lows", "outcome"),
    [
        (1.0, [0.1], "pass"),  # both at their limits
        (1.0001, [0.1], "refuse"),
        (1.0, [0.0999], "refuse"),
        (1.0, [5.0, 0.0999], "refuse"),  # whichever baseline it is
        (1.0, [0.0999, 5.0], "refuse"),
        (1.0, [0.1, 5.0], "pass"),
    ],
)
def test_baseline_each_low_end_needs_the_margin(
    empty: Path, value: float, lows: list[float], outcome: Outcome
) -> None:
    write("regression")  # a minimum of 1.0, where less is better; a margin of 0.1
    candidate = {"name": "model", "value": value, "low": 0.8, "high": 1.2}
    context = evaluated(candidate=candidate, baselines=[baseline(low) for low in lows])
    assert worth_it.beats_baseline(context).outcome == outcome


def group(low: float, high: float, value: str = "north") -> dict[str, Any]:
    limits = {"metric": (low + high) / 2, "low": low, "high": high, "floor": 1.2}
    return {"column": "shop", "value": value, "rows": 90} | limits


UNKNOWN = group(0, 0) | {"metric": None, "low": None, "high": None, "rows": 29}


@pytest.mark.parametrize(
    ("higher", "groups", "outcome"),
    [
        (False, [group(1.2, 1.6)], "pass"),  # its best end holds the floor
        (False, [group(1.21, 1.6)], "refuse"),
        (True, [group(0.8, 1.2)], "pass"),
        (True, [group(0.8, 1.19)], "refuse"),
        (False, [group(0.1, 0.2), group(1.21, 1.6, "south")], "refuse"),  # any group
        (False, [UNKNOWN], "warn"),
        (False, [UNKNOWN, group(1.0, 1.1)], "pass"),
    ],
)
def test_slices_best_end_of_each_group_decides(
    empty: Path, higher: bool, groups: list[dict[str, Any]], outcome: Outcome
) -> None:
    write("regression")
    result = worth_it.slices(evaluated(higher_is_better=higher, slices=groups))
    assert result.outcome == outcome, result.measured


@pytest.mark.parametrize(
    ("error", "rows", "outcome"),
    [
        (Interval(0.15, 0.1, 0.2), 100, "pass"),  # at the limit, on the fewest rows
        (Interval(0.1501, 0.15, 0.2), 100, "warn"),
        (Interval(0.2, 0.1501, 0.25), 100, "refuse"),
        (Interval(0.01, 0.0, 0.02), 99, "warn"),
    ],
)
def test_calibration_low_end_refuses_and_value_warns(
    empty: Path, monkeypatch: pytest.MonkeyPatch, error: Interval, rows: int, outcome: Outcome
) -> None:
    write("binary")  # a limit of 0.15
    context = context_of()
    object.__setattr__(context.dataset, "test", context.dataset.test.head(rows))
    scores = np.linspace(0, 1, rows)
    context.__dict__["predictions"] = predicted(context, scores)
    monkeypatch.setattr(honest, "calibration_error", lambda *_: error)
    assert honest.calibration(context).outcome == outcome


LATE = (
    'days = "another outcome"\n',
    '\n[columns.known_after]\ndays = "when it has arrived"\n[columns.known_in_time]\n'
    'weight = "it is weighed at the counter"\n',
)


def test_leakage_note_does_not_silence_a_column_known_too_late(empty: Path) -> None:
    """The note covers the target, not a relation to a column that is known too late."""
    write("binary", LATE)
    context = context_of(evaluation={"metrics": {}})
    frame = context.dataset.frame
    assert honest.leakage(context).outcome == "pass"
    frame["weight"] = frame["days"] * 0.5
    result = honest.leakage(context)
    assert result.outcome == "refuse"
    assert "weight: " in result.measured
    assert "known too late: when it has arrived" in result.measured
