"""Answers rows with the model of one bundle, exactly as the proof of concept did."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from engine.bundle.archive import load_model
from engine.bundle.bundle import Bundle
from engine.bundle.replay import Answer, replay
from engine.problem.errors import BadInput
from engine.serving.model.onnx import Held, Onnx, allowed
from engine.serving.model.table import Row, frame
from engine.serving.model.unrolled import Direct, direct

logger = logging.getLogger("serving")

Scores = NDArray[np.float64]

# Rows that ONNX Runtime answers sooner than another thread would wake.
FEW_ROWS = 64


@dataclass(frozen=True)
class Predictor:
    """The model of one bundle, ready to answer; `load` makes it and replays its golden rows."""

    bundle: Bundle
    rehearsal: bool
    _model: Any
    _order: tuple[int, ...] | None  # the model's column of each class, where the contract's differ
    _classes: tuple[Any, ...]
    _threshold: float | None
    _threads: ThreadpoolController
    _direct: Direct | None = None
    _onnx: Onnx | None = None
    _reach: float = 0.0  # how far a score of the converted model may lie from the pipeline's

    @property
    def runtime(self) -> str:
        """What computes the scores: `scikit-learn` or `onnx`."""
        return "onnx" if self._onnx else "scikit-learn"

    @property
    def direct(self) -> Direct | None:
        """The pipeline's steps, where they are asked one by one."""
        return self._direct

    @property
    def at_once(self) -> int:
        """So many rows are answered too soon for another thread to be worth it."""
        return FEW_ROWS if self._onnx else 0

    def predict(self, rows: Sequence[Row]) -> list[Answer]:
        """One answer a row, in order; rows are as the contract has them, missing is None or absent.

        Raises:
            ArithmeticError: the model gave no finite number.
        """
        return self.answers(self.scores(rows))

    def answers(self, scores: Scores) -> list[Answer]:
        """What callers are told of scores, a row each.

        Raises:
            ArithmeticError: a score is no finite number.
        """
        if not np.isfinite(scores).all():
            raise ArithmeticError("the model gave a score that is not finite")
        if self._threshold is not None:
            return [{"score": p, "decision": p >= self._threshold} for p in scores[:, 1].tolist()]
        if self._classes:
            return [self._chosen(shares) for shares in scores.tolist()]
        return [{"score": value} for value in scores.tolist()]

    def scores(self, rows: Sequence[Row]) -> Scores:
        """What the model says: (rows, classes) probabilities, or (rows,) values of a regression.

        Where the fast way comes so near to another decision that its rounding could make it, or
        a row has numbers that float32 does not hold, the pipeline itself is asked: decisions are
        the proof of concept's, always.
        """
        if self._onnx is None:
            return self.exact(rows)
        scores, held = self.raw(rows)
        unsure = self.unsure(scores, held)
        if len(unsure):
            scores[unsure] = self.exact([rows[place] for place in unsure.tolist()])
        return scores

    def raw(self, rows: Sequence[Row]) -> tuple[Scores, Held]:
        """As `scores`, of the converted model alone; and which rows it sees as they are.

        Raises:
            TypeError: there is none.
        """
        if self._onnx is None:
            raise TypeError("no converted model")
        scores, held = self._onnx(rows)
        return self._ordered(scores), held

    def exact(self, rows: Sequence[Row]) -> Scores:
        """As `scores`, always of the pipeline itself."""
        # A few rows are no work to share: where the cores are busy, waiting for a second thread
        # to wake took twenty times as long as the prediction.
        with self._threads.limit(limits=1):
            if self._direct:
                return self._ask(self._direct.last, self._direct.features(rows), len(rows))
            return self._ask(self._model, frame(rows, self.bundle.contract.inputs), len(rows))

    def scores_of(self, table: pd.DataFrame) -> Scores:
        """As `exact`, of many rows as the table that training saw (see `frame`), on every core."""
        return self._ask(self._model, table, len(table))

    def _ask(self, model: Any, seen: Any, rows: int) -> Scores:
        if self._classes:
            return self._ordered(np.asarray(model.predict_proba(seen), dtype=float))
        return np.asarray(model.predict(seen), dtype=float).reshape(rows)

    def _ordered(self, scores: Scores) -> Scores:
        """Shares of classes in the contract's order."""
        return scores if self._order is None else scores[:, self._order]

    def unsure(self, scores: Scores, held: Held) -> NDArray[np.intp]:
        """Places of rows that the allowed difference could decide otherwise, or without a number.

        And of those that are not `held`.

        "Not more than" instead of "at most": of NaN nothing is more.
        """
        if self._threshold is not None:
            sure = np.abs(scores[:, 1] - self._threshold) > self._reach
        elif self._classes:
            ranked = np.sort(scores, axis=1)
            sure = ranked[:, -1] - ranked[:, -2] > 2 * self._reach
        else:
            sure = np.isfinite(scores)
        return np.flatnonzero(~(sure & held))

    def _chosen(self, shares: Sequence[float]) -> Answer:
        best = max(range(len(shares)), key=shares.__getitem__)
        named = {str(value): share for value, share in zip(self._classes, shares, strict=True)}
        return {"score": shares[best], "decision": self._classes[best], "scores": named}


