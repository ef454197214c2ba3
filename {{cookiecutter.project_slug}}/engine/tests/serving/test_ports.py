"""The server listens on the given port, and may have a separate one for probes and metrics."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import pytest

from engine.serving.http.openapi import OPERATE
from engine.serving.run import listen
from engine.tests.serving.made import ROW
from engine.tests.serving.test_run import command, environment, serving


def free_port() -> str:
    with listen("127.0.0.1", 0) as listener:
        return str(listener.getsockname()[1])


def test_operate_port_serves_probes_and_metrics(tmp_path: Path, bundle_path: Path) -> None:
    words = ("--bundle", bundle_path, "--rehearsal", "--operate-port", "0", "--drain", "600")
    with serving(tmp_path, *words) as (url, process):
        assert process.stdout is not None
        beside = process.stdout.readline().split()[-1]
        for path in OPERATE:
            assert httpx.get(f"{beside}{path}").status_code == 200
            assert httpx.get(f"{url}{path}").status_code == 404
        assert httpx.post(f"{url}/v1/predict", json=ROW).status_code == 200
        for path in ("/v1/predict", "/invocations"):
            assert httpx.post(f"{beside}{path}", json=ROW).status_code == 404
        for path in ("/docs", "/openapi.json", "/ping", "/v2/health/ready"):
            assert httpx.get(f"{beside}{path}").status_code == 404
            assert httpx.get(f"{url}{path}").status_code == 200
        assert not OPERATE & set(httpx.get(f"{url}/openapi.json").json()["paths"])
        assert 'route="/v1/predict",status="200"} 1.0' in httpx.get(f"{beside}/metrics").text
        process.send_signal(signal.SIGTERM)
        while httpx.get(f"{beside}/readyz").status_code == 200:
            assert process.poll() is None
        assert httpx.post(f"{url}/v1/predict", json=ROW).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_taken_port_is_refused(tmp_path: Path, bundle_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        words = ("--bundle", bundle_path, "--rehearsal", "--port", "0", "--operate-port", port)
        ended = subprocess.run(
            command(*words),
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert "error[address-taken]" in ended.stderr


@pytest.mark.parametrize("words", [(), ("serve",)])
def test_port_variable_sets_the_port(
    tmp_path: Path, bundle_path: Path, words: tuple[str, ...]
) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", "run", "--bundle", bundle_path, "--rehearsal", *words],
        cwd=tmp_path,
        env=environment() | {"PORT": port},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(f":{port}\n")
        assert httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200
    finally:
        process.kill()
        process.wait()


def test_invalid_port_variable_is_refused(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "serving", "run", "serve"],
        cwd=tmp_path,
        env=environment() | {"PORT": "http"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "PORT" in ended.stderr
