"""The fast way: the model's last step by ONNX Runtime, which `serving.optimise` converted.

What comes before it is asked as ever, and given as float32: as which the pipeline rounded its
numbers in training.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handoff.bundle import Bundle
from serving.model.direct import Direct
from serving.model.table import Row

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

    def __call__(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Probabilities (rows, classes) in the model's order, or values (rows,)."""
        return self.of(self._way.features(rows).astype(np.float32))

    def of(self, seen: NDArray[np.float32]) -> NDArray[np.float64]:
        """As of rows, of their features: (rows, features)."""
        [found] = self._session.run(self._wanted, {INPUT: seen})
        scores = np.asarray(found, dtype=np.float64)
        if self._wanted != [PROBABILITIES]:
            return scores.reshape(len(seen))
        # Shares of hundreds of trees, added up in float32, may come to a millionth more than 1.
        return np.minimum(np.maximum(scores, 0.0), 1.0)
