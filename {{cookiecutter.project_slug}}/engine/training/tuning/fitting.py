"""A fold made ready for many fits: features once, and rows apart that say when to stop."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from engine.data.load import take
from engine.data.split import Rows
from engine.training.evaluate import predict
from engine.training.folds import CrossValidationData

Floats = NDArray[np.float32]

# More trees than that and a smaller learning rate buys nothing that anybody would notice.
MOST_TREES, PATIENCE = 1_000, 20
# After so many trees the clock is looked at: no fit runs on for long when the time is up.
STEP = 50


class TimeIsUpError(Exception):
    """The time ended within a fit."""


@dataclass(frozen=True)
class Judge:
    """A fold: rows to learn from, rows of these held out to stop by, and rows to be judged on.

    The features are kept in half the room: they were rounded to float32 before (`AsFloat32`).
    """

    taught: CrossValidationData
    model: BaseEstimator
    learn: tuple[Floats, Any]
    stop: tuple[Floats, Any]
    judge: tuple[Floats, Rows]

    def __call__(self, parameters: Mapping[str, Any], until: float = math.inf) -> tuple[float, int]:
        """The success metric of these parameters on the fold, and how many trees they took.

        Raises:
            TimeIsUpError: `until` has passed by the clock (`monotonic`), or would before the next
                trees have grown, if they take as long as the last ones.
        """
        fixed = {"early_stopping": True, "n_iter_no_change": PATIENCE, "warm_start": True}
        model = clone(self.model).set_params(**fixed, **parameters)
        features, labels = self.stop
        now, taken = monotonic(), 0.0
        # Always by the same steps, so that the clock can end a fit but not change it.
        for trees in range(STEP, MOST_TREES + 1, STEP):
            if now + taken > until:
                raise TimeIsUpError
            model.set_params(max_iter=trees).fit(*self.learn, X_val=features, y_val=labels)
            if model.n_iter_ < trees:
                break
            taken, now = monotonic() - now, monotonic()
        features, rows = self.judge
        dataset = self.taught.dataset
        # A pipeline's last step answers as the pipeline does.
        said = predict(model, features, dataset.problem.target.task, dataset.known.classes)
        return self.taught.measure(rows, said), max(1, int(np.argmax(model.validation_score_)))


def judges(taught: CrossValidationData, model: Pipeline, until: float = math.inf) -> list[Judge]:
    """A judge for each fold of the cross-validation.

    Raises:
        BadInput: a fold's learning rows cannot be parted once more.
        TimeIsUpError: the clock (`monotonic`) went past `until`.
    """
    made = []
    for learn, judge in taught.folds:
        if monotonic() > until:
            raise TimeIsUpError
        made.append(_judge(taught, model, learn, judge))
    return made


def _judge(taught: CrossValidationData, model: Pipeline, learn: Rows, judge: Rows) -> Judge:
    # The last pair: where there is time, the latest rows say when to stop.
    early, late = taught.part(learn)[-1]
    first, second = learn[early], learn[late]
    features, made = taught.see(model[:-1], first)

    def of(rows: Rows) -> Floats:
        return np.asarray(features.transform(take(taught.table, rows)), np.float32)

    return Judge(
        taught,
        model[-1],
        (np.asarray(made, np.float32), taught.labels(first)),
        (of(second), taught.labels(second)),
        (of(judge), judge),
    )
