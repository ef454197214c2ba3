"""The result of a training, and where its progress goes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from engine.problem.metrics import Array, Groups
from engine.problem.spec import Problem
from engine.training.dataset import CrossValidationData

# Takes one line of progress; `print` is one.
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """A recorded training run.

    `metadata` is its training.json. `scores` holds each candidate's out-of-fold predictions, a row
    for each training row: shape (n,), or (n, k) for several classes; NaN where no fold validated on
    the row.
    """

    run_id: str
    data: CrossValidationData
    metadata: Mapping[str, Any]
    scores: Mapping[str, Array]
    trained_at: datetime

    @property
    def problem(self) -> Problem:
        """The problem that the run was trained for."""
        return self.data.problem

    @property
    def rows(self) -> int:
        """The number of training rows."""
        return len(self.data.table)

    @property
    def chosen(self) -> str:
        """The name of the chosen candidate."""
        return str(self.metadata["candidate"])

    @property
    def chosen_trial(self) -> Mapping[str, Any]:
        """The chosen candidate's trial, as in training.json."""
        trials: dict[str, Mapping[str, Any]] = {one["name"]: one for one in self.metadata["trials"]}
        return trials[self.chosen]

    @property
    def threshold(self) -> float | None:
        """The score from which acting earns most; None unless binary."""
        return cast("float | None", self.metadata["threshold"])

    @property
    def outcome(self) -> Array:
        """The outcomes of the out-of-fold rows."""
        return self.data.outcomes(self.data.out_of_fold_rows)

    @property
    def groups(self) -> Groups | None:
        """Which out-of-fold rows are of one unit."""
        return self.data.groups(self.data.out_of_fold_rows)

    @property
    def predictions(self) -> Array:
        """The chosen candidate's predictions of the out-of-fold rows."""
        return self.out_of_fold(self.chosen)

    def out_of_fold(self, candidate: str) -> Array:
        """A candidate's predictions of the out-of-fold rows."""
        return self.scores[candidate][self.data.out_of_fold_rows]
