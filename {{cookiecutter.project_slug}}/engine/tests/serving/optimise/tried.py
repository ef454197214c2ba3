"""A bundle with a converted last step, and feature code whose values float32 rounds."""

from pathlib import Path

from engine.bundle import bundle as bundles
from engine.problem.spec import Task
from engine.serving.model.predictor import Predictor, load
from engine.serving.optimise.convert import convert
from engine.tests.serving.made import FEATURES, ROW, make_bundle

# In double precision: next to a split, float32 falls on the other side.
IN_DOUBLE = FEATURES.replace("np.float32", "np.float64")

# A feature of two inputs in double precision: no single input sets it next to a split.
MADE_OF_TWO = FEATURES.replace(
    "        return np.column_stack([self._floats(column) for _, column in frame.items()])",
    """        made = {name: self._floats(column) for name, column in frame.items()}
        cells = dict(frame.items())
        size = cells["mean radius (mm)"].to_numpy(np.float64, na_value=np.nan)
        both = (size + np.nan_to_num(made.pop("days").astype(np.float64))) / 3
        made.pop("mean radius (mm)")
        return np.column_stack([*made.values(), both])""",
)


def tried(path: Path, code: str = FEATURES, task: Task = "binary") -> tuple[Predictor, bytes]:
    make_bundle(path, task, code)
    exact = load(bundles.read(path), rehearsal=True)
    assert exact.unrolled is not None
    return exact, convert(exact.unrolled, [ROW])
