"""`python -m monitoring check` on a log that the project's own server wrote."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

import monitoring.__main__
from engine.bundle.bundle import Bundle
from engine.problem.errors import EXIT_GATE_CLOSED
from engine.serving.log.predictions import PredictionLog

Row = dict[str, Any]
# Runs the monitoring command after these rows were predicted: exit code, and the printed JSON.
Monitor = Callable[[list[Row]], tuple[int, dict[str, Any]]]


@pytest.fixture
def monitor(
    client: TestClient,
    log: PredictionLog,
    bundle: Bundle,
    capsys: pytest.CaptureFixture[str],
) -> Monitor:
    """Predict rows, wait until the log holds them, and run the check on it."""

    def run(rows: list[Row]) -> tuple[int, dict[str, Any]]:
        for start in range(0, len(rows), 500):
            response = client.post("/v1/predict", json={"rows": rows[start : start + 500]})
            assert response.status_code == 200, response.text
        log.close()
        capsys.readouterr()
        words = ["check", "--bundle", str(bundle.path), "--log", str(log.folder.parent), "--json"]
        return monitoring.__main__.main(words), json.loads(capsys.readouterr().out)

    return run


def enough(bundle: Bundle, rows: list[Row]) -> list[Row]:
    """The rows, repeated until there are as many as monitoring needs for a verdict."""
    return rows * -(-bundle.problem.monitoring.minimum_rows // len(rows))


def test_monitoring_rows_like_the_test_rows_are_no_drift(
    monitor: Monitor, bundle: Bundle, requests: list[Row]
) -> None:
    code, result = monitor(enough(bundle, requests))
    assert code == 0, result["headline"]
    assert result["counted"] >= len(requests)


def test_monitoring_the_same_row_again_and_again_is_drift(
    monitor: Monitor, bundle: Bundle, requests: list[Row]
) -> None:
    code, result = monitor(enough(bundle, requests[:1]) * 2)
    assert code == EXIT_GATE_CLOSED
    assert result["verdict"] == "drift"


def test_monitoring_too_few_rows_are_insufficient_data(
    monitor: Monitor, requests: list[Row]
) -> None:
    """Never 'ok': nobody can know yet."""
    code, result = monitor(requests[:2])
    assert code == 0
    assert result["verdict"] == "insufficient data"
