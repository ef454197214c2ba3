"""Holds the model that serves now; replaces it when `deploy/release.toml` names another bundle."""

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from engine.bundle.archive import features_module
from engine.bundle.bundle import Bundle
from engine.bundle.record import RELEASE_FILE, bundle_path, champion
from engine.problem.errors import BadInput
from engine.serving.dynamic_batcher import DynamicBatcher
from engine.serving.http.request_parsing import small_turns
from engine.serving.http.schema import Limits, Schema, schema_of
from engine.serving.log.predictions import PredictionLog
from engine.serving.metrics import BundleMetrics, Metrics
from engine.serving.model.predictor import Predictor, load
from engine.serving.reasons import Reasons
from engine.serving.select_bundle import converted_model, select_bundle

POLL_SECONDS = 1.0
_UNFIT = "it does not load here, or does not give its golden answers; the server's log says more"
_LONGEST_REASON = 300

logger = logging.getLogger("serving")


@dataclass(frozen=True, eq=False)
class ActiveModel:
    """A bundle that serves: its model, row schema, queue and metrics."""

    predictor: Predictor
    schema: Schema
    batcher: DynamicBatcher
    counts: BundleMetrics
    reasons: Reasons


def load_predictor(bundle: Bundle, *, rehearsal: bool) -> Predictor:
    """The predictor of a selected bundle, at a start and at a release; see `predictor.load`."""
    return load(bundle, rehearsal=rehearsal, onnx=converted_model(bundle, rehearsal=rehearsal))


def unload(bundle: Bundle) -> None:
    """Remove a bundle's feature code from `sys.modules`; a model that uses it keeps it."""
    sys.modules.pop(features_module(bundle), None)


class ModelHolder:
    """Holds the active model as `current`; belongs to one event loop.

    A request reads `current` once and keeps it: the contract that validated a row belongs to the
    model that predicts it. It calls the batcher before it next awaits: later it may be closed.
    """

    def __init__(self, predictor: Predictor, limits: Limits, metrics: Metrics) -> None:
        self.limits, self.metrics = limits, metrics
        # A rejected release (None if it was not readable), and a reason that anybody may read.
        self.refused: Mapping[str, str | None] | None = None
        self.current = self.activate(predictor)
        self.metrics.current = self.current.counts

    def activate(self, predictor: Predictor) -> ActiveModel:
        """An active model that does not serve yet; any thread may call this."""
        counts, ignore = self.metrics.of_bundle(predictor), self.metrics.ignore
        schema = schema_of(predictor.bundle.contract, self.limits, ignore)
        batcher = DynamicBatcher(predictor, self.limits, self.metrics.batch_size)
        return ActiveModel(predictor, schema, batcher, counts, Reasons(predictor))

    async def switch(self, other: ActiveModel) -> None:
        """Serve `other` from now on; return once the replaced model has finished its requests."""
        replaced, self.current = self.current, other
        self.metrics.current = other.counts
        await replaced.batcher.drained()
        replaced.batcher.close()
        unload(replaced.predictor.bundle)

    def close(self) -> None:
        """Return once the last call has ended."""
        self.current.batcher.close()


class ReleaseWatcher:
    """Replaces the model in a holder when the release file changes; on a thread of its own."""

    def __init__(self, models: ModelHolder, log: PredictionLog) -> None:
        self._models, self._log = models, log
        self._stopping = threading.Event()
        # A daemon: a disk may hang, and a load cannot be interrupted.
        self._thread = threading.Thread(target=self._follow, name="release", daemon=True)

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
                content = RELEASE_FILE.read_bytes()
            # Twice the same: the writer of the file, and of the records beside it, has finished.
            if content == previous and content != handled:
                handled = content
                self._handle_release()
            previous = content

    def _handle_release(self) -> None:
        released, current = None, self._models.current.predictor.bundle.id
        try:
            released = champion()
            if released != current:
                self._replace(released, current)
            self._models.refused = None
        except Exception as error:  # after any fault the next change is handled
            if not self._stopping.is_set():
                self._reject(released, current, error)

    def _replace(self, released: str, replaced: str) -> None:
        bundle = select_bundle(None, rehearsal=False)
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
            asyncio.run_coroutine_threadsafe(self._models.switch(model), self._loop).result()
            del model
            gc.collect()  # the replaced model: its classes refer to each other
        self._models.metrics.swaps.labels("answers").inc()
        logger.warning("Now serving %s (replaced %s).", bundle.id, replaced)

    def _reject(self, released: str | None, current: str, error: BaseException) -> None:
        name, reason = released or "(unreadable)", _one_line(error)
        logger.error("Rejected release %s; still serving %s: %s", name, current, reason)
        # /readyz is public. A message of a library or of a bundle's code may quote a row.
        public = reason if isinstance(error, BadInput) else _UNFIT
        if released:
            public = public.replace(str(bundle_path(released)), released[:12])
        self._models.metrics.swaps.labels("refused").inc()
        self._models.refused = {"bundle": released, "why": public[:_LONGEST_REASON]}


def _one_line(error: BaseException) -> str:
    message = str(error) if isinstance(error, BadInput | RuntimeError) else repr(error)
    return " ".join(message.split())
