"""`make ui` serves MLflow's page about the runs of this machine, on 127.0.0.1 alone."""

import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from engine.problem.errors import BadInput
from engine.training.record.ui import main


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty project as the working directory, and no server of runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_ui_without_runs_is_refused_and_makes_no_database() -> None:
    with pytest.raises(BadInput, match="MLFLOW_TRACKING_URI") as refused:
        main([])
    assert refused.value.code == "no-runs"
    assert list(Path().iterdir()) == []


def test_ui_names_the_page_of_a_server_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://user:secret@runs.example.org/mlflow")
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "runs.example.org/mlflow" in printed
    assert "secret" not in printed


def test_ui_serves_the_database_on_this_machine_alone(store: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "engine.training.record.ui", "--port", str(port)],
        env=os.environ | {"MLFLOW_TRACKING_URI": store},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            try:
                with urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as response:
                    assert response.status == 200
                break
            except OSError:
                assert server.poll() is None
                time.sleep(0.1)
        else:
            pytest.fail("the page did not respond")
        if sys.platform == "linux":  # where 127.0.0.2 is this machine, too
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), 1).close()
    finally:
        server.terminate()
        server.wait(30)
