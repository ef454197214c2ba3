"""A window of time is the same wherever the machine is, and is never empty."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.monitoring.live import window_of
from engine.problem.errors import BadInput
from engine.tests.monitoring.made import NOW, bundle_of, days_ago, frozen, rows, write_log
from monitoring.check import check


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is fourteen hours ahead."""
    monkeypatch.setenv("TZ", "UTC-14")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_window_is_in_utc_wherever_the_machine_is(tmp_path: Path) -> None:
    window = window_of(7, now=NOW)
    assert (window.begin, window.end) == (
        days_ago(7).replace(tzinfo=None),
        NOW.replace(tzinfo=None),
    )
    window = window_of(7, since=days_ago(2), now=NOW)
    assert window.begin == days_ago(2).replace(tzinfo=None)
    write_log(tmp_path, rows(150, 2), [0.5] * 150, at=NOW)
    assert check(bundle_of(frozen()), tmp_path, now=NOW).counted == 150


@pytest.mark.usefixtures("far_east")
def test_window_ends_at_the_present() -> None:
    window = window_of(3)
    assert window.end - window.begin == timedelta(days=3)
    assert abs(window.end.replace(tzinfo=UTC).timestamp() - time.time()) < 60


@pytest.mark.parametrize("since", [NOW, NOW + timedelta(seconds=1)])
def test_window_without_time_is_an_error(since: datetime) -> None:
    with pytest.raises(BadInput, match="--since") as raised:
        window_of(7, since=since, now=NOW)
    assert raised.value.code == "empty-window"
    assert window_of(7, since=NOW - timedelta(seconds=1), now=NOW)
