"""Chromium over its debugging pipe: opens pages, runs scripts in them, keeps what they request."""

import json
import os
import select
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# A page that takes longer is broken; the machine may be slow.
PATIENCE_SECONDS = 60
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
)


class Browser:
    """A browser; `requests` holds the address of everything that its pages asked for."""

    def __init__(self, commands: int, events: int) -> None:
        """Take the files to write commands to and read events from."""
        self._commands, self._events = commands, events
        self._count, self._rest = 0, b""
        self.requests: list[str] = []

    def open(self, url: str) -> "Page":
        """A page that has loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self, str(attached["sessionId"]))
        for domain in ("Network", "Page"):
            self.call(f"{domain}.enable", page.session)
        found = self.call("Page.navigate", page.session, url=url)
        assert "errorText" not in found, f"{url}: {found}"
        self._until(lambda message: message.get("method") == "Page.loadEventFired")
        return page

    def call(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """The result of a command of the Chrome DevTools Protocol."""
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters}
        command |= {"sessionId": session} if session else {}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        answer = self._until(lambda message: message.get("id") == self._count)
        assert "error" not in answer, f"{method}: {answer}"
        return dict(answer["result"])

    def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            message = self._read()
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            if wanted(message):
                return message

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._events], [], [], PATIENCE_SECONDS)
            assert ready, f"the browser sent nothing for {PATIENCE_SECONDS} s"
            data = os.read(self._events, 1_000_000)
            assert data, "the browser has ended"
            self._rest += data
        text, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(text))


class Page:
    """An open page."""

    def __init__(self, browser: Browser, session: str) -> None:
        """Take what `Target.attachToTarget` returned."""
        self._browser, self.session = browser, session

    def run(self, script: str) -> object:
        """The value of a script's expression; of a promise, what it comes to."""
        found = self._browser.call(
            "Runtime.evaluate",
            self.session,
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, selector: str, text: str = "") -> None:
        """Return once the page has such an element that contains the text."""
        self.run(
            "new Promise((resolve) => { const look = () => "
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            f".some((one) => one.textContent.includes({json.dumps(text)}))"
            " ? resolve() : requestAnimationFrame(look); look(); })"
        )

    def click(self, selector: str) -> None:
        """Click an element, as soon as there is one."""
        self.wait_for(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).click()")


@contextmanager
def browser(program: str, profile: Path, names: str) -> Iterator[Browser]:
    """A browser that resolves no name but `names`, which are all this machine."""
    rules = f"MAP {names} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    commands, to_browser = os.pipe()
    from_browser, events = os.pipe()
    words = [program, "--remote-debugging-pipe", *OPTIONS, f"--host-resolver-rules={rules}"]
    # It reads commands from file 3 and writes to file 4.
    files = f'exec "$0" "$@" 3<&{commands} 4>&{events}'
    process = subprocess.Popen(
        ["bash", "-c", files, *words, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(commands, events),
        stderr=subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(events)
    try:
        yield Browser(to_browser, from_browser)
    finally:
        os.close(to_browser)  # it ends with its pipe
        os.close(from_browser)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
