"""Runs the real server in a process of its own, for checks that need one."""

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from engine.problem.files import child_environment, stages_home
from engine.serving import ids
from engine.serving.access import FILE, KEYS

START_SECONDS, STOP_SECONDS = 120, 30
GREETING = re.compile(r"serving \w+ on http://([\d.]+):(\d+)")

Connection = http.client.HTTPConnection


@contextmanager
def server(bundle: Path, logs: Path) -> Iterator[tuple[Connection, int]]:
    """A rehearsal server on a free port: connection and process id; RuntimeError if it fails."""
    command = [sys.executable, "-m", "serving", "run", "--bundle", str(bundle.absolute()),
             "--rehearsal", "--port", "0", "--log", str(logs.absolute())]  # fmt: skip
    logs.mkdir(parents=True, exist_ok=True)
    stderr_file = logs / "server.txt"
    # Without keys: only this process calls it.
    secret = (KEYS, FILE, ids.KEY, ids.FILE)
    env = {name: value for name, value in child_environment().items() if name not in secret}
    with stderr_file.open("w") as errors:
        process = subprocess.Popen(
            command, cwd=stages_home(), env=env, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        lines: Iterator[str] = iter(process.stdout or ())
        if (address := next(filter(None, map(GREETING.match, lines)), None)) is None:
            code, last = process.wait(), stderr_file.read_text().strip().rpartition("\n")[2]
            raise RuntimeError(f"the server did not start (code {code}): {last}")
        connection = Connection(address[1], int(address[2]), timeout=START_SECONDS)
        yield connection, process.pid
        connection.close()
        process.send_signal(signal.SIGTERM)
        if code := process.wait(STOP_SECONDS):
            raise RuntimeError(f"the server stopped with code {code}: {stderr_file.read_text()}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def call(connection: Connection, route: str, body: Any) -> dict[str, Any]:
    """The response to a POST; RuntimeError if its status is not 200."""
    status, answer = post(connection, route, body)
    if status != http.client.OK:
        raise RuntimeError(f"POST {route} answered {status}: {json.dumps(answer)}")
    return answer


def post(connection: Connection, route: str, body: Any) -> tuple[int, dict[str, Any]]:
    """Status and response of a POST."""
    connection.request("POST", route, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def memory_mb(pid: int) -> float:
    """Memory that process `pid` holds (resident set), MB."""
    return float(psutil.Process(pid).memory_info().rss) / 2**20


def processor_seconds(pid: int) -> float:
    """Processor time of process `pid` so far, over all its threads, in seconds."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
