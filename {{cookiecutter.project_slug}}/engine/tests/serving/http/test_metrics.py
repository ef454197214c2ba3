"""Metrics have the units of their names, and the buckets that Prometheus' own client makes."""

import os
import re
import time

import numpy as np
import prometheus_client
import pytest
from prometheus_client.metrics_core import HistogramMetricFamily
from starlette.testclient import TestClient

from engine.serving.metrics import UnlockedHistogram

SLOW = 0.2


def test_request_seconds_are_seconds(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label waits for the disk, and that is what its request took."""
    monkeypatch.setattr(os, "fsync", lambda _: time.sleep(SLOW))
    began = time.perf_counter()
    label = {"prediction_id": "0" * 32, "label": True}
    assert client.post("/v1/labels", json=label).status_code == 200
    most = time.perf_counter() - began
    text = client.get("/metrics").text
    [total] = re.findall(r'request_seconds_sum{route="/v1/labels"} (\S+)', text)
    assert SLOW <= float(total) <= most


def test_histogram_has_the_buckets_of_prometheus_client() -> None:
    """For values in every bucket, beyond both ends, and on each bound."""
    bounds = (0.001, 0.1, 0.25, 1.0, 5.0)
    values = [*bounds, -1.0, 0.0, 9.0, *np.random.default_rng(0).exponential(1, 100).tolist()]
    usual = prometheus_client.Histogram("x", "", ["a"], buckets=bounds, registry=None)
    own, family = UnlockedHistogram(bounds), HistogramMetricFamily("x", "", labels=["a"])
    for value in values:
        usual.labels("b").observe(value)
        own.observe(value)
    own.add_to(family, "b")
    [made] = usual.collect()
    expected = {(one.name, one.labels.get("le")): one.value for one in made.samples}
    for sample in family.samples:
        assert sample.value == pytest.approx(expected[sample.name, sample.labels.get("le")])
    assert {"x_bucket", "x_count", "x_sum"} == {sample.name for sample in family.samples}
