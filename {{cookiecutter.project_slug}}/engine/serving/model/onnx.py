"""Runs the model's last step in ONNX Runtime, as `engine.serving.optimise` converted it.

The steps before it run as ever; their output becomes float32. Boosted trees split on the exact
number, so the pipeline itself predicts rows with a number that float32 cannot hold.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from engine.bundle.bundle import Bundle
from engine.serving.model.table import Row
from engine.serving.model.unrolled import UnrolledPipeline

# Rows whose features are the same numbers in float32: (rows,), or `ALL`.
Float32Exact = NDArray[np.bool_] | np.bool_
ALL = np.bool_(True)

# The converted model's input and outputs.
INPUT = "rows"
PROBABILITIES, VALUE = "probabilities", "variable"


def allowed_difference(bundle: Bundle) -> float:
    """How far a converted score may lie from the pipeline's; see problem.toml."""
    fraction = bundle.problem.budget.score_difference
    if bundle.contract.task != "regression":
        return fraction
    edges = bundle.reference["score"]["edges"]
    return fraction * (max(edges) - min(edges)) if edges else fraction


def compares_doubles(model: Any) -> bool:
    """Whether a model, or one inside it, splits on float64; others round to float32."""
    boosted = HistGradientBoostingClassifier | HistGradientBoostingRegressor
    return any(isinstance(one, boosted) for one in (model, *model.get_params().values()))


def float32_exact(features: NDArray[Any], single: NDArray[np.float32]) -> Float32Exact:
    """Which rows of `features` are the same in float32, NaN included: (rows,), or `ALL`."""
    again = single.astype(features.dtype)
    # Nearly always all rows are the same, and comparing bytes is faster than comparing numbers.
    if again.tobytes() == features.tobytes():
        return ALL
    same: NDArray[np.bool_] = (again == features) | np.isnan(features)
    return same.all(axis=1)


class Onnx:
    """An unrolled pipeline with a converted last step."""

    def __init__(self, model: bytes, unrolled: UnrolledPipeline) -> None:
        """Load the model, which was converted from the last step of `unrolled`."""
        import onnxruntime  # noqa: PLC0415  # only where the choice of a runtime names it

        options = onnxruntime.SessionOptions()
        # A few rows are too little work to share.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in self._session.get_outputs()]
        self._outputs = [PROBABILITIES if PROBABILITIES in names else VALUE]
        self._unrolled = unrolled
        self._compares_doubles = compares_doubles(unrolled.last)

    def __call__(self, rows: Sequence[Row]) -> tuple[NDArray[np.float64], Float32Exact]:
        """Scores, and which of them count: probabilities (rows, classes) or values (rows,)."""
        features = self._unrolled.features(rows)
        single = features.astype(np.float32)
        exact = float32_exact(features, single) if self._compares_doubles else ALL
        return self.score_features(single), exact

    def score_features(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scores of (rows, features)."""
        [output] = self._session.run(self._outputs, {INPUT: features})
        scores = np.asarray(output, dtype=np.float64)
        if self._outputs != [PROBABILITIES]:
            return scores.reshape(len(features))
        # Shares of hundreds of trees, added up in float32, may exceed 1 by a millionth.
        return np.minimum(np.maximum(scores, 0.0), 1.0)
