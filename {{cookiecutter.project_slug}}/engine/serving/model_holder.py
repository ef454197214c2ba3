"""What answers now: one bundle behind its own queue, and another in its place without a gap."""

import sys
from dataclasses import dataclass

from engine.bundle.archive import features_module
from engine.bundle.bundle import Bundle
from engine.serving.dynamic_batcher import DynamicBatcher
from engine.serving.http.schema import Limits, Schema, schema_of
from engine.serving.metrics import BundleMetrics, Metrics
from engine.serving.model.predictor import Predictor, load
from engine.serving.reasons import Reasons
from engine.serving.runtime import converted


@dataclass(frozen=True, eq=False)
class ActiveModel:
    """A bundle that answers: its model, the types of its rows, its queue, its counts."""

    predictor: Predictor
    schema: Schema
    batcher: DynamicBatcher
    counts: BundleMetrics
    reasons: Reasons


@dataclass(frozen=True)
class Refused:
    """What was to answer and may not, in words that anybody may read; None where no id was read."""

    bundle: str | None
    why: str


def load_predictor(bundle: Bundle, *, rehearsal: bool) -> Predictor:
    """What answers for a bundle that was chosen, at a start and at a swap alike.

    Raises:
        BadInput: it does not load here, or does not answer as it should.
    """
    return load(bundle, rehearsal=rehearsal, onnx=converted(bundle, rehearsal=rehearsal))


def forget(bundle: Bundle) -> None:
    """Let the feature code of a bundle go; what still answers with it goes on to."""
    sys.modules.pop(features_module(bundle), None)


class ModelHolder:
    """Holds what answers `now`; lives on one event loop.

    A request takes `now` once and stays with it: whoever read a row with one contract gets the
    answer of that contract's model. It asks in the same turn of the loop in which it took `now`;
    after that, who was asked before may have left.
    """

    def __init__(self, predictor: Predictor, limits: Limits, metrics: Metrics) -> None:
        self.limits, self.metrics = limits, metrics
        self.refused: Refused | None = None
        self.current = self._ready(predictor)

    def prepared(self, predictor: Predictor) -> ActiveModel:
        """Make ready to answer, beside what answers now; may be called from any thread."""
        schema = schema_of(predictor.bundle.contract, self.limits)
        counts = self.metrics.of_bundle(predictor)
        batcher = DynamicBatcher(predictor, self.limits, self.metrics.together)
        return ActiveModel(predictor, schema, batcher, counts, Reasons(predictor.bundle))

    async def switch(self, other: ActiveModel) -> None:
        """Answer with `other` from now on; return once the one before has given its last answer."""
        before, self.current = self.current, other
        self.metrics.live(other.counts)
        await before.batcher.drained()
        before.batcher.close()
        forget(before.predictor.bundle)

    def close(self) -> None:
        """Return once the last call has ended."""
        self.current.batcher.close()

    def _ready(self, predictor: Predictor) -> ActiveModel:
        first = self.prepared(predictor)
        self.metrics.live(first.counts)
        return first
