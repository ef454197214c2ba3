"""The EDA page of values near the limits of a float."""

from pathlib import Path

import numpy as np
import pytest

from engine.tests.eda.frames import Task, mixed
from engine.tests.eda.test_report import TASKS, page_of


@pytest.mark.parametrize("size", [1e-320, 1e-160, 1e160, 3e306])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.filterwarnings("error")
def test_report_values_at_float_limits_no_warning(task: Task, size: float, tmp_path: Path) -> None:
    frame = mixed(task)
    values = np.random.default_rng(0).uniform(1, 50, len(frame)) * size
    frame = frame.assign(extreme=values, other=values * 0.5)
    assert "<h3>extreme</h3>" in page_of(frame, tmp_path / "index.html", task)
    rising = frame.assign(outcome=values / size) if task == "regression" else frame
    page_of(rising, tmp_path / "index.html", task)
    if task == "regression":
        page_of(frame.assign(outcome=values), tmp_path / "index.html", task)
