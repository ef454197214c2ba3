"""A LightFrame makes the values that pandas makes, or raises."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.bundle import bundle as bundles
from engine.contract.column import Column
from engine.serving.model.predictor import Predictor, load
from engine.serving.model.table import FEW, LightFrame, frame
from engine.tests.serving.made import make_bundle
from poc.features import AsFloat32, DateParts, Words

NUMBERS = (
    Column("weight", "number", nullable=True),
    Column("distance", "number"),
    Column("items", "integer"),
    Column("days", "integer", nullable=True),
    Column("fragile", "boolean"),
    Column("insured", "boolean", nullable=True),
)
WORDS = (Column("service", "category"), Column("carrier", "category", nullable=True))
DATES = (Column("ordered_at", "date"), Column("paid_at", "date", nullable=True))
ROWS: list[dict[str, Any]] = [
    {"weight": 1.5, "distance": 1e300, "items": 2**62 + 1, "days": 3, "fragile": True,
     "insured": False, "service": "fast", "carrier": "blé", "ordered_at": "2024-02-29",
     "paid_at": "1999-12-31 23:59:59.999999"},
    {"weight": None, "distance": -0.0, "items": -1, "days": None, "fragile": False,
     "insured": None, "service": "", "carrier": None, "ordered_at": "2026-03-01T09:30",
     "paid_at": None},
    {"distance": 0.1, "items": 0, "fragile": False, "service": "(missing)",
     "ordered_at": "0001-01-01"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "columns"),
    [(AsFloat32(), NUMBERS), (Words(), WORDS), (DateParts(), DATES)],
    ids=["numbers", "words", "dates"],
)
def test_template_steps_get_the_same_values_from_light_frames(
    step: Any, columns: tuple[Column, ...]
) -> None:
    step.fit(frame(ROWS, columns))
    for rows in (ROWS, ROWS[::-1], *([row] for row in ROWS)):
        fast, whole = (step.transform(table(rows, columns)) for table in (LightFrame, frame))
        assert fast.dtype == whole.dtype
        assert np.array_equal(fast, whole, equal_nan=fast.dtype != object)
        assert fast.tobytes() == whole.tobytes() or fast.dtype == object  # the sign of zero, too


@pytest.mark.parametrize("name", ["items", "fragile"])
def test_missing_value_of_a_required_column_raises_in_both(name: str) -> None:
    columns = [column for column in NUMBERS if column.name == name]
    for table in (LightFrame, frame):
        step: Any = AsFloat32().fit(frame(ROWS, columns))
        with pytest.raises((ValueError, TypeError)):
            step.transform(table([{name: None}], columns))


def test_light_frame_raises_for_other_methods_of_a_frame() -> None:
    table = LightFrame(ROWS, (*NUMBERS, *WORDS, *DATES))
    for unsupported in (
        lambda: table["weight"],  # type: ignore[index]
        lambda: table.iloc,  # type: ignore[attr-defined]
        lambda: np.asarray(table, dtype=float),
        lambda: dict(table.items())["weight"].array,
        lambda: dict(table.items())["weight"].to_numpy(object, None),
        lambda: dict(table.items())["service"].to_numpy(np.float64, np.nan),
        lambda: dict(table.items())["ordered_at"].array.quarter,
    ):
        with pytest.raises((TypeError, AttributeError)):
            unsupported()


COMBINED = '''
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

FACTOR = 1.0

class Floats(TransformerMixin, BaseEstimator):
    """Uses methods that only a DataFrame has."""

    def fit(self, frame, target=None):
        self.n_features_in_ = frame.shape[1]
        return self

    def transform(self, frame):
        numbers = frame.select_dtypes("number").to_numpy(np.float32, na_value=np.nan)
        return np.column_stack([numbers, frame["mean radius (mm)"] * frame["items"]])
'''


def test_step_that_uses_more_of_a_frame_gets_a_frame(tmp_path: Any) -> None:
    make_bundle(tmp_path, code=COMBINED)
    served = load(bundles.read(tmp_path), rehearsal=False)
    assert served.unrolled is not None
    assert [part.light for part in served.unrolled.branches] == [False, False]
    _as_the_whole(served)


ALONE = COMBINED.replace(
    'numbers = frame.select_dtypes("number").to_numpy(np.float32, na_value=np.nan)',
    "light = not hasattr(frame, 'iloc'); frame = frame",
).replace(
    'return np.column_stack([numbers, frame["mean radius (mm)"] * frame["items"]])',
    "return np.full((len(frame), 2), 0.5 if light else 0.25)",
)


def test_step_with_other_features_from_light_frames_gets_a_frame(tmp_path: Any) -> None:
    make_bundle(tmp_path, code=ALONE)
    served = load(bundles.read(tmp_path), rehearsal=False)
    assert served.unrolled is not None
    assert not served.unrolled.branches[0].light
    _as_the_whole(served)


def test_many_rows_become_a_frame(predictor: Predictor) -> None:
    rows = [predictor.bundle.golden()[0]["row"]] * (FEW + 1)
    assert predictor.unrolled is not None
    light = [replace(part, light=True) for part in predictor.unrolled.branches]
    assert {part(rows).shape[0] for part in light} == {FEW + 1}
    _as_the_whole(predictor)


def _as_the_whole(served: Predictor) -> None:
    whole = replace(served, unrolled=None)
    rows = [golden["row"] for golden in served.bundle.golden()]
    assert np.array_equal(served.scores(rows), whole.scores(rows))
