"""Compares a converted model with the pipeline: scores, decisions and speed on this machine.

The rows are those on which it would differ first, all of them rows that the contract takes.
"""

import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from onnx import ModelProto, helper

from engine.contract.column import Column
from engine.data.edges import EdgeKind, edges
from engine.serving.model.onnx import allowed_difference
from engine.serving.model.predictor import Predictor
from engine.serving.model.unrolled import UnrolledPipeline

Row = dict[str, Any]

TURNS, SECONDS, BATCH_SIZE = 3, 1.0, 16
# How many rows of a kind, at most. A mixture costs a prediction of each runtime, a split six.
MIXED, NEAR, SPLITS, BASES = 3_000, 300, 600, 5


@dataclass(frozen=True)
class Compared:
    """One kind of row: the largest difference of a score, and how many decisions differ.

    The pipeline itself predicts the `deferred` rows: their score is near another decision, or
    float32 does not hold their numbers. The latter do not count towards the difference.
    """

    kind: str
    rows: int
    difference: float
    deferred: int
    decisions_differ: int


@dataclass(frozen=True)
class Parity:
    """The comparison for every kind of row, and the allowed difference."""

    kinds: Sequence[Compared]
    allowed: float

    @property
    def largest(self) -> float:
        """The largest difference of a score."""
        return max(one.difference for one in self.kinds)

    @property
    def holds(self) -> bool:
        """Whether every difference is allowed (NaN is not) and every decision the same."""
        return all(
            one.difference <= self.allowed and not one.decisions_differ for one in self.kinds
        )


def compare(exact: Predictor, fast: Predictor, kinds: Mapping[str, Sequence[Row]]) -> Parity:
    """Compare the pipeline, `exact`, with the same bundle's converted model, `fast`."""
    compared = []
    for kind, rows in kinds.items():
        scores, float32_exact = fast.onnx_scores(rows)
        differences = np.abs(exact.pipeline_scores(rows) - scores)[float32_exact]
        largest = float(np.max(differences, initial=0.0))  # NaN if one is
        deferred = len(fast.uncertain(scores, float32_exact))
        pairs = zip(exact.predict(rows), fast.predict(rows), strict=True)
        differ = sum(one.get("decision") != two.get("decision") for one, two in pairs)
        compared.append(Compared(kind, len(rows), largest, deferred, differ))
    return Parity(compared, allowed_difference(exact.bundle))


@dataclass(frozen=True)
class Measured:
    """One row: median and 99th percentile, ms; rows a second in batches of `BATCH_SIZE`."""

    p50_ms: float
    p99_ms: float
    rows_per_second: float


def measure(exact: Predictor, fast: Predictor) -> tuple[Measured, Measured]:
    """For each predictor the medians of several turns: other load affects both equally."""
    turns = np.array([[_measured(exact), _measured(fast)] for _ in range(TURNS)])
    one, other = np.median(turns, axis=0).tolist()
    return Measured(*one), Measured(*other)


def _measured(predictor: Predictor) -> tuple[float, float, float]:
    golden = predictor.bundle.golden()
    typical = [one for one in golden if one["kind"] == "typical"]
    rows = [one["row"] for one in typical or golden]
    for row in rows:  # warm up
        predictor.predict([row])
    durations: list[float] = []
    deadline = time.perf_counter() + SECONDS
    while time.perf_counter() < deadline or len(durations) < len(rows):
        began = time.perf_counter()
        predictor.predict([rows[len(durations) % len(rows)]])
        durations.append(time.perf_counter() - began)
    batch = [rows[number % len(rows)] for number in range(BATCH_SIZE)]
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        predictor.predict(batch)
        calls += 1
    rate = calls * BATCH_SIZE / (time.perf_counter() - began)
    p50, p99 = statistics.median(durations), statistics.quantiles(durations, n=100)[-1]
    return p50 * 1000, p99 * 1000, rate


