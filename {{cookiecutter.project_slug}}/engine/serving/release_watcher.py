"""Follows `deploy/release.toml`: serves the bundle that it names, without a gap.

A thread reads the file once a second; the event loop never touches the disk. (A mounted ConfigMap
changes through a link, so only the content is compared.) The thread loads the new bundle, validates
it as a start does, and has the event loop switch. The current bundle serves on if it is rejected.
"""

import asyncio
import gc
import logging
import threading
from contextlib import suppress
from pathlib import Path

from engine.bundle.record import RELEASE_FILE, bundle_path, champion
from engine.problem.errors import BadInput
from engine.serving.log.predictions import PredictionLog
from engine.serving.model_holder import ModelHolder, load_predictor, unload
from engine.serving.select_bundle import select_bundle
from engine.serving.turns import small_turns

POLL_SECONDS = 1.0
_UNFIT = "it does not load here, or does not give its golden answers; the server's log says more"
_LONGEST_REASON = 300

logger = logging.getLogger("engine.serving.release_watcher")


class ReleaseWatcher:
    """Replaces the model in a holder when the release file changes; on a thread of its own."""

    def __init__(
        self, models: ModelHolder, log: PredictionLog, release: Path = RELEASE_FILE
    ) -> None:
        self._models, self._log, self._release = models, log, release
        self._stopping = threading.Event()
        # A daemon: a disk may hang, and a load cannot be interrupted.
        self._thread = threading.Thread(target=self._follow, name="release", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Follow the file from now on; call this on the event loop that serves."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """Begin no more releases; a bundle that is being loaded will not serve."""
        self._stopping.set()

    def stopped(self, within: float) -> bool:
        """Whether the thread has ended, or does within so many seconds."""
        if self._thread.ident is not None:
            self._thread.join(within)
        return not self._thread.is_alive()

    def _follow(self) -> None:
        handled = previous = object()  # no content yet
        while not self._stopping.wait(POLL_SECONDS):
            content = None
            with suppress(OSError):
                content = self._release.read_bytes()
            # Twice the same: the writer of the file, and of the records beside it, has finished.
            if content == previous and content != handled:
                handled = content
                self._handle_release()
            previous = content

    def _handle_release(self) -> None:
        released, current = None, self._models.current.predictor.bundle.id
        try:
            released = champion(self._release)
            if released != current:
                self._replace(released, current)
            self._models.refused = None
        except Exception as error:  # after any fault the next change is handled
            if not self._stopping.is_set():
                self._reject(released, current, error)

    def _replace(self, released: str, replaced: str) -> None:
        bundle = select_bundle(None, rehearsal=False, release=self._release)
        if bundle.id != released:  # the file changed again; the next poll reads it
            return
        with small_turns():
            try:
                model = self._models.activate(load_predictor(bundle, rehearsal=False))
            except BaseException as error:  # its code may raise anything, SystemExit too
                unload(bundle)
                raise RuntimeError(_one_line(error)) from error
            if self._stopping.is_set():
                unload(bundle)
                return
            self._log.exclude_columns(bundle.id, bundle.problem.columns.personal)
            assert self._loop is not None  # noqa: S101  # `start` sets it
            asyncio.run_coroutine_threadsafe(self._models.switch(model), self._loop).result()
            del model
            gc.collect()  # the replaced model: its classes refer to each other
        self._models.metrics.swaps.labels("answers").inc()
        logger.warning("Now serving %s (replaced %s).", bundle.id, replaced)

    def _reject(self, released: str | None, current: str, error: BaseException) -> None:
        name, reason = released or "(unreadable)", _one_line(error)
        logger.error("Rejected release %s; still serving %s: %s", name, current, reason)
        # /readyz shows this to anybody. The message of a library or of a bundle's code may quote a
        # row, so it stays in the log; so does the path of the store.
        public = reason if isinstance(error, BadInput) else _UNFIT
        if released:
            public = public.replace(str(bundle_path(released)), released[:12])
        self._models.metrics.swaps.labels("refused").inc()
        self._models.refused = {"bundle": released, "why": public[:_LONGEST_REASON]}


def _one_line(error: BaseException) -> str:
    message = str(error) if isinstance(error, BadInput | RuntimeError) else repr(error)
    return " ".join(message.split())
