"""The image's health check probes the port that the server has, whatever sets it."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from engine.serving import health
from engine.serving.address import SAGEMAKER_PORT, Address

EVERYWHERE = "0.0.0.0"  # noqa: S104  # only read here
RUN = ("-m", "serving", "run", "--host", EVERYWHERE, "--log", "/logs")  # as in the Dockerfile


@contextlib.contextmanager
def probed(status: int) -> Iterator[str]:
    """The port of a server whose readiness has this status; other paths are 404."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield str(server.server_port)
        finally:  # a failed test must not leave the thread running
            server.shutdown()
            thread.join()


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`first(words)` makes a process of these words the first one of the container."""
    with contextlib.ExitStack() as running:

        def start(*words: str) -> None:
            sleep = [sys.executable, "-c", "input()", *words]
            process = running.enter_context(subprocess.Popen(sleep, stdin=subprocess.PIPE))
            running.callback(process.kill)
            file = Path(f"/proc/{process.pid}/cmdline")
            while not file.read_bytes():  # the system is still starting the process
                pass
            monkeypatch.setattr(health, "COMMAND_LINE", file)

        monkeypatch.delenv("PORT", raising=False)
        monkeypatch.setattr(health, "SECONDS", 60.0)  # other work may slow this machine down
        yield start


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize(
    "words",
    [
        (*RUN, "--port", "{}"),
        (*RUN, "--port={}"),
        (*RUN, "--operate-port", "{}"),
        (*RUN, "--port", "1", "--operate-port", "{}"),
        (*RUN, "--operate-port", "1", "--operate-port={}", "--drain", "5"),
        ("docker-init", "--", "python", *RUN, "--port", "{}"),
    ],
)
def test_health_is_that_of_the_probed_port(
    first: Callable[..., None], words: tuple[str, ...], status: int
) -> None:
    with probed(status) as port:
        first(*(word.format(port) for word in words))
        assert health.main() == (status != 200)


@pytest.mark.parametrize("words", [RUN, ("sh", "start.sh")])
def test_port_variable_is_probed(
    first: Callable[..., None], words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with probed(200) as port:
        first(*words)
        monkeypatch.setenv("PORT", port)
        assert health.main() == 0


@pytest.mark.parametrize(("more", "port"), [((), 8000), (("serve",), SAGEMAKER_PORT)])
def test_default_port_is_probed(
    first: Callable[..., None], more: tuple[str, ...], port: int
) -> None:
    first(*RUN, *more)
    at = health.server_address()
    assert (at.port, at.operate_port) == (port, None)


def test_server_that_is_not_there_is_not_ready() -> None:
    with probed(200) as port:
        pass
    assert not health.is_ready(Address(EVERYWHERE, int(port)))
