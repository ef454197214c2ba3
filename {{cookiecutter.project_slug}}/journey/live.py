"""Sends the test rows to the real server, and their outcomes after them."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.columns import json_rows
from problem.columns import Column

START_SECONDS = 120
STOP_SECONDS = 30
# Rows that are sent alone, to see how long one answer takes; the rest go a hundred at a time.
ALONE = 300
TOGETHER = 100
GREETING = re.compile(r"serving \w+ on http://([\d.]+):(\d+)")


@dataclass
class Traffic:
    """What was sent and what came back; times in milliseconds, memory in MB."""

    sent: int = 0
    labelled: int = 0
    memory_mb: float = 0.0
    times_ms: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    example_row: dict[str, Any] = field(default_factory=dict)
    example_answer: dict[str, Any] = field(default_factory=dict)
    refused_status: int = 0
    refused_answer: dict[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """Rows that got an answer."""
        return len(self.ids)

    @property
    def p50_ms(self) -> float:
        """Half of the single rows were answered within."""
        return float(np.quantile(self.times_ms, 0.5))

    @property
    def p99_ms(self) -> float:
        """99 of 100 single rows were answered within."""
        return float(np.quantile(self.times_ms, 0.99))

    @property
    def edges_ms(self) -> list[float]:
        """Edges of the histogram of times; the slowest hundredth shares the last bar."""
        top = max(self.p99_ms, 1.0)
        return [float(edge) for edge in np.linspace(0, top, 25)]

    @property
    def counts(self) -> list[float]:
        """Requests between the edges."""
        clipped = np.minimum(self.times_ms, self.edges_ms[-1])
        return [float(n) for n in np.histogram(clipped, self.edges_ms)[0]]


@contextmanager
def server(bundle: Path, logs: Path) -> Iterator[tuple[http.client.HTTPConnection, int]]:
    """A server of `bundle` as a rehearsal, on a free port, for the length of a with block.

    Yields a connection to it and the id of its process.

    Raises:
        RuntimeError: it did not start, or did not stop in order.
    """
    words = [sys.executable, "-m", "serving", "run", "--bundle", str(bundle), "--rehearsal",
             "--port", "0", "--log", str(logs)]  # fmt: skip
    logs.mkdir(parents=True, exist_ok=True)
    said = logs / "server.txt"
    with said.open("w") as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        connection = _connect(process, said)
        yield connection, process.pid
        connection.close()
        process.send_signal(signal.SIGTERM)
        if code := process.wait(STOP_SECONDS):
            raise RuntimeError(f"the server stopped with code {code}; it said: {said.read_text()}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _connect(process: "subprocess.Popen[str]", said: Path) -> http.client.HTTPConnection:
    stdout = process.stdout
    for line in stdout or ():
        if match := GREETING.match(line):
            return http.client.HTTPConnection(match[1], int(match[2]), timeout=START_SECONDS)
    raise RuntimeError(f"the server did not start (code {process.wait()}): {said.read_text()}")


def exchange(
    bundle: Path, logs: Path, rows: pd.DataFrame, columns: tuple[Column, ...],
    labels: Sequence[Any],
) -> Traffic:  # fmt: skip
    """Start the server, send it `rows`, a broken row and the `labels`, and stop it."""
    sent = json_rows(rows, columns)
    traffic = Traffic(sent=len(sent))
    with server(bundle, logs) as (connection, pid):
        for row in sent[:ALONE]:
            began = time.perf_counter()
            answer = _ask(connection, "/v1/predict", row)
            traffic.times_ms.append(1000 * (time.perf_counter() - began))
            traffic.ids.append(answer["prediction_id"])
            traffic.example_row, traffic.example_answer = row, answer
        for start in range(ALONE, len(sent), TOGETHER):
            some = {"rows": sent[start : start + TOGETHER]}
            answers = _ask(connection, "/v1/predict", some)["predictions"]
            traffic.ids += [one["prediction_id"] for one in answers]
        broken = {**sent[0], "no such field": 1}
        traffic.refused_status, traffic.refused_answer = _post(connection, "/v1/predict", broken)
        known = [{"prediction_id": one, "label": label}
                 for one, label in zip(traffic.ids, labels, strict=True)]  # fmt: skip
        for start in range(0, len(known), TOGETHER):
            some = {"labels": known[start : start + TOGETHER]}
            traffic.labelled += _ask(connection, "/v1/labels", some)["stored"]
        traffic.memory_mb = memory_mb(pid)
    return traffic


def _ask(connection: http.client.HTTPConnection, route: str, body: Any) -> dict[str, Any]:
    status, answer = _post(connection, route, body)
    if status != http.client.OK:
        raise RuntimeError(f"POST {route} answered {status}: {json.dumps(answer)}")
    return answer


def _post(
    connection: http.client.HTTPConnection, route: str, body: Any
) -> tuple[int, dict[str, Any]]:
    connection.request("POST", route, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def memory_mb(pid: int) -> float:
    """Memory that process `pid` holds (resident set), MB."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text(encoding="ascii"))
        kilobytes = float(found[1]) if found else 0.0
    else:
        done = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
        )
        kilobytes = float(done.stdout)
    return kilobytes / 1024
