"""The fast way: what scikit-learn's steps do, by ONNX Runtime.

Steps of the team's own and encoders whose categories lie ready stay Python (`own`). What follows
them (`rest`) was converted by `serving.optimise`, and gets their numbers as float32, as which the
pipeline rounded them in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.model.direct import Direct, Lookup, Part
from serving.model.table import Row

# The converted model's input and outputs, as skl2onnx names them.
INPUT = "rows"
PROBABILITIES, VALUE = "probabilities", "variable"


@dataclass(frozen=True)
class Rest:
    """What of a pipeline can be converted: a part's remaining steps, in the order of their parts.

    `widths` are the numbers that each part's own steps give.
    """

    parts: tuple[tuple[Any, ...], ...]
    between: tuple[Any, ...]
    last: Any


def own(way: Direct) -> Direct:
    """The same way, each part only as far as its last step that must stay Python."""
    parts = tuple(replace(part, steps=part.steps[: _own_steps(part)]) for part in way.parts)
    return replace(way, parts=parts, between=(), last=None)


def rest(way: Direct) -> Rest:
    """What follows `own`."""
    parts = tuple(part.steps[_own_steps(part) :] for part in way.parts)
    return Rest(parts, way.between, way.last)


def _own_steps(part: Part) -> int:
    stays = [
        number
        for number, step in enumerate(part.steps, start=1)
        if isinstance(step, Lookup) or not type(step).__module__.startswith("sklearn.")
    ]
    return max(stays, default=0)


class Onnx:
    """A converted model behind the steps that stay Python."""

    def __init__(self, model: bytes, way: Direct) -> None:
        """Load the model; `way` is the direct way through the pipeline that it was made of.

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
        self._own = own(way)

    def __call__(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Probabilities (rows, classes) in the model's order, or values (rows,)."""
        seen = self._own.features(rows).astype(np.float32)
        [found] = self._session.run(self._wanted, {INPUT: seen})
        scores = np.asarray(found, dtype=np.float64)
        return scores if self._wanted == [PROBABILITIES] else scores.reshape(len(rows))
