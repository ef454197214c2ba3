"""Drift is named where it is, and rows without drift raise no alarm, however many columns."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from engine.bundle.reference import count_frame
from engine.contract.column import Column, ColumnType
from engine.monitoring.drift import Scored, drift_between, evaluate
from engine.monitoring.result import Finding
from engine.tests.monitoring.made import HOSTILE, frozen, rows

Kind = tuple[ColumnType, Callable[[np.random.Generator, int], object]]
# Each breaks a simpler monitor: heavy tails, ties, rare values, many values, gaps.
KINDS: list[Kind] = [
    ("number", lambda rng, n: rng.normal(size=n)),
    ("number", lambda rng, n: rng.pareto(1, n)),
    ("number", lambda rng, n: np.where(rng.random(n) < 0.95, 0, rng.exponential(size=n))),
    ("integer", lambda rng, n: rng.poisson(3, n)),
    ("category", lambda rng, n: rng.integers(0, 60, n).astype(str)),
    ("category", lambda rng, n: rng.zipf(1.5, n).astype(str)),
    ("category", lambda rng, n: rng.integers(0, 10**9, n).astype(str)),
    ("boolean", lambda rng, n: rng.random(n) < 0.01),
    ("number", lambda rng, n: np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n))),
    ("category", lambda rng, n: pd.Series(rng.choice(["a", "b"], n)).where(rng.random(n) < 0.9)),
]


def without_drift(before: int, now: int, columns: int, seed: int) -> list[Finding]:
    """The alarms over two samples of the same distributions."""
    rng = np.random.default_rng(seed)
    kinds = {f"c{i}": KINDS[i % len(KINDS)] for i in range(columns)}

    def sample(size: int) -> Scored:
        frame = pd.DataFrame({name: make(rng, size) for name, (_, make) in kinds.items()})
        return frame, rng.random(size)

    contract = [Column(name, kind, nullable=True) for name, (kind, _) in kinds.items()]
    findings = drift_between(sample(before), sample(now), contract, minimum_rows=30)
    return [finding for finding in findings if finding.wrong]


@pytest.mark.parametrize(
    ("before", "now", "columns", "runs"),
    [
        (100, 100, 10, 12),
        (100, 5000, 10, 5),
        (5000, 100, 10, 5),
        (1000, 1000, 10, 5),
        (500, 200, 100, 2),
        (20_000, 50_000, 10, 1),
    ],
)
def test_no_alarm_without_drift(before: int, now: int, columns: int, runs: int) -> None:
    # At most one run in a hundred may cry wolf; with these seeds none of these does.
    assert [without_drift(before, now, columns, seed) for seed in range(runs)] == [[]] * runs


def numbers(count: int, columns: int, seed: int) -> pd.DataFrame:
    table = np.random.default_rng(seed).normal(size=(count, columns))
    return pd.DataFrame(table, columns=[f"x{i}" for i in range(columns)])


def alarms(before: pd.DataFrame, now: pd.DataFrame) -> set[tuple[str, str]]:
    columns = [Column(name, "number", nullable=True) for name in before.columns]
    scores = np.random.default_rng(0).random(len(before)), np.random.default_rng(1).random(len(now))
    findings = drift_between((before, scores[0]), (now, scores[1]), columns, minimum_rows=100)
    return {(finding.check, finding.subject) for finding in findings if finding.wrong}


@pytest.mark.parametrize("columns", [10, 100])
@pytest.mark.parametrize(("before", "now"), [(5000, 200), (1000, 1000), (300, 5000)])
def test_a_shift_of_one_standard_deviation_is_named(before: int, now: int, columns: int) -> None:
    shifted = numbers(now, columns, 1)
    assert alarms(numbers(before, columns, 0), shifted) == set()
    shifted["x3"] += 1
    findings = alarms(numbers(before, columns, 0), shifted)
    assert ("distribution", "x3") in findings
    assert {name for _, name in findings} == {"x3"}


@pytest.mark.parametrize("where", ["reference", "live"])
def test_an_outlier_hides_no_shift(where: str) -> None:
    before, now = numbers(2000, 10, 0), numbers(500, 10, 1)
    (before if where == "reference" else now).loc[7, "x3"] = 1e12
    assert alarms(before, now) == set()
    now["x3"] += 1
    assert ("distribution", "x3") in alarms(before, now)


def test_drift_new_missing_values_are_named() -> None:
    before, now = numbers(2000, 10, 0), numbers(500, 10, 1)
    now.loc[now.index % 2 == 0, "x3"] = np.nan
    assert alarms(before, now) == {("missing", "x3")}


def test_drift_usual_missing_values_are_quiet() -> None:
    before, now = numbers(2000, 10, 0), numbers(500, 10, 1)
    for frame in (before, now):
        frame.loc[frame.index % 2 == 0, "x3"] = np.nan
    assert alarms(before, now) == set()


def test_another_unit_is_out_of_range() -> None:
    before, now = numbers(2000, 10, 0), numbers(500, 10, 1)
    now.loc[now.index % 10 == 0, "x3"] *= 1000
    assert ("range", "x3") in alarms(before, now)


@pytest.mark.parametrize("sides", [(1,), (-1,), (1, -1)])
def test_values_out_of_range_on_either_side_are_added_up(sides: tuple[int, ...]) -> None:
    before, now = numbers(2000, 3, 0), numbers(500, 3, 1)
    # 15 rows out of range, 3 %: where they are on both sides, neither side alone has 2 %.
    now["x1"] = now["x1"].clip(before["x1"].min(), before["x1"].max())
    now.loc[:14, "x1"] = [9.0 * sides[i % len(sides)] for i in range(15)]
    assert alarms(before, now) == {("range", "x1")}


def test_values_never_seen_in_a_constant_column_are_named() -> None:
    before, now = numbers(2000, 2, 0).assign(x1=7.0), numbers(500, 2, 1).assign(x1=7.0)
    assert alarms(before, now) == set()
    assert alarms(before, now.assign(x1=8.0)) == {("range", "x1")}


def of_reference(now: pd.DataFrame, minimum_rows: int = 100) -> dict[tuple[str, str], Finding]:
    scores = np.random.default_rng(9).random(len(now))
    findings = evaluate(frozen(), count_frame(now, scores, frozen()), minimum_rows)
    return {(finding.check, finding.subject): finding for finding in findings}


def named(findings: dict[tuple[str, str], Finding]) -> set[tuple[str, str]]:
    return {key for key, finding in findings.items() if finding.wrong}


def test_every_type_of_column_is_checked_and_quiet() -> None:
    findings = of_reference(rows(500, seed=4, day=300))
    assert named(findings) == set()
    assert {check for check, name in findings if name == "carrier"} == {
        "distribution",
        "missing",
        "unseen",
    }
    assert {check for check, name in findings if name == "ordered_at"} == {"missing"}
    assert {finding.verdict for finding in findings.values()} == {"ok"}


def test_an_unseen_category_is_named() -> None:
    now = rows(500, seed=4)
    now.loc[now.index % 10 == 0, "carrier"] = "drone"
    assert ("unseen", "carrier") in named(of_reference(now))


def test_drift_swapped_categories_are_named() -> None:
    now = rows(500, seed=4)
    now["service"] = now["service"].where(now.index % 2 == 0, "fast")
    assert named(of_reference(now)) == {("distribution", "service")}


def test_a_boolean_that_flips_is_named() -> None:
    now = rows(500, seed=4)
    assert named(of_reference(now.assign(fragile=~now["fragile"]))) == {("distribution", "fragile")}


def test_drift_dates_report_only_missing_values() -> None:
    now = rows(500, seed=4, day=1000)
    assert named(of_reference(now)) == set()
    now.loc[now.index % 4 == 0, "ordered_at"] = pd.NaT
    assert named(of_reference(now)) == {("missing", "ordered_at")}


def test_a_score_that_shifts_is_named() -> None:
    now = rows(500, seed=4)
    findings = evaluate(frozen(), count_frame(now, np.full(500, 0.9), frozen()), 100)
    assert {(finding.check, finding.subject) for finding in findings if finding.wrong} == {
        ("score", "")
    }


def test_below_the_minimum_nothing_is_ok_and_nothing_alarms() -> None:
    findings = of_reference(rows(99, seed=4, shift=5))
    assert {finding.verdict for finding in findings.values()} == {"insufficient data"}
    assert named(of_reference(rows(100, seed=4, shift=5))) >= {("distribution", HOSTILE)}


def test_a_column_without_values_is_not_ok() -> None:
    now = rows(500, seed=4).assign(Items=np.nan)
    findings = of_reference(now)
    assert findings["missing", "Items"].wrong
    assert findings["distribution", "Items"].verdict == "insufficient data"
    assert findings["range", "Items"].verdict == "insufficient data"


def test_finding_drift_has_detail_and_advice() -> None:
    finding = of_reference(rows(500, seed=4, shift=1))["distribution", HOSTILE]
    assert finding.measured is not None
    assert finding.threshold is not None
    assert finding.measured > finding.threshold
    assert "most in above" in finding.detail
    assert finding.advice


def test_drift_between_random_halves_is_quiet() -> None:
    table = numbers(2000, 5, 0)
    table["x2"] += np.linspace(0, 3, 2000)  # the rows are in the order of time
    columns = [Column(name, "number") for name in table.columns]
    scores = np.random.default_rng(0).random(2000)
    first = np.random.default_rng(1).random(2000) < 0.5
    for part, expected in ((first, set()), (np.arange(2000) < 1000, {"x2"})):
        before, after = ((table[rows], scores[rows]) for rows in (part, ~part))
        findings = drift_between(before, after, columns, minimum_rows=100)
        assert {finding.subject for finding in findings if finding.wrong} == expected
