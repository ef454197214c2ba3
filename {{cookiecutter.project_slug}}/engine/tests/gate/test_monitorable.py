"""False alarms of the monitor are refused; drift within the test period is a warning."""

import pandas as pd
import pytest

from engine.tests.gate.conftest import Make


def test_monitorable_drift_over_time_is_a_warning(workshop: Make) -> None:
    made = workshop("binary")
    path = made.root / "data/raw/orders.parquet"
    rows = pd.read_parquet(path)
    # From the middle of the test on, parcels weigh more.
    late = rows.index >= len(rows) * 0.9
    rows["weight"] = (rows["weight"] + 15 * late).clip(0, 40)
    rows.to_parquet(path)
    finding = made.run("monitorable")
    assert finding.outcome == "warn"
    assert "weight" in finding.measured
    assert finding.next


def test_monitorable_false_alarms_are_refused(
    workshop: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = workshop("binary")
    assert made.run("monitorable").outcome == "pass"
    monkeypatch.setattr("engine.monitoring.drift.FALSE_ALARM", 10.0)
    finding = made.run("monitorable")
    assert finding.outcome == "refuse"
    assert "of 5 random halves: " in finding.measured


def test_monitorable_too_few_rows_is_not_applicable(workshop: Make) -> None:
    made = workshop("binary")
    path = made.root / "problem/problem.toml"
    path.write_text(path.read_text().replace("minimum_rows = 30", "minimum_rows = 100"))
    finding = made.run("monitorable")
    assert finding.outcome == "not applicable"
    assert "180 test rows; two halves of 100" in finding.measured
