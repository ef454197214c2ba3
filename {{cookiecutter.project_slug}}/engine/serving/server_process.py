"""Runs the real server in a process of its own, for checks that need one."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.problem.project import child_environment, stages_home
from engine.serving import ids
from engine.serving.access.keys import FILE, KEYS

START_SECONDS = 120
STOP_SECONDS = 30
GREETING = re.compile(r"serving \w+ on http://([\d.]+):(\d+)")

Connection = http.client.HTTPConnection


@contextmanager
def server(bundle: Path, logs: Path) -> Iterator[tuple[Connection, int]]:
    """A server of `bundle` as a rehearsal, on a free port: a connection and the process id.

    Raises:
        RuntimeError: it did not start, or did not stop with exit code 0.
    """
    command = [sys.executable, "-m", "serving", "run", "--bundle", str(bundle.absolute()),
             "--rehearsal", "--port", "0", "--log", str(logs.absolute())]  # fmt: skip
    logs.mkdir(parents=True, exist_ok=True)
    stderr_file = logs / "server.txt"
    # Without keys: only this process calls it, and the real server's keys must not be used here.
    secret = (KEYS, FILE, ids.KEY, ids.FILE)
    env = {name: value for name, value in child_environment().items() if name not in secret}
    with stderr_file.open("w") as errors:
        process = subprocess.Popen(
            command, cwd=stages_home(), env=env, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        connection = _connect(process, stderr_file)
        yield connection, process.pid
        connection.close()
        process.send_signal(signal.SIGTERM)
        if code := process.wait(STOP_SECONDS):
            raise RuntimeError(f"the server stopped with code {code}: {stderr_file.read_text()}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _connect(process: "subprocess.Popen[str]", stderr_file: Path) -> Connection:
    stdout = process.stdout
    for line in stdout or ():
        if match := GREETING.match(line):
            return Connection(match[1], int(match[2]), timeout=START_SECONDS)
    code, last = process.wait(), stderr_file.read_text().strip().rpartition("\n")[2]
    raise RuntimeError(f"the server did not start (code {code}): {last}")


def call(connection: Connection, route: str, body: Any) -> dict[str, Any]:
    """The response to a POST.

    Raises:
        RuntimeError: the status is not 200.
    """
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
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        match = re.search(r"VmRSS:\s+(\d+) kB", status.read_text(encoding="ascii"))
        kilobytes = float(match[1]) if match else 0.0
    else:
        done = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
        )
        kilobytes = float(done.stdout)
    return kilobytes / 1024


def processor_seconds(pid: int) -> float:
    """Processor time of process `pid` so far, over all its threads, in seconds."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        # After the name, which may hold anything: user and system time are the 12th and 13th.
        fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    done = subprocess.run(
        ["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    fields_of_time = reversed(done.stdout.strip().split(":"))
    return sum(float(value) * 60.0**place for place, value in enumerate(fields_of_time))
