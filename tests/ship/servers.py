"""What the tests with clients run against: the project's server, a proxy, another web server."""

import http.client
import http.server
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.conftest import Project

PREFIX = "/models/parcels"


@dataclass(frozen=True)
class Server:
    """A running server of a small model, and a row that it takes."""

    url: str
    row: str

    def counts(self) -> dict[str, float]:
        """Refusals of web pages, predicted rows and stored labels so far."""
        text = requests.get(f"{self.url}/metrics", timeout=10).text
        patterns = {
            "refused": r'^serving_requests_total\{.*status="403"\} (.+)',
            "predicted": r"^serving_rows_predicted_total\{.*\} (.+)",
            "stored": r"^serving_labels_stored_total (.+)",
        }
        return {
            name: sum(map(float, re.findall(pattern, text, re.MULTILINE)))
            for name, pattern in patterns.items()
        }


class StripsPrefix(http.server.BaseHTTPRequestHandler):
    """A proxy that shows a server below PREFIX, and passes on neither that nor Host."""

    server_url = ""

    def do_GET(self) -> None:
        """Pass a request on without its prefix."""
        size = int(self.headers.get("Content-Length", 0))
        body, path = self.rfile.read(size), self.path.removeprefix(PREFIX)
        if path == self.path:
            self.send_error(404)
            return
        server = self.server_url.removeprefix("http://")
        there = http.client.HTTPConnection(server, timeout=30)
        there.request(self.command, path, body, {**dict(self.headers), "Host": server})
        answer = there.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        there.close()

    do_POST = do_GET  # noqa: N815  # the base class's name

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@contextmanager
def web(handler: Callable[..., http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """A web server on a free port: its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(
    made: tuple[Project, str], python: Path, *words: str, **environment: str
) -> Iterator[Server]:
    """The project's server in a process of its own."""
    project, row = made
    logs = project.path / f"logs-{len(list(project.path.glob('logs-*')))}"
    command = [str(python), "-m", "serving", "run", "--bundle", "bundle", "--rehearsal"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--log", str(logs), *words],
        cwd=project.path,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        greeting = process.stdout.readline()
        assert greeting.startswith("serving "), "the server did not start; its errors stand above"
        yield Server(greeting.split()[-1], row)
    finally:
        process.kill()
        process.wait()
