"""The real server in a process of its own, and clients that send without a pause."""

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

from engine.tests.project import PYTHONPATH
from engine.tests.serving.made import ROW

CALLERS = 4
# One of so many requests of a client holds many rows.
EACH = 4
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server, its folder and its process."""

    port: int
    folder: Path
    process: "subprocess.Popen[str]"

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and body of a response, over a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, json.dumps(body) if body else None)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def dropped(self) -> int:
        """The number of records that the log dropped."""
        match = re.search(
            r"^serving_log_dropped_total (\S+)$", self.request("GET", "/metrics")[1], re.M
        )
        assert match
        return int(float(match[1]))

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for the condition while the server runs."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < end, "what was waited for did not come"
            time.sleep(0.02)


@contextmanager
def serving(
    folder: Path, bundle: Path | None, *around: str, options: Sequence[str] = ()
) -> Iterator[Server]:
    """A server that runs in `folder`; the command `around` may start it.

    It answers with `bundle` as a rehearsal, without one with what is released in the folder.
    """
    which = ["--rehearsal", "--bundle", str(bundle)] if bundle else []
    process = subprocess.Popen(
        [*around, sys.executable, "-m", "serving", "run", "--port", "0", *which, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("serving "), "the server did not start; its errors stand above"
        yield Server(int(line.rpartition(":")[2]), folder, process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@dataclass
class Load:
    """Clients that request predictions until the server stops or the `with` block ends.

    Each row is different, so that a record can be compared with its response.
    """

    server: Server
    many: int = 20
    """The number of rows of a large request."""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By prediction id: the prediction and the row that was sent."""
    came: list[tuple[float, str]] = field(default_factory=list)
    """When a response arrived (monotonic clock), and its prediction id."""
    wrong: list[str] = field(default_factory=list)
    """Other statuses and errors; a connection that ends before its response is no error."""
    cut: list[float] = field(default_factory=list)
    """When a response ended too early, as those of a killed process do."""
    _ended: threading.Event = field(default_factory=threading.Event)
    _numbers: Iterator[int] = field(default_factory=count)
    _callers: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._callers = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for caller in self._callers:
            caller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Send nothing more, and return after the last response."""
        self._ended.set()
        self.join()

    def join(self) -> None:
        """Return once every client has ended."""
        for caller in self._callers:
            caller.join()

    def _call(self) -> None:
        port, turns = self.server.port, count()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        while not self._ended.is_set():
            many = self.many if next(turns) % EACH == 0 else 1
            rows = [ROW | {"days": next(self._numbers)} for _ in range(many)]
            try:
                connection.request(
                    "POST", "/v1/predict", json.dumps({"rows": rows} if many > 1 else rows[0])
                )
                response = connection.getresponse()
            except ConnectionError:  # no response: the server has stopped
                return
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                return
            try:
                body = response.read()
            except (OSError, http.client.HTTPException):
                self.cut.append(time.monotonic())
                return
            if response.status != 200:
                self.wrong.append(f"{response.status}: {body[:200]!r}")
                return
            self._note(rows, json.loads(body))

    def _note(self, rows: Sequence[dict[str, Any]], body: dict[str, Any]) -> None:
        at = time.monotonic()
        for row, answer in zip(rows, body.get("predictions", [body]), strict=True):
            self.came.append((at, answer["prediction_id"]))
            self.answers[answer["prediction_id"]] = {**answer, "row": row}


def logged_records(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of the log in `folder` by id; only last lines may be truncated."""
    records = {}
    for path in sorted(folder.glob("*.jsonl")):
        *whole, _ = path.read_bytes().split(b"\n")
        for line in whole:
            record = json.loads(line)
            assert record.pop("at")
            assert record["prediction_id"] not in records
            records[record["prediction_id"]] = record
    return records


def truncated(folder: Path) -> int:
    """The number of segments whose last line is truncated."""
    return sum(not path.read_bytes().endswith(b"\n") for path in folder.glob("*.jsonl"))
