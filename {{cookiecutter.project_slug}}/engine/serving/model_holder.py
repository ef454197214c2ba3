"""Holds the model that serves now, and replaces it without a gap."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from engine.bundle.archive import features_module
from engine.bundle.bundle import Bundle
from engine.serving.dynamic_batcher import DynamicBatcher
from engine.serving.http.schema import Limits, Schema, schema_of
from engine.serving.metrics import BundleMetrics, Metrics
from engine.serving.model.predictor import Predictor, load
from engine.serving.reasons import Reasons
from engine.serving.select_bundle import converted_model


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
        schema = schema_of(predictor.bundle.contract, self.limits)
        counts = self.metrics.of_bundle(predictor)
        batcher = DynamicBatcher(predictor, self.limits, self.metrics.batch_size)
        return ActiveModel(predictor, schema, batcher, counts, Reasons(predictor.bundle))

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
