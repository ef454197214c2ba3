"""The metrics at /metrics: requests, refusals, predictions, scores, and records not logged."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client import metrics_core as families
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from engine.serving.http.errors import PROBLEMS, is_refusal
from engine.serving.log.predictions import PredictionLog
from engine.serving.log.refused import OTHER, RefusedLog
from engine.serving.model.predictor import Predictor

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_STATUSES = (200, 422, 500, 503)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 10))


class UnlockedHistogram:
    """A histogram for one thread; prometheus_client's takes a lock for each value."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds, self.total = list(bounds), 0.0
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count a value; a bin includes its upper bound."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add_to(self, family: families.HistogramMetricFamily, label: str) -> None:
        """Add the values to a family of Prometheus, which counts those at or below each bound."""
        bounds = map(floatToGoString, [*self.bounds, float("inf")])
        buckets = list(zip(bounds, map(float, accumulate(self.counts)), strict=True))
        family.add_metric([label], buckets, self.total)


class BundleMetrics:
    """Rows and scores of one bundle. The bins of the scores are those of its reference."""

    def __init__(self, predictor: Predictor) -> None:
        bundle = predictor.bundle
        self.id, self.rows = bundle.id, 0
        self.scores = UnlockedHistogram(sorted(set(bundle.reference["score"]["edges"])) or _TENTHS)
        name, version = (str(bundle.manifest[key]) for key in ("name", "version"))
        rehearsal = str(predictor.rehearsal).lower()
        self.info = (bundle.id, name, version, rehearsal, predictor.runtime)
        self.rehearsal = predictor.rehearsal


class Metrics(Collector):
    """The metrics of one server, in a registry of its own."""

    def __init__(self, log: PredictionLog, refused: RefusedLog | None = None) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.seconds = defaultdict[str, UnlockedHistogram](lambda: UnlockedHistogram(_SECONDS))
        text = "Rows in one call of the model."
        self.batch_size = Histogram("serving_batch_size", text, buckets=_ROWS, registry=registry)
        self.labels = Counter("serving_labels_stored", "Labels stored.", registry=registry)
        text = "Releases, served or refused."
        self.swaps = Counter("serving_swaps", text, ["outcome"], registry=registry)
        for outcome in ("answers", "refused"):
            self.swaps.labels(outcome)
        text = (
            "Rows with an input that the contract has dropped, and that is ignored until its day."
        )
        self._ignored = Counter("serving_ignored_inputs", text, ["field"], registry=registry)
        self.refused: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._log, self._refused_log = log, refused
        self._bundles: dict[str, BundleMetrics] = {}
        self.current: BundleMetrics | None = None
        self.registry.register(self)

    def of_bundle(self, predictor: Predictor) -> BundleMetrics:
        """The metrics of a bundle; they continue if it was served before."""
        fresh = BundleMetrics(predictor)
        counts = self._bundles.setdefault(fresh.id, fresh)
        counts.info, counts.rehearsal = fresh.info, fresh.rehearsal
        contract = predictor.bundle.contract
        fields = [*(column.name for column in contract.inputs), *contract.dropped, OTHER]
        series = [("invalid", field) for field in fields]
        series += [(code, "") for code, (status, _) in PROBLEMS.items() if is_refusal(status)]
        for labels in series:  # a release is loaded on another thread: no `+= 0`
            self.refused.setdefault(labels, 0)
        for field in contract.dropped:
            self._ignored.labels(field)
        if self._refused_log:
            self._refused_log.begin(counts.id, rehearsal=counts.rehearsal)
        return counts

    def expect(self, routes: Iterable[str]) -> None:
        """Count the usual statuses of routes from zero on.

        Of a counter that begins with its first error, `rate` and `increase` miss that error
        (https://www.robustperception.io/existential-issues-with-metrics/).
        """
        for route in routes:
            for status in _STATUSES:
                self.requests[route, status] += 0

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request and its time; on the event loop."""
        self.requests[route, status] += 1
        self.seconds[route].observe(seconds)

    def ignore(self, field: str) -> None:
        """Count a row that still has a dropped input; any thread may call this."""
        self._ignored.labels(field).inc()

    def refuse(self, reason: str, fields: Collection[str]) -> None:
        """Count a refused request to predict: once for each of its fields, or without a field."""
        for field in fields or ("",):
            self.refused[reason, field] += 1
        if self._refused_log and (served := self.current):
            self._refused_log.add(served.id, reason, fields, rehearsal=served.rehearsal)

    def collect(self) -> Iterator[families.Metric]:
        """All metrics as Prometheus families."""
        counter, histogram = families.CounterMetricFamily, families.HistogramMetricFamily
        requests = counter("serving_requests", "Requests answered.", labels=["route", "status"])
        for (route, status), count in list(self.requests.items()):
            requests.add_metric([route, str(status)], count)
        text = "Seconds from a request to the end of its response."
        seconds = histogram("serving_request_seconds", text, labels=["route"])
        for route, values in list(self.seconds.items()):
            values.add_to(seconds, route)
        text = "Requests to predict that were refused, once for each field that does not fit."
        refused = counter("serving_refused", text, labels=["reason", "field"])
        for labels, count in list(self.refused.items()):
            refused.add_metric(labels, count)
        rows = counter("serving_rows_predicted", "Rows predicted.", labels=["bundle"])
        text = "Scores predicted; the bins are those of the bundle's reference."
        scores = histogram("serving_score", text, labels=["bundle"])
        for counts in list(self._bundles.values()):
            rows.add_metric([counts.id], counts.rows)
            counts.scores.add_to(scores, counts.id)
        about = ["bundle", "name", "version", "rehearsal", "runtime"]
        text = "The bundle that serves."
        info = families.GaugeMetricFamily("serving_bundle_info", text, labels=about)
        if self.current:
            info.add_metric(self.current.info, 1)
        text = "Records the prediction log lost."
        dropped = counter("serving_log_dropped", text, value=self._log.dropped)
        yield from (requests, refused, rows, info, seconds, scores, dropped)
