"""The fast way: the model's last step by ONNX Runtime, which `engine.serving.optimise` converted.

What comes before it is asked as ever, and given as float32, which is what the converted model
compares. Boosted trees compare what they are given: a number that float32 does not hold may fall on
the other side of a split, so a row that has one is the pipeline's to answer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from engine.bundle.bundle import Bundle
from engine.serving.model.table import Row
from engine.serving.model.unrolled import Direct

Held = NDArray[np.bool_] | np.bool_
ALL = np.bool_(True)

# The converted model's input and outputs.
INPUT = "rows"
PROBABILITIES, VALUE = "probabilities", "variable"


def allowed(bundle: Bundle) -> float:
    """How far a score of a converted model may lie from the pipeline's, as problem.toml says.

    Of a value that part of the range which the scores of the test rows had.
    """
    part = bundle.problem.budget.score_difference
    if bundle.contract.task != "regression":
        return part
    edges = bundle.reference["score"]["edges"]
    return part * (max(edges) - min(edges)) if edges else part


def compares_doubles(model: Any) -> bool:
    """Whether a fitted model, or one inside it, splits numbers as they come; others round them."""
    if isinstance(model, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        return True
    inside = [one.estimator for one in getattr(model, "calibrated_classifiers_", ())]
    inside += [step for _, step in getattr(model, "steps", ())]
    for one in getattr(model, "estimators_", ()):
        inside += [*one] if isinstance(one, np.ndarray) else [one]
    inside += [model.final_estimator_] if hasattr(model, "final_estimator_") else []
    return any(map(compares_doubles, inside))


def held(seen: NDArray[Any], single: NDArray[np.float32]) -> Held:
    """Which rows of `seen` are the same in float32, NaN included: (rows,), or `ALL`."""
    again = single.astype(seen.dtype)
    # Nearly always they all are, and bytes are compared sooner than numbers.
    if again.tobytes() == seen.tobytes():
        return ALL
    same: NDArray[np.bool_] = (again == seen) | np.isnan(seen)
    return same.all(axis=1)


class Onnx:
    """A converted last step behind the others."""

    def __init__(self, model: bytes, way: Direct) -> None:
        """Load the model; `way` is the direct way through the pipeline whose last step it was.

        Raises:
            Exception: as ONNX Runtime does, of a model that it cannot run.
        """
        import onnxruntime  # noqa: PLC0415  # only where it was found faster

        told = onnxruntime.SessionOptions()
        # A few rows are no work to share.
        told.intra_op_num_threads = told.inter_op_num_threads = 1
        told.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model, told, providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in self._session.get_outputs()]
        self._wanted = [PROBABILITIES if PROBABILITIES in names else VALUE]
        self._way = way
        self._compares_doubles = compares_doubles(way.last)

    def __call__(self, rows: Sequence[Row]) -> tuple[NDArray[np.float64], Held]:
        """Probabilities (rows, classes) in the model's order, or values (rows,); and which count.

        Those of rows whose features float32 does not hold are another model's.
        """
        seen = self._way.features(rows)
        single = seen.astype(np.float32)
        return self.of(single), held(seen, single) if self._compares_doubles else ALL

    def of(self, seen: NDArray[np.float32]) -> NDArray[np.float64]:
        """As of rows, of their features: (rows, features)."""
        [found] = self._session.run(self._wanted, {INPUT: seen})
        scores = np.asarray(found, dtype=np.float64)
        if self._wanted != [PROBABILITIES]:
            return scores.reshape(len(seen))
        # Shares of hundreds of trees, added up in float32, may come to a millionth more than 1.
        return np.minimum(np.maximum(scores, 0.0), 1.0)
