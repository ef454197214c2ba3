"""What answers now: one bundle behind its own queue, and another in its place without a gap."""

import sys
from dataclasses import dataclass

from serving.coalescer import Coalescer
from serving.http.schema import Limits, Schema, schema_of
from serving.metrics import Metrics, OfBundle
from serving.model.archive import features_module
from serving.model.predictor import Predictor


@dataclass(frozen=True, eq=False)
class Answering:
    """A bundle that answers: its model, the types of its rows, the queue before it, its counts."""

    predictor: Predictor
    schema: Schema
    coalescer: Coalescer
    counts: OfBundle


class Live:
    """Holds what answers `now`; lives on one event loop.

    A request takes `now` once and stays with it: whoever read a row with one contract gets the
    answer of that contract's model.
    """

    def __init__(self, predictor: Predictor, limits: Limits, metrics: Metrics) -> None:
        self.limits, self._metrics = limits, metrics
        self.now = self._ready(predictor)

    def prepared(self, predictor: Predictor) -> Answering:
        """Make ready to answer, beside what answers now; may be called from any thread."""
        schema = schema_of(predictor.bundle.contract, self.limits)
        counts = self._metrics.of_bundle(predictor)
        return Answering(
            predictor, schema, Coalescer(predictor, self.limits, self._metrics.together), counts
        )

    async def switch(self, other: Answering) -> None:
        """Answer with `other` from now on; return once the one before has given its last answer."""
        before, self.now = self.now, other
        self._metrics.live(other.counts)
        await before.coalescer.drained()
        before.coalescer.close()
        # The model's classes hold each other; its code goes when nobody can ask for it any more.
        sys.modules.pop(features_module(before.predictor.bundle), None)

    def close(self) -> None:
        """Return once the last call has ended."""
        self.now.coalescer.close()

    def _ready(self, predictor: Predictor) -> Answering:
        first = self.prepared(predictor)
        self._metrics.live(first.counts)
        return first