def load(bundle: Bundle, *, rehearsal: bool, onnx: bytes | None = None) -> Predictor:
    """A predictor of the bundle, once its golden rows have given their answers.

    Whether the bundle may be served is for `serving.choose` to say, and which converted model may
    answer in its place for `serving.runtime`; `rehearsal` marks one that may not be acted upon.

    Raises:
        BadInput: as `prepare`, or the model answers a golden row differently.
    """
    predictor = prepare(bundle, rehearsal=rehearsal)
    predictor = _quickened(predictor, replay(predictor.predict, bundle))
    return predictor if onnx is None else _converted(predictor, onnx)


def prepare(bundle: Bundle, *, rehearsal: bool) -> Predictor:
    """A predictor of the bundle whose golden rows nobody has asked yet: to examine, not to serve.

    Raises:
        BadInput: the model holds types that are not trusted, does not load, or knows other classes
            than the contract.
    """
    model = load_model(bundle)
    classes = tuple(bundle.contract.classes)
    return Predictor(
        bundle=bundle,
        rehearsal=rehearsal,
        _model=model,
        _order=_order(model, classes),
        _classes=classes,
        _threshold=bundle.threshold,
        _threads=ThreadpoolController(),  # knows the libraries that the model has loaded by now
    )


def _quickened(predictor: Predictor, answers: Sequence[Answer]) -> Predictor:
    """The same predictor by the direct way, if that gives the golden `answers` to the last bit.

    Alone and all together: a step of the team's own may depend on who else is there.
    """
    way = direct(predictor._model, predictor.bundle.contract.inputs)
    rows = [golden["row"] for golden in predictor.bundle.golden()]
    if way is None or not rows:
        return predictor
    try:
        quick = replace(predictor, _direct=way.suited(rows))
        agrees = quick.predict(rows) == predictor.predict(rows)
        agrees = agrees and [quick.predict([row])[0] for row in rows] == list(answers)
    except Exception:  # a step of the team's own may fail in any way where it is called so
        agrees = False
    if not agrees:
        logger.warning("the model's steps answer otherwise one by one; it is asked as a whole")
    return quick if agrees else predictor


def _converted(predictor: Predictor, onnx: bytes) -> Predictor:
    """The same predictor with the converted model, if that gives the golden rows' answers."""
    try:
        fast = with_onnx(predictor, onnx)
        replay(fast.predict, predictor.bundle, relative=0, absolute=allowed(predictor.bundle))
    except Exception as error:  # the pipeline answers whatever is wrong with what stands for it
        logger.warning("the converted model is not used, the pipeline answers: %s", error)
        return predictor
    return fast


def with_onnx(predictor: Predictor, onnx: bytes) -> Predictor:
    """The same predictor with a converted model that nobody has examined.

    Raises:
        BadInput: the pipeline has no direct way, so nothing can stand for the rest of it.
        Exception: as ONNX Runtime does, of a model that it cannot run.
    """
    if predictor._direct is None:
        raise BadInput("expected a pipeline whose steps can be asked one by one; serve it as it is")
    fast = Onnx(onnx, predictor._direct)
    return replace(predictor, _onnx=fast, _reach=allowed(predictor.bundle))


def _order(model: Any, classes: tuple[Any, ...]) -> tuple[int, ...] | None:
    if not classes:
        return None
    known = [_plain(value) for value in model.classes_]
    if set(known) != set(classes):
        raise BadInput(
            f"expected a model of the contract's classes {list(classes)}, got one of {known}; "
            "build the bundle again from a run whose target has these values"
        )
    order = tuple(known.index(value) for value in classes)
    return None if order == tuple(range(len(classes))) else order


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
