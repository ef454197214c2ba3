"""The real server, in a process of its own, over HTTP."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from engine.problem.errors import BadInput
from engine.serving.run import listen
from engine.tests.project import PYTHONPATH
from engine.tests.serving.made import ROW


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "serving", "run", *map(str, words)]


@contextmanager
def serving(folder: Path, *words: str | Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server in `folder` on a free port: its address and process."""
    process = subprocess.Popen(
        command("--port", "0", *words),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving "), "the server did not start; its errors stand above"
        yield line.split()[-1], process
    finally:
        process.kill()
        process.wait()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": PYTHONPATH}


def logged_ids(folder: Path) -> list[str]:
    """The ids in the prediction log; every line must be complete."""
    return [
        json.loads(line)["prediction_id"]
        for path in folder.glob("logs/predictions/*.jsonl")
        for line in path.read_text().splitlines()
    ]


def test_shutdown_under_load_loses_no_response(tmp_path: Path, bundle_path: Path) -> None:
    answered: list[str] = []

    def send(url: str) -> None:
        with httpx.Client() as client:
            try:
                while True:
                    answer = client.post(f"{url}/v1/predict", json=ROW)
                    answered.append(answer.json()["prediction_id"])
            except httpx.TransportError:
                return  # the server has stopped

    with serving(tmp_path, "--bundle", bundle_path, "--rehearsal") as (url, process):
        senders = [threading.Thread(target=send, args=(url,)) for _ in range(4)]
        for sender in senders:
            sender.start()
        while len(answered) < 100:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        for sender in senders:
            sender.join()
    assert set(answered) <= set(logged_ids(tmp_path))
    assert len(logged_ids(tmp_path)) == len(set(logged_ids(tmp_path)))


def test_draining_server_responds_until_a_second_signal(tmp_path: Path, bundle_path: Path) -> None:
    words = ("--bundle", bundle_path, "--rehearsal", "--drain", "600")
    with serving(tmp_path, *words) as (url, process):
        assert httpx.get(f"{url}/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        while httpx.get(f"{url}/readyz").status_code == 200:
            time.sleep(0.05)
        assert httpx.post(f"{url}/v1/predict", json=ROW).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_unwritable_log_and_long_bodies_stop_no_responses(
    tmp_path: Path, bundle_path: Path
) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 100_000

    (tmp_path / "logs").write_text("a file where the folder should be")
    with serving(tmp_path, "--bundle", bundle_path, "--rehearsal") as (url, process):
        for content in (b" " * 4_000_000, chunks()):
            response = httpx.post(f"{url}/v1/predict", content=content)
            assert response.status_code == 413  # and the client could read the response
            assert response.json()["type"] == "urn:problem:body-too-large"
        for _ in range(5):
            assert httpx.post(f"{url}/v1/predict", json=ROW).status_code == 200
        while "serving_log_dropped_total 5.0" not in httpx.get(f"{url}/metrics").text:
            assert process.poll() is None
            time.sleep(0.05)
        assert httpx.get(f"{url}/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_response_is_sent_without_delay() -> None:
    async def sends_at_once() -> bool:
        accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        listener = listen("127.0.0.1", 0)
        server = await asyncio.start_server(lambda _, to: accepted.put_nowait(to), sock=listener)
        async with server:
            _, client = await asyncio.open_connection(*listener.getsockname())
            writer = await accepted.get()
            option = writer.get_extra_info("socket").getsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY
            )
            writer.close()
            client.close()
            return bool(option)

    assert asyncio.run(sends_at_once())


def test_server_without_a_release_does_not_start(tmp_path: Path) -> None:
    ended = subprocess.run(
        command(), cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error[")
    assert "deploy/release.toml" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_listen_on_an_invalid_address_raises() -> None:
    with listen("127.0.0.1", 0) as taken:
        for host, port in (taken.getsockname(), ("127.0.0.1", 70_000), ("192.0.2.1", 0)):
            with pytest.raises(BadInput) as raised:
                listen(host, port)
            assert raised.value.code == "address-taken"


def test_server_uses_the_api_keys_of_its_environment(
    tmp_path: Path, bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "a-key-of-the-environment"
    monkeypatch.setenv("SERVING_API_KEYS", key)
    words = ("--bundle", bundle_path, "--rehearsal")
    with serving(tmp_path, *words) as (url, _):
        route = f"{url}/v1/predict"
        assert httpx.post(route, json=ROW).status_code == 401
        headers = {"Authorization": f"Bearer {key}"}
        assert httpx.post(route, json=ROW, headers=headers).status_code == 200
    monkeypatch.setenv("SERVING_API_KEYS", "")
    refused = subprocess.run(
        command("--port", "0", *words), check=False, cwd=tmp_path, env=environment(),
        capture_output=True, text=True,
    )  # fmt: skip
    assert refused.returncode == 2
    assert refused.stderr.startswith("error[no-api-key]")