def to_try(predictor: Predictor, model: bytes, seed: int) -> dict[str, list[Row]]:
    """The bundle's golden rows, and made of them: mixtures and edges of each kind."""
    bundle, rows = predictor.bundle, [one["row"] for one in predictor.bundle.golden()]
    # A mixture has each value from a row of its own: all are values that rows had.
    names = [column.name for column in bundle.contract.inputs]
    chosen = np.random.default_rng(seed).integers(len(rows), size=(MIXED, len(names)))
    mixed = [
        {name: rows[at].get(name) for name, at in zip(names, picked, strict=True)}
        for picked in chosen.tolist()
    ]
    margins = predictor.margins(predictor.pipeline_scores(mixed))
    nearest = np.argsort(margins, kind="stable")[:NEAR].tolist()
    kinds = {
        "golden rows": rows,
        "mixtures of them": mixed,
        "near a decision": [mixed[at] for at in nearest if math.isfinite(margins[at])],
        "near a split": list(_at_splits(predictor, model, rows[:BASES])),
    }
    for kind in get_args(EdgeKind):
        kinds[kind] = [
            {**base, column.name: edge.value}
            for column in bundle.contract.inputs
            for edge in edges(column)
            if edge.kind == kind
            for base in rows[:BASES]
        ]
    return {name: tried for name, tried in kinds.items() if tried}


def splits(model: bytes) -> list[tuple[int, float]]:
    """(feature, threshold) of each split of the trees in a converted model, where it is finite."""
    thresholds = set()
    for node in ModelProto.FromString(model).graph.node:
        if node.op_type in ("TreeEnsembleClassifier", "TreeEnsembleRegressor"):
            tree = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            columns = [tree[name] for name in ("nodes_featureids", "nodes_values", "nodes_modes")]
            listed = zip(*columns, strict=True)
            thresholds |= {(at, value) for at, value, mode in listed if mode != b"LEAF"}
    return sorted((int(at), float(value)) for at, value in thresholds if math.isfinite(value))


def _at_splits(predictor: Predictor, model: bytes, bases: Sequence[Row]) -> Iterator[Row]:
    """Rows at a tree's threshold, one step of float32 away from it, and between the two."""
    if predictor.unrolled is None:
        return
    inputs = _inputs(predictor.unrolled, bases[0], predictor.bundle.contract.inputs)
    reached = [(inputs[at], value) for at, value in splits(model) if at in inputs]
    chosen = np.linspace(0, len(reached) - 1, min(SPLITS, len(reached)), dtype=int).tolist()
    for number, at in enumerate(chosen):
        column, threshold = reached[at]
        low, high = _limits(column, math.inf)
        for value in _around(threshold, whole=column.type == "integer"):
            if low <= value <= high:
                yield {**bases[number % len(bases)], column.name: value}


def _inputs(
    unrolled: UnrolledPipeline, row: Row, columns: Sequence[Column]
) -> Mapping[int, Column]:
    """The number column behind each feature that is one, found by changing its value."""
    by_feature = {}
    for column in columns:
        if column.type not in ("number", "integer"):
            continue
        low, high = _limits(column, 1e3)
        values = np.linspace(low, high, 5)[1:]
        if column.type == "integer":
            values = np.floor(values)
        rows = [{**row, column.name: value} for value in values.tolist()]
        same = np.all(unrolled.features(rows) == values.astype(np.float32)[:, None], axis=0)
        if len(set(values)) > 1 and same.sum() == 1:
            by_feature[int(same.argmax())] = column
    return by_feature


def _limits(column: Column, width: float) -> tuple[float, float]:
    """The range of a number column; `width` replaces an end that the contract leaves open."""
    low = -width if column.minimum is None else column.minimum
    high = max(low, 0.0) + width if column.maximum is None else column.maximum
    return low, high


def _around(threshold: float, *, whole: bool) -> list[float]:
    """Numbers on both sides of a threshold, sorted."""
    if whole:
        return sorted({math.floor(threshold), math.ceil(threshold)})
    middle = np.float32(threshold)
    below, above = (float(np.nextafter(middle, np.float32(side))) for side in (-np.inf, np.inf))
    steps = np.array([below, float(middle), above])
    # Between two float32 lies what is rounded to this one, and what to the other.
    between = [steps[:-1] + part * np.diff(steps) for part in (0.01, 0.49, 0.51, 0.99)]
    return sorted({threshold, *np.concatenate([steps, *between]).tolist()})
