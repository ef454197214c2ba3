"""Follows `deploy/release.toml`: when it names another bundle, that one answers, without a gap.

A thread looks at the file's content once a second: a mounted ConfigMap changes by what a link
points to, and git replaces files. It loads the new bundle beside the one that answers, checks it as
a start does, and has the event loop switch; the loop itself never touches the disk. What may not
be served is refused in one line, and the bundle that answers goes on until the file changes again.
"""

import asyncio
import gc
import logging
import threading
import time
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.bundle.store import RELEASE_FILE, bundle_path, champion
from engine.problem.errors import BadInput
from engine.serving.log.predictions import PredictionLog
from engine.serving.model_holder import ActiveModel, ModelHolder, Refused, forget, load_predictor
from engine.serving.select_bundle import select_bundle
from engine.serving.turns import small_turns

LOOK_SECONDS = 1.0
_UNFIT = "it does not load here, or does not give its golden answers; the server's log says more"
_LONGEST_WHY = 300

logger = logging.getLogger("engine.serving.release_watcher")


class ReleaseWatcher:
    """Swaps what is `live` for what the release file names; on a thread of its own."""

    def __init__(self, live: ModelHolder, log: PredictionLog, release: Path = RELEASE_FILE) -> None:
        self._live, self._log, self._release = live, log, release
        self._leaving = threading.Event()
        # Not to be waited for at the end: a disk may hang, and a load cannot be interrupted.
        self._thread = threading.Thread(target=self._follow, name="release", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Follow the file from now on; to be called on the event loop that answers."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def leave(self) -> None:
        """Begin no swap any more; what is being loaded will not answer."""
        self._leaving.set()

    def left(self, within: float) -> bool:
        """Whether the thread has ended, or does within so many seconds."""
        if self._thread.ident is not None:
            self._thread.join(within)
        return not self._thread.is_alive()

    def _follow(self) -> None:
        done: object = self  # no content yet
        before: object = self
        while not self._leaving.wait(LOOK_SECONDS):
            found = self._content()
            # Twice the same: who writes the file, and the records beside it, has finished.
            if found == before and found != done:
                done = found
                self._act()
            before = found

    def _content(self) -> bytes | None:
        try:
            return self._release.read_bytes()
        except OSError:
            return None

    def _act(self) -> None:
        named: str | None = None
        try:
            named = champion(self._release)
            if named != self._answers():
                self._swap(named)
            elif self._live.refused:
                logger.warning("bundle %s answers, and is what is released", named)
            self._live.refused = None
        except Exception as error:  # whatever a disk or a bundle does, the next change is seen
            if not self._leaving.is_set():
                self._refuse(named, error)

    def _swap(self, named: str) -> None:
        began, before = time.monotonic(), self._answers()
        bundle = select_bundle(None, rehearsal=False, release=self._release)
        if bundle.id != named:  # the file changed again: the next look sees it
            return
        with small_turns():
            other = self._prepared(bundle)
            if self._leaving.is_set():
                forget(bundle)
                return
            self._log.exclude_columns(bundle.id, bundle.problem.columns.personal)
            self._switch(other)
            del other
            gc.collect()  # the model before: its classes hold each other
        self._live.metrics.swaps.labels("answers").inc()
        seconds = time.monotonic() - began
        logger.warning("bundle %s answers, %s has left (%.1f s)", bundle.id, before, seconds)

    def _prepared(self, bundle: Bundle) -> ActiveModel:
        try:
            return self._live.prepared(load_predictor(bundle, rehearsal=False))
        except BaseException as error:  # its code may say anything, SystemExit too
            forget(bundle)
            raise _Unfit(_said(error)) from error

    def _switch(self, other: ActiveModel) -> None:
        """Return once the bundle before has given its last answer."""
        assert self._loop is not None  # noqa: S101  # `start` sets it
        asyncio.run_coroutine_threadsafe(self._live.switch(other), self._loop).result()

    def _answers(self) -> str:
        return self._live.current.predictor.bundle.id

    def _refuse(self, named: str | None, error: BaseException) -> None:
        said, which = _said(error), named or "what is released"
        logger.error("REFUSED %s, %s goes on answering: %s", which, self._answers(), said)
        # Whoever reaches the port reads this. Our own words are fit for that; what a library or a
        # bundle's code says may quote a row, and stays in the log.
        why = said if isinstance(error, BadInput) else _UNFIT
        if named:  # nobody needs to know where the store is
            why = why.replace(str(bundle_path(named)), named[:12])
        self._live.refused = Refused(named, why[:_LONGEST_WHY])
        self._live.metrics.swaps.labels("refused").inc()


class _Unfit(Exception):
    """A bundle that was chosen and does not answer as it should."""


def _said(error: BaseException) -> str:
    """In one line."""
    told = str(error) if isinstance(error, BadInput | _Unfit) else repr(error)
    return " ".join(told.split())
