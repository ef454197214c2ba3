"""The image as a container: started as a manifest says, asked from inside, stopped by a signal.

It has a network of its own with nobody else in it, so it takes the very port that it has in
production, no one else can reach it, and it can reach no one.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from tests.ship import isolate
from tests.ship.isolate import Setting, Volume
from tests.ship.manifests import Start

NAMESPACES = ("--mount", "--net", "--pid")
# Sends one request from where the server can be reached, with the image's own Python.
ASK = """
import http.client, sys
server = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
server.request(sys.argv[2], sys.argv[3], sys.stdin.read(), {"Content-Type": "application/json"})
answer = server.getresponse()
print(answer.status, answer.read().decode())
"""


@dataclass(frozen=True)
class Image:
    """An image's files in the folder `root`, and what its configuration says."""

    root: Path
    config: dict[str, Any]

    @property
    def env(self) -> dict[str, str]:
        """Its environment."""
        return dict(line.split("=", 1) for line in self.config["Env"])

    @property
    def user(self) -> tuple[int, int]:
        """Numbers of its user and group."""
        user, group = self.config["User"].split(":")
        return int(user), int(group)

    @property
    def port(self) -> int:
        """The one port that it listens on."""
        [port] = self.config["ExposedPorts"]
        return int(port.removesuffix("/tcp"))

    @property
    def health(self) -> list[str]:
        """The command that tells whether it is healthy."""
        how, *words = self.config["Healthcheck"]["Test"]
        return ["/bin/sh", "-c", *words] if how == "CMD-SHELL" else words


@dataclass(frozen=True)
class Container:
    """A container that has been started."""

    image: Image
    setting: Setting
    process: "subprocess.Popen[str]"
    errors: IO[str]

    @property
    def pid(self) -> int:
        """Its first process, as this machine numbers it."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text())

    def said(self) -> str:
        """What it wrote to its standard error so far."""
        self.errors.seek(0)
        return self.errors.read()

    def wait_for_greeting(self) -> None:
        """Return when the server says that it answers; fail if it ends instead."""
        stdout = self.process.stdout
        if not any(line.startswith("serving ") for line in stdout or ()):
            raise AssertionError(f"ended with code {self.process.wait()}: {self.said()}")

    def run(self, *command: str, input: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command beside the server, as its user and in its environment."""
        enter = ["nsenter", f"--target={self.pid}", *NAMESPACES, "--root", "--wd"]
        enter += [f"--setuid={self.setting.user}", f"--setgid={self.setting.group}"]
        env = [f"{name}={value}" for name, value in self.setting.env.items()]
        words = [*enter, "--", "/usr/bin/env", "-i", *env, *command]
        return subprocess.run(words, input=input, capture_output=True, text=True, check=False)

    def python(self, code: str) -> str:
        """Run code in the image's Python; return what it printed."""
        done = self.run("python", "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a request to the server; return status and answer."""
        text = "" if body is None else json.dumps(body)
        done = self.run("python", "-I", "-c", ASK, str(self.image.port), method, path, input=text)
        assert done.returncode == 0, done.stderr + self.said()
        status, answer = done.stdout.split(maxsplit=1)
        return int(status), json.loads(answer)

    def terminate(self) -> None:
        """Ask it to stop, as a node does."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once; its other processes end with its first."""
        # Changing the user has undone what would let it die with `unshare`.
        os.kill(self.pid, signal.SIGKILL)

    def code(self, seconds: float | None = None) -> int:
        """Wait until it has ended; return its exit code."""
        return self.process.wait(seconds)


@contextmanager
def container(
    image: Image, start: Start, sources: Mapping[str, Path], errors: Path
) -> Iterator[Container]:
    """Start the image as `start` says for the length of a with block; what is left is killed.

    `sources` are the folders of this machine that it sees in the places which `start` mounts.
    """
    user, group = start.user or image.user
    setting = Setting(
        root=str(image.root),
        command=[*image.config["Entrypoint"], *(start.arguments or image.config["Cmd"] or ())],
        env=image.env | start.env,
        folder=image.config["WorkingDir"],
        user=user,
        group=group,
        volumes=[Volume(str(sources[to]), to, only) for to, only in start.mounts.items()],
    )
    words = ["unshare", *NAMESPACES, "--fork", "--kill-child", sys.executable]
    words += [str(isolate.__file__), json.dumps(asdict(setting))]
    with (
        errors.open("w+") as said,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        started = Container(image, setting, process, said)
        try:
            yield started
        finally:
            if process.poll() is None:
                started.kill()
