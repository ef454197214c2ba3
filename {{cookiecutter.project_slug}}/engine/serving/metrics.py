"""What Prometheus reads at /metrics: requests, answers, scores, and what the log had to drop."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from engine.serving.log.predictions import PredictionLog
from engine.serving.model.predictor import Predictor

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 10))


class ValueCounts:
    """Counts of values by bin, for one thread: the library's own takes a lock for each value."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds, self.total = list(bounds), 0.0
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count a value; a bin holds its upper bound."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """What Prometheus wants: for each bound, how many values lie at or below it."""
        told, below = [], 0
        for bound, count in zip([*self.bounds, float("inf")], self.counts, strict=True):
            below += count
            told.append(("+Inf" if bound == float("inf") else repr(float(bound)), float(below)))
        return told


class BundleMetrics:
    """What one bundle has answered. The bins of its scores are those of its reference."""

    def __init__(self, predictor: Predictor) -> None:
        bundle = predictor.bundle
        self.id, self.rows = bundle.id, 0
        self.scores = ValueCounts(sorted(set(bundle.reference["score"]["edges"])) or _TENTHS)
        self.told = (
            bundle.id,
            str(bundle.manifest["name"]),
            str(bundle.manifest["version"]),
            str(predictor.rehearsal).lower(),
            predictor.runtime,
        )


class Metrics(Collector):
    """The counters of one server, in a registry of its own."""

    def __init__(self, log: PredictionLog) -> None:
        self.registry = CollectorRegistry()
        self.requests: dict[tuple[str, int], int] = {}
        self.seconds: dict[str, ValueCounts] = {}
        self.together = Histogram(
            "serving_rows_together",
            "Rows that one call of the model answered.",
            buckets=_ROWS,
            registry=self.registry,
        )
        self.labels = Counter(
            "serving_labels_stored", "Labels on the disk.", registry=self.registry
        )
        self.swaps = Counter(
            "serving_swaps", "Bundles that were to answer next.", ["outcome"],
            registry=self.registry,
        )  # fmt: skip
        for outcome in ("answers", "refused"):
            self.swaps.labels(outcome)
        self._log = log
        self._bundles: dict[str, BundleMetrics] = {}
        self._live = ""
        self.registry.register(self)

    def of_bundle(self, predictor: Predictor) -> BundleMetrics:
        """The counts of a bundle; they go on where they were if it answered before."""
        fresh = BundleMetrics(predictor)
        known = self._bundles.setdefault(fresh.id, fresh)
        known.told = fresh.told
        return known

    def live(self, counts: BundleMetrics) -> None:
        """Say that this bundle answers now."""
        self._live = counts.id

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request and its time; on the event loop."""
        try:
            self.requests[route, status] += 1
            self.seconds[route].observe(seconds)
        except KeyError:  # the first of its kind
            self.requests.setdefault((route, status), 1)
            self.seconds.setdefault(route, ValueCounts(_SECONDS)).observe(seconds)

    def describe(self) -> Iterator[Metric]:
        """Nothing before the first scrape; the names are this class's own."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What was counted, as Prometheus' families."""
        requests = CounterMetricFamily(
            "serving_requests", "Requests answered.", labels=["route", "status"]
        )
        for (route, status), count in list(self.requests.items()):
            requests.add_metric([route, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily(
            "serving_request_seconds",
            "Seconds from a request to the end of its answer.",
            labels=["route"],
        )
        for route, times in list(self.seconds.items()):
            seconds.add_metric([route], times.buckets(), times.total)
        yield seconds
        yield from self._of_bundles()
        yield CounterMetricFamily(
            "serving_log_dropped", "Records the prediction log lost.", value=self._log.dropped
        )

    def _of_bundles(self) -> Iterator[Metric]:
        rows = CounterMetricFamily("serving_rows_predicted", "Rows answered.", labels=["bundle"])
        scores = HistogramMetricFamily(
            "serving_score",
            "Scores given; the bins are those of the bundle's reference.",
            labels=["bundle"],
        )
        for bundle, counts in list(self._bundles.items()):
            rows.add_metric([bundle], counts.rows)
            scores.add_metric([bundle], counts.scores.buckets(), counts.scores.total)
        info = GaugeMetricFamily(
            "serving_bundle_info",
            "The bundle that answers.",
            labels=["bundle", "name", "version", "rehearsal", "runtime"],
        )
        if self._live:
            info.add_metric(list(self._bundles[self._live].told), 1)
        yield from (rows, scores, info)
