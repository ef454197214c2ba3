"""What a search tries, on folds prepared for many fits, until its deadline and under its lock."""

import math
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from engine.data.load import take
from engine.data.split import Rows
from engine.problem.errors import BadInput
from engine.training.dataset import CrossValidationData

Floats = NDArray[np.float32]

# More trees with a smaller learning rate gain too little; so many without a gain end a fit.
MOST_TREES, NO_CHANGE = 1_000, 20
# The deadline is checked after so many trees.
STEP = 50
# The first trial: close to scikit-learn's defaults.
DEFAULTS = {
    **{"learning_rate": 0.06, "l2_regularization": 1e-3, "max_features": 1.0},
    **{"max_leaf_nodes": 8, "min_samples_leaf": 20},
}


def propose(trial: optuna.Trial, data: CrossValidationData) -> dict[str, Any]:
    """The next parameters to try."""
    most = max(20, min(200, len(data.table) // 20))
    parameters: dict[str, Any] = {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 3, 64, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, most, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 30.0, log=True),
        "max_features": trial.suggest_float("max_features", 0.3, 1.0),
    }
    if data.metric.name == "mean_absolute_error":
        parameters["loss"] = trial.suggest_categorical("loss", ["squared_error", "absolute_error"])
    return parameters


class TimeIsUpError(Exception):
    """The time ended within a fit."""


@dataclass
class Deadline:
    """The end of a search: at `until` by the clock (`monotonic`), or once `stopped` is set."""

    until: float = math.inf
    stopped: bool = False

    def is_over(self, needed: float = 0.0) -> bool:
        """Whether fewer than `needed` seconds are left."""
        return self.stopped or monotonic() + needed > self.until

    def check(self, needed: float = 0.0) -> None:
        """Raise TimeIsUpError if fewer than `needed` seconds are left."""
        if self.is_over(needed):
            raise TimeIsUpError

    @contextmanager
    def stopped_by_sigint(self) -> Iterator[None]:
        """Ctrl-C only sets `stopped`; a second one raises KeyboardInterrupt.

        An exception in the middle of a transaction would leave the file locked.
        """

        def stop(*_: object) -> None:
            self.stopped = True
            signal.signal(signal.SIGINT, previous)

        previous = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)


@contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Lock `file` by SQLite while the block runs; BadInput if another process has the lock."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as database:
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BadInput(
                f"Another search of this problem on these rows is running ({file}: {error}). Wait "
                "for it, or stop it: its results are kept.",
                code="search-running",
            ) from None
        yield


@dataclass(frozen=True)
class PreparedFold:
    """A fold's features as float32: to fit on, to stop early by (both with labels), to validate."""

    data: CrossValidationData
    model: BaseEstimator
    fit_on: tuple[Floats, Any]
    stop_by: tuple[Floats, Any]
    validate_on: tuple[Floats, Rows]

    def evaluate(self, parameters: Mapping[str, Any], deadline: Deadline) -> tuple[float, int]:
        """The success metric of these parameters on the fold, and the best number of trees.

        TimeIsUpError if the next trees, growing as long as the last ones, would miss the deadline.
        """
        fixed = {"early_stopping": True, "n_iter_no_change": NO_CHANGE, "warm_start": True}
        model = clone(self.model).set_params(**fixed, **parameters)
        features, labels = self.stop_by
        now, taken = monotonic(), 0.0
        # Always in the same steps: the clock can end a fit but not change it.
        for trees in range(STEP, MOST_TREES + 1, STEP):
            deadline.check(taken)
            model.set_params(max_iter=trees).fit(*self.fit_on, X_val=features, y_val=labels)
            if model.n_iter_ < trees:
                break
            taken, now = monotonic() - now, monotonic()
        features, rows = self.validate_on
        result = self.data.measure(rows, self.data.predict_inputs(model, features))
        return result, max(1, int(np.argmax(model.validation_score_)))


def prepare_folds(
    data: CrossValidationData, model: Pipeline, deadline: Deadline
) -> list[PreparedFold]:
    """The folds of the cross-validation, ready for fits of the last step of `model`."""
    prepared = []
    for train, validation in data.folds:
        deadline.check()
        # The last inner fold: with time, the latest rows stop the growth.
        early, late = data.inner_folds(train)[-1]
        steps, fitted_on = data.fit_features(model[:-1], train[early])
        late_features, features = (
            np.asarray(steps.transform(take(data.table, rows)), np.float32)
            for rows in (train[late], validation)
        )
        fit_on = np.asarray(fitted_on, np.float32), data.labels(train[early])
        stop_by = late_features, data.labels(train[late])
        prepared.append(PreparedFold(data, model[-1], fit_on, stop_by, (features, validation)))
    return prepared
