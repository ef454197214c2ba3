"""What Prometheus reads at /metrics: requests, answers, scores, and what the log had to drop."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from serving.log.predictions import PredictionLog
from serving.model.predictor import Predictor

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 10))


class Metrics:
    """The counters of one server, in a registry of its own."""

    def __init__(self, predictor: Predictor, log: PredictionLog) -> None:
        bundle = predictor.bundle
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "serving_requests",
            "Requests answered.",
            ["route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "serving_request_seconds",
            "Seconds from a request to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.rows = Counter(
            "serving_rows_predicted", "Rows answered.", ["bundle"], registry=self.registry
        ).labels(bundle.id)
        self.together = Histogram(
            "serving_rows_together",
            "Rows that one call of the model answered.",
            buckets=_ROWS,
            registry=self.registry,
        )
        self.scores = Histogram(
            "serving_score",
            "Scores given; the bins are those of the bundle's reference.",
            ["bundle"],
            buckets=sorted(set(bundle.reference["score"]["edges"])) or _TENTHS,
            registry=self.registry,
        ).labels(bundle.id)
        self.labels = Counter(
            "serving_labels_stored", "Labels on the disk.", registry=self.registry
        )
        Gauge(
            "serving_bundle_info",
            "The bundle that answers.",
            ["bundle", "name", "version", "rehearsal"],
            registry=self.registry,
        ).labels(
            bundle.id,
            bundle.manifest["name"],
            str(bundle.manifest["version"]),
            str(predictor.rehearsal).lower(),
        ).set(1)
        self.registry.register(_Dropped(log))


class _Dropped(Collector):
    """Reads the log's own count when asked, so that it is counted in one place."""

    def __init__(self, log: PredictionLog) -> None:
        self._log = log

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(
            "serving_log_dropped", "Records the prediction log lost.", value=self._log.dropped
        )
