"""Servers to measure: ours, what a team would pick instead, and the least that any could do.

Each runs in a process of its own on the servers' core, with the packages it is deployed with: ours
has those of its image. The sender has the other core.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

SERVER, SENDER = "0", "1"
PATIENCE = 120.0

# uvicorn's own limit: a body is read, a constant answered.
ECHO = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"score":0.5}'})
"""
# The same server with nothing kept and nothing counted.
FORGETFUL = """
import sys
from engine.serving.log.predictions import PredictionLog
from engine.serving.metrics import Metrics, ValueCounts

PredictionLog.add = Metrics.request = ValueCounts.observe = lambda *_: None
from serving.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Server:
    """A server that answers, and what is sent to it."""

    name: str
    url: str
    body: str
    pid: int
    ready_seconds: float


@dataclass(frozen=True)
class Place:
    """A project with one run and one bundle, and two Pythons: the whole project's, the image's."""

    project: Path
    python: Path
    shipped: Path
    row: dict[str, float | str]

    @property
    def bundle(self) -> Path:
        """The bundle's folder."""
        return next(one for one in (self.project / "build/bundles").iterdir()
                    if one.suffix != ".runtime")  # fmt: skip


@contextlib.contextmanager
def ours(place: Place, name: str, program: tuple[str, ...] = ("-m", "serving")) -> Iterator[Server]:
    """The project's own server, as a rehearsal: checks, log and metrics are on."""
    port = _free()
    words = [*program, "run", "--rehearsal", "--bundle", str(place.bundle), "--port", str(port)]
    with _started(place, place.shipped, words, port, "/readyz") as (pid, seconds):
        url = f"http://127.0.0.1:{port}/v1/predict"
        yield Server(name, url, json.dumps(place.row), pid, seconds)


@contextlib.contextmanager
def mlflow(place: Place) -> Iterator[Server]:
    """`mlflow models serve` with the model that the run recorded."""
    port, [model] = _free(), list((place.project / "mlartifacts").rglob("MLmodel"))
    words = ["-m", "mlflow", "models", "serve", "--env-manager", "local"]
    words += ["--model-uri", str(model.parent), "--port", str(port)]
    with _started(place, place.python, words, port, "/ping") as (pid, seconds):
        body = {"dataframe_split": {"columns": list(place.row), "data": [list(place.row.values())]}}
        url = f"http://127.0.0.1:{port}/invocations"
        yield Server("mlflow models serve", url, json.dumps(body), pid, seconds)


@contextlib.contextmanager
def echo(place: Place) -> Iterator[Server]:
    """A bare ASGI application under uvicorn at its fastest, with httptools and uvloop."""
    (place.project / "build/echo.py").write_text(ECHO, encoding="utf-8")
    port = _free()
    words = ["-m", "uvicorn", "--app-dir", "build", "echo:app", "--port", str(port)]
    words += ["--no-access-log", "--log-level", "warning"]
    with _started(place, Path(sys.executable), words, port, "/") as (pid, seconds):
        yield Server("bare ASGI echo", f"http://127.0.0.1:{port}/", json.dumps(place.row), pid,
                     seconds)  # fmt: skip


@contextlib.contextmanager
def _started(
    place: Place, python: Path, words: list[str], port: int, probe: str
) -> Iterator[tuple[int, float]]:
    """A server on the servers' core: its process, and the seconds until it answers."""
    began = time.perf_counter()
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    environ = os.environ | {"PYTHONPATH": str(place.project), "PATH": path}
    with tempfile.TemporaryFile() as log:
        command = ["taskset", "--cpu-list", SERVER, str(python), *words]
        process = subprocess.Popen(
            command, cwd=place.project, env=environ, stdout=log, stderr=log, start_new_session=True
        )
        try:
            while not _answers(f"http://127.0.0.1:{port}{probe}"):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                    log.seek(0)
                    raise SystemExit(f"{' '.join(words)} did not start:\n{log.read().decode()}")
                time.sleep(0.02)
            yield process.pid, time.perf_counter() - began
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310  # our own servers
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _free() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def asked(server: Server, connections: int, seconds: float) -> tuple[float, float]:
    """Requests a second and the median of their milliseconds, as wrk counts them."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        script.write(
            'wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"\n'
            f"wrk.body = [==[{server.body}]==]\n"
        )
        script.flush()
        command = ["taskset", "--cpu-list", SENDER, "wrk", "-t1", f"-c{connections}",
                   f"-d{seconds}s", "--latency", "--script", script.name, server.url]  # fmt: skip
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    if "Non-2xx" in done.stdout:
        raise SystemExit(f"{server.name} refused what it was sent:\n{done.stdout}")
    [rate] = re.findall(r"Requests/sec:\s+([\d.]+)", done.stdout)
    [(middle, unit)] = re.findall(r"50%\s+([\d.]+)(us|ms|s)", done.stdout)
    return float(rate), float(middle) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def resident(server: Server) -> float:
    """MB that a server's processes have to themselves; what they share is counted by its part."""
    return sum(_resident(pid) for pid in _family(server.pid))


def _family(pid: int) -> list[int]:
    """A process and all that came of it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _resident(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
    [found] = re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found) / 1024
