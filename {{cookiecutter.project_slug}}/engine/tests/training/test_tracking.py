"""The database of runs is created completely, or not at all."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.tests.project import HOME
from engine.training.record.tracking import connect

CONNECT = """
import sys; sys.path.insert(0, sys.argv[1])
from engine.tests.project import HOME
from engine.training.record.tracking import connect; connect('x')
"""


def test_connect_after_a_killed_start_creates_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow needs seconds to make its tables, and cannot mend half of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    child = subprocess.Popen([sys.executable, "-c", CONNECT, str(HOME)])
    while child.poll() is None and not list(tmp_path.glob("build/mlflow.db.*-journal")):
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "mlflow.db").exists()
    assert int(connect("again")) > 0
    assert (tmp_path / "mlflow.db").exists()
