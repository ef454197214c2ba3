"""Converts a pipeline's last step to ONNX; see `engine.serving.model.onnx`.

The curve of a calibrated model is written as two or three nodes behind its score, because skl2onnx
knows neither a curve that was fitted elsewhere nor one for all classes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, checker, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from engine.problem.errors import BadInput
from engine.serving.model.onnx import INPUT, PROBABILITIES
from engine.serving.model.table import Row
from engine.serving.model.unrolled import UnrolledPipeline

RAW = "raw"


def convert(unrolled: UnrolledPipeline, rows: Sequence[Row]) -> bytes:
    """The last step of `unrolled` as an ONNX model of its `features`; BadInput if it has none."""
    width = unrolled.features(rows).shape[1]
    try:
        made = _converted(unrolled.last, width)
        checker.check_model(made)
    except Exception as error:  # each converter raises its own errors
        reason = " ".join(str(error).split())
        raise BadInput(
            f"expected a last step that skl2onnx converts, got {type(unrolled.last).__name__}: "
            f"{reason:.200}; the pipeline itself serves, as before",
            code="not-convertible",
        ) from error
    return bytes(made.SerializeToString())


def _converted(model: Any, width: int) -> ModelProto:
    if not isinstance(model, CalibratedClassifierCV):
        return _plain(model, width)
    if len(model.calibrated_classifiers_) != 1:
        raise TypeError("several calibrated models whose probabilities are averaged")
    [inner] = model.calibrated_classifiers_
    decides = hasattr(inner.estimator, "decision_function")
    made = _plain(inner.estimator, width, raw=decides)
    curve = {"sigmoid": _sigmoid, "temperature": _temperature}.get(inner.method)
    if curve is None:
        raise TypeError(f"a curve of the method '{inner.method}'")
    for node in made.graph.node:
        node.output[:] = [RAW if name == PROBABILITIES else name for name in node.output]
    made.graph.node.extend(curve(made, inner.calibrators, decides=decides))
    return made


def _plain(model: Any, width: int, *, raw: bool = False) -> ModelProto:
    options = {"zipmap": False} | ({"raw_scores": True} if raw else {})
    made: ModelProto = to_onnx(
        # A pipeline of one step: else skl2onnx looks up the options of a wrapper of some models.
        Pipeline([("model", model)]),
        initial_types=[(INPUT, FloatTensorType([None, width]))],
        options={id(model): options} if hasattr(model, "predict_proba") else None,
    )
    if isinstance(model, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        _round_down(made, model)
    return made


def _round_down(made: ModelProto, model: Any) -> None:
    """Thresholds as the greatest float32 that is not above them; ValueError if two would differ.

    skl2onnx takes the nearest. Where that is above, a number that is just this float32 would go
    left there and right here; with the one below, every float32 goes the same way.
    """
    exact: dict[tuple[int, np.float32], set[np.float32]] = {}
    for nodes in (tree.nodes for several in model._predictors for tree in several):
        inner = nodes[nodes["is_leaf"] == 0]
        for feature, value in zip(inner["feature_idx"], inner["num_threshold"], strict=True):
            nearest = np.float32(value)
            below = nearest if nearest <= value else np.nextafter(nearest, np.float32(-np.inf))
            exact.setdefault((int(feature), nearest), set()).add(below)
    if any(len(below) > 1 for below in exact.values()):
        raise ValueError("thresholds too close to each other for float32")
    for node in made.graph.node:
        tree = {one.name: one for one in node.attribute}
        if "nodes_values" in tree:
            features, values = tree["nodes_featureids"].ints, tree["nodes_values"].floats
            for at, (feature, value) in enumerate(zip(features, list(values), strict=True)):
                for below in exact.get((feature, np.float32(value)), ()):
                    values[at] = below


def _sigmoid(made: ModelProto, curves: Sequence[Any], *, decides: bool) -> Iterator[NodeProto]:
    """Platt's curve 1 / (1 + exp(a x + b)) over the second class's score."""
    if len(curves) != 1:
        raise TypeError("a curve for each of several classes")
    numbers = {"minus_a": -curves[0].a_, "minus_b": -curves[0].b_, "second": [-1], "one": 1.0}
    minus_a, minus_b, second, one = _put(made, **numbers)
    # Both columns at once, the first of them thrown away: whichever has the score, it is the last.
    yield helper.make_node("Mul", [RAW, minus_a], ["steep"])
    yield helper.make_node("Add", ["steep", minus_b], ["moved"])
    yield helper.make_node("Sigmoid", ["moved"], ["both"])
    yield helper.make_node("Gather", ["both", second], ["positive"], axis=1)
    yield helper.make_node("Sub", [one, "positive"], ["negative"])
    yield helper.make_node("Concat", ["negative", "positive"], [PROBABILITIES], axis=1)


def _temperature(made: ModelProto, curves: Sequence[Any], *, decides: bool) -> Iterator[NodeProto]:
    """One temperature for the logits of all classes."""
    logits = RAW
    if not decides:
        [least] = _put(made, least=np.finfo(np.float64).eps)
        yield helper.make_node("Add", [RAW, least], ["above_zero"])
        yield helper.make_node("Log", ["above_zero"], ["logits"])
        logits = "logits"
    [beta] = _put(made, beta=curves[0].beta_)
    yield helper.make_node("Mul", [logits, beta], ["cooled"])
    yield helper.make_node("Softmax", ["cooled"], [PROBABILITIES], axis=1)


def _put(made: ModelProto, **numbers: Any) -> list[str]:
    """Name numbers in the model; whole ones are places, others float32."""
    for name, value in numbers.items():
        kind = np.int64 if isinstance(value, list) else np.float32
        made.graph.initializer.append(numpy_helper.from_array(np.asarray(value, kind), name))
    return list(numbers)
