"""Answers rows with the model of one bundle, exactly as the proof of concept did."""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import pandas_dtype
from threadpoolctl import ThreadpoolController

from handoff.bundle import Bundle
from problem.columns import Column
from problem.errors import BadInput
from serving.model.archive import load_model
from serving.model.direct import Direct, direct

# Another processor or library build may round the last bits of a float otherwise; a difference
# that a person or a threshold could notice is far larger.
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9

logger = logging.getLogger("serving")

Row = Mapping[str, Any]
Answer = dict[str, Any]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """The model of one bundle, ready to answer; `load` makes it and replays its golden rows."""

    bundle: Bundle
    rehearsal: bool
    _model: Any
    _order: tuple[int, ...]  # the model's column of each class, in the contract's order
    _classes: tuple[Any, ...]
    _threshold: float | None
    _threads: ThreadpoolController
    _direct: Direct | None = None

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
        """What the model says: (rows, classes) probabilities, or (rows,) values of a regression."""
        # A few rows are no work to share: where the cores are busy, waiting for a second thread
        # to wake took twenty times as long as the prediction.
        with self._threads.limit(limits=1):
            if self._direct:
                seen = self._direct.features(lambda columns: frame(rows, columns))
                return self._ask(self._direct.last, seen, len(rows))
            return self._ask(self._model, frame(rows, self.bundle.contract.inputs), len(rows))

    def scores_of(self, table: pd.DataFrame) -> Scores:
        """As `scores`, of many rows as the table that training saw (see `frame`), on every core."""
        return self._ask(self._model, table, len(table))

    def _ask(self, model: Any, seen: Any, rows: int) -> Scores:
        if self._classes:
            return np.asarray(model.predict_proba(seen), dtype=float)[:, self._order]
        return np.asarray(model.predict(seen), dtype=float).reshape(rows)

    def _chosen(self, shares: Sequence[float]) -> Answer:
        best = max(range(len(shares)), key=shares.__getitem__)
        named = {str(value): share for value, share in zip(self._classes, shares, strict=True)}
        return {"score": shares[best], "decision": self._classes[best], "scores": named}


def load(bundle: Bundle, *, rehearsal: bool) -> Predictor:
    """A predictor of the bundle, once its golden rows have given their answers.

    Whether the bundle may be served is for `serving.choose` to say; `rehearsal` marks one that
    may not be acted upon.

    Raises:
        BadInput: as `prepare`, or the model answers a golden row differently.
    """
    predictor = prepare(bundle, rehearsal=rehearsal)
    return _quickened(predictor, replay(predictor))


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
    if way is None:
        return predictor
    quick = replace(predictor, _direct=way)
    rows = [golden["row"] for golden in predictor.bundle.golden()]
    try:
        agrees = quick.predict(rows) == predictor.predict(rows)
        agrees = agrees and [quick.predict([row])[0] for row in rows] == list(answers)
    except Exception:  # a step of the team's own may fail in any way where it is called so
        agrees = False
    if not agrees:
        logger.warning("the model's steps answer otherwise one by one; it is asked as a whole")
    return quick if agrees else predictor


def replay(predictor: Predictor) -> list[Answer]:
    """Ask for the golden rows, one by one as a client would, and compare with their answers.

    Raises:
        BadInput: names the first row whose answer differs.
    """
    answers = []
    for number, golden in enumerate(predictor.bundle.golden(), start=1):
        try:
            [answer] = predictor.predict([golden["row"]])
        except Exception as error:
            raise _differs(predictor.bundle, number, golden, f"{error!r}") from error
        if not same(answer, golden["answer"]):
            raise _differs(predictor.bundle, number, golden, f"{answer}")
        answers.append(answer)
    return answers


def _differs(bundle: Bundle, number: int, golden: Mapping[str, Any], got: str) -> BadInput:
    return BadInput(
        f"golden row {number} ({golden['kind']}) of bundle {bundle.id[:12]} expected "
        f"{golden['answer']}, got {got}; the model does not run here as it did in training: "
        "compare the pins in the bundle's manifest with what is installed"
    )


def same(one: Any, other: Any) -> bool:
    """Whether two answers agree: decisions exactly, scores within the tolerance."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float | int) and not isinstance(other, bool):
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    return type(one) is type(other) and bool(one == other)


def frame(rows: Sequence[Row], columns: Iterable[Column]) -> pd.DataFrame:
    """The rows as the table that training saw: the same columns, order and dtypes."""
    return pd.DataFrame({column.name: _values(rows, column) for column in columns}, copy=False)


def _values(rows: Sequence[Row], column: Column) -> Any:
    """A column's cells as an array of its dtype, which costs less than a Series of each."""
    values, dtype = [row.get(column.name) for row in rows], _dtype(column.dtype)
    if not isinstance(dtype, np.dtype):
        return dtype.construct_array_type()._from_sequence(values, dtype=dtype)
    if dtype.kind == "b" and None in values:  # numpy would take it for False
        raise ValueError(f"'{column.name}' cannot hold missing values")
    return np.array(values, dtype=dtype)  # None becomes NaN or NaT, and no integer


@cache
def _dtype(name: str) -> Any:
    return pandas_dtype(name)


def _order(model: Any, classes: tuple[Any, ...]) -> tuple[int, ...]:
    if not classes:
        return ()
    known = [_plain(value) for value in model.classes_]
    if set(known) != set(classes):
        raise BadInput(
            f"expected a model of the contract's classes {list(classes)}, got one of {known}; "
            "build the bundle again from a run whose target has these values"
        )
    return tuple(known.index(value) for value in classes)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
