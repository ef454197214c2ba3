"""A release is acted on once its file has settled: neither half-written, nor while it changes."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.bundle import record
from engine.serving import model_holder
from engine.tests.serving.conftest import Made
from engine.tests.serving.released import Following


class Polled:
    """The release file; before each poll of the watcher it gets the next of some contents."""

    def __init__(self, file: Path, contents: Sequence[str]) -> None:
        self._file, self.contents = file, [*contents]

    def read_bytes(self) -> bytes:
        if self.contents:
            self._file.write_text(self.contents.pop(0))
        return self._file.read_bytes()


def polled(server: Following, monkeypatch: pytest.MonkeyPatch, *contents: str) -> None:
    """Give the file each content for one poll, and the last one for good; wait for a few more."""
    file = Polled(server.released.file, contents)
    monkeypatch.setattr(model_holder, "RELEASE_FILE", file)
    server.until(lambda _: not file.contents)
    time.sleep(10 * model_holder.POLL_SECONDS)


def release(bundle: str) -> str:
    return f'champion = "{bundle}"\n'


def test_half_written_release_file_is_not_acted_on(
    server: Following, other: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer is slow: each poll finds a little more of it."""
    server.released.add(*other)
    whole = release(other[1])
    polled(server, monkeypatch, *(whole[:length] for length in range(0, len(whole), 7)), whole)
    server.until(lambda body: body == {"status": "ready", "bundle": other[1]})
    server.until(lambda _: server.swaps("answers") == 1)  # counted just after the switch
    assert server.swaps("refused") == 0


def test_rejected_release_is_rejected_once_however_often_it_is_polled(
    server: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled(server, monkeypatch, *[release("0" * 64)] * 10)
    assert server.refuses()
    assert server.swaps("refused") == 1


def test_release_file_that_changes_while_its_bundle_is_chosen_is_read_again(
    server: Following, other: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file names a third bundle for a moment; nobody meant to serve that one."""
    server.released.add(*other)
    third = server.released.add_changed(other[0], "model_card.md", b"# Of another day")
    names = list[str]()

    def champion() -> str:
        names.append(record.champion())
        if names[-1] == other[1]:
            server.released.name(third)
        return names[-1]

    monkeypatch.setattr(model_holder, "champion", champion)
    first = release(server.first)
    polled(server, monkeypatch, first, *[release(other[1])] * 2, first)
    assert names[-2:] == [other[1], server.first]
    assert server.ready() == {"status": "ready", "bundle": server.first}
    assert (server.swaps("answers"), server.swaps("refused")) == (0, 0)
