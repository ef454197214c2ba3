"""Predicts rows with the model of one bundle, exactly as the proof of concept did."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from engine.bundle.archive import Answer, load_model, replay
from engine.bundle.bundle import Bundle
from engine.explain.explain import Explainer, explainer
from engine.problem.errors import BadInput
from engine.serving.model.onnx import Float32Exact, Onnx, allowed_difference
from engine.serving.model.table import Row, frame
from engine.serving.model.unrolled import UnrolledPipeline, unroll

logger = logging.getLogger("serving")

# Probabilities (rows, classes) in the contract's order, or values (rows,) of a regression.
Scores = NDArray[np.float64]

# ONNX Runtime predicts so many rows faster than another thread wakes up.
INLINE_ROWS = 64


@dataclass(frozen=True)
class Predictor:
    """The loaded model of one bundle; `load` makes it and replays its golden rows."""

    bundle: Bundle
    rehearsal: bool
    _model: Any
    _order: tuple[int, ...] | None  # the model's column of each class, where the contract's differ
    _threshold: float | None
    _threads: ThreadpoolController
    unrolled: UnrolledPipeline | None = None
    _onnx: Onnx | None = None
    _tolerance: float = 0.0  # how far the converted model's score may lie from the pipeline's

    @property
    def runtime(self) -> str:
        """The library that computes the scores: `scikit-learn` or `onnx`."""
        return "onnx" if self._onnx else "scikit-learn"

    @property
    def inline_rows(self) -> int:
        """Up to so many rows another thread is not worth its cost."""
        return INLINE_ROWS if self._onnx else 0

    def predict(self, rows: Sequence[Row]) -> list[Answer]:
        """One prediction a row, in order; ArithmeticError if a score is not finite."""
        return self.to_predictions(self.scores(rows))

    def to_predictions(self, scores: Scores) -> list[Answer]:
        """Scores as predictions: with the decision and, of several classes, each class's score."""
        if not np.isfinite(scores).all():
            raise ArithmeticError("the model gave a score that is not finite")
        if self._threshold is not None:
            return [{"score": p, "decision": p >= self._threshold} for p in scores[:, 1].tolist()]
        classes = self.bundle.contract.classes
        if not classes:
            return [{"score": value} for value in scores.tolist()]
        predictions = []
        for row in scores.tolist():
            best = max(range(len(row)), key=row.__getitem__)
            named = {str(value): score for value, score in zip(classes, row, strict=True)}
            predictions.append({"score": row[best], "decision": classes[best], "scores": named})
        return predictions

    def scores(self, rows: Sequence[Row]) -> Scores:
        """The scores of rows; the pipeline itself predicts those that are `uncertain` otherwise."""
        if self._onnx is None:
            return self.pipeline_scores(rows)
        scores, exact = self.onnx_scores(rows)
        uncertain = self.uncertain(scores, exact)
        if len(uncertain):
            scores[uncertain] = self.pipeline_scores([rows[at] for at in uncertain.tolist()])
        return scores

    def onnx_scores(self, rows: Sequence[Row]) -> tuple[Scores, Float32Exact]:
        """Scores of the converted model alone, and which rows float32 represents exactly."""
        if self._onnx is None:
            raise TypeError("no converted model")
        scores, exact = self._onnx(rows)
        return self._ordered(scores), exact

    def pipeline_scores(self, rows: Sequence[Row]) -> Scores:
        """Scores of the pipeline itself."""
        # One thread: where the cores were busy, waiting for a second thread to wake took twenty
        # times as long as predicting a few rows.
        with self._threads.limit(limits=1):
            if self.unrolled:
                return self._score(self.unrolled.last, self.unrolled.features(rows))
            return self.score_table(frame(rows, self.bundle.contract.inputs))

    def explainer(self) -> Explainer | None:
        """SHAP values of the pipeline's raw output, where it has an exact and fast form.

        The usual rows, for a linear model, are the typical golden ones.
        """
        usual = [golden["row"] for golden in self.bundle.golden() if golden["kind"] == "typical"]
        # A team's own steps, or another version of the library, may fail in any way.
        with suppress(Exception):
            return explainer(self._model, lambda: self.features(usual)) if usual else None
        return None

    def features(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """What the last step of the pipeline gets: (rows, features)."""
        if self.unrolled:
            return np.asarray(self.unrolled.features(rows), float)
        return np.asarray(self._model[:-1].transform(frame(rows, self.bundle.contract.inputs)))

    def column_of(self, position: int) -> int:
        """The model's column of the class at this position in the contract."""
        return position if self._order is None else self._order[position]

    def score_table(self, table: pd.DataFrame) -> Scores:
        """Scores of the pipeline for a table such as `frame` makes, on every core."""
        return self._score(self._model, table)

    def _score(self, model: Any, features: Any) -> Scores:
        if self.bundle.contract.classes:
            return self._ordered(np.asarray(model.predict_proba(features), dtype=float))
        return np.asarray(model.predict(features), dtype=float).reshape(features.shape[0])

    def _ordered(self, scores: Scores) -> Scores:
        """Probabilities in the contract's order of classes."""
        return scores if self._order is None else scores[:, self._order]

    def margins(self, scores: Scores) -> NDArray[np.float64]:
        """How far each score is from another decision, NaN for NaN; infinite in a regression."""
        if self._threshold is not None:
            return np.abs(scores[:, 1] - self._threshold)
        if self.bundle.contract.classes:
            ranked = np.sort(scores, axis=1)
            return (ranked[:, -1] - ranked[:, -2]) / 2
        return np.where(np.isfinite(scores), np.inf, np.nan)

    def uncertain(self, scores: Scores, exact: Float32Exact) -> NDArray[np.intp]:
        """Positions of rows for which the converted model may decide otherwise than the pipeline.

        Their score lies within the tolerance of another decision, is NaN, or is not `exact`.
        """
        return np.flatnonzero(~((self.margins(scores) > self._tolerance) & exact))


def load(bundle: Bundle, *, rehearsal: bool, onnx: bytes | None = None) -> Predictor:
    """A predictor that reproduces the golden predictions of its bundle; BadInput if it does not."""
    predictor = prepare(bundle, rehearsal=rehearsal)
    predictor = _with_unrolled(predictor, replay(predictor.predict, bundle))
    if onnx is not None:
        try:
            fast = with_onnx(predictor, onnx)
            replay(fast.predict, bundle, relative=0, absolute=allowed_difference(bundle))
            return fast
        except Exception as error:  # whatever is wrong with it, the pipeline serves
            logger.warning("Converted model disabled, the pipeline predicts: %s", error)
    return predictor


def prepare(bundle: Bundle, *, rehearsal: bool) -> Predictor:
    """A predictor whose golden rows were not replayed, for checks; BadInput if it does not load."""
    model, classes, order = load_model(bundle), bundle.contract.classes, None
    if classes:
        fitted = np.asarray(model.classes_).tolist()
        if set(fitted) != set(classes):
            raise BadInput(
                f"expected a model of the contract's classes {list(classes)}, got one of {fitted}; "
                "build the bundle again from a run whose target has these values",
                code="wrong-classes",
            )
        if fitted != list(classes):
            order = tuple(fitted.index(value) for value in classes)
    return Predictor(
        bundle=bundle,
        rehearsal=rehearsal,
        _model=model,
        _order=order,
        _threshold=bundle.threshold,
        _threads=ThreadpoolController(),  # finds the libraries that the model has loaded by now
    )


def _with_unrolled(predictor: Predictor, golden: Sequence[Answer]) -> Predictor:
    """The same predictor on the fast path, if that gives the `golden` predictions to the last bit.

    Each row alone and all in one batch: a step of the team's own may depend on the other rows.
    """
    unrolled = unroll(predictor._model, predictor.bundle.contract.inputs)
    rows = [golden_row["row"] for golden_row in predictor.bundle.golden()]
    if unrolled is None or not rows:
        return predictor
    # A step of the team's own may fail in any way where it is called so.
    with suppress(Exception):
        fast = replace(predictor, unrolled=unrolled.with_suitable_tables(rows))
        batch, alone = fast.predict(rows), [fast.predict([row])[0] for row in rows]
        if batch == predictor.predict(rows) and alone == list(golden):
            return fast
    logger.warning("Fast path disabled: its predictions differ from the pipeline's.")
    return predictor


def with_onnx(predictor: Predictor, onnx: bytes) -> Predictor:
    """The same predictor with an unchecked converted model; any error if that cannot run."""
    if predictor.unrolled is None:
        raise BadInput(
            "expected a pipeline whose steps can be called one by one; serve the pipeline itself",
            code="pipeline-not-unrolled",
        )
    tolerance = allowed_difference(predictor.bundle)
    return replace(predictor, _onnx=Onnx(onnx, predictor.unrolled), _tolerance=tolerance)
