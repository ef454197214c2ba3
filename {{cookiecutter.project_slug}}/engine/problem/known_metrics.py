"""The metrics of success, which `problem.metrics` computes; standard library only."""

from dataclasses import dataclass
from math import inf
from typing import Literal

Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class KnownMetric:
    """A metric's facts; `low` and `high` limit its values, whatever the data.

    `title` is its plain name. `meaning` continues 'the model …' with a {value} or a {share}.
    """

    name: str
    higher_is_better: bool
    tasks: tuple[Task, ...]
    low: float
    high: float
    title: str
    meaning: str

    def describe(self, value: float) -> str:
        """What one value says: the end of `the model …`."""
        return self.meaning.format(value=f"{value:.3g}", share=f"{100 * value:.0f} %")


# fmt: off
KNOWN_METRICS: dict[str, KnownMetric] = {
    metric.name: metric
    for metric in (
        KnownMetric("average_precision", True, ("binary",), 0, 1, "precision of its ranking",
                    "is right in {share} of those it ranks first, over all lengths of the list"),
        KnownMetric("roc_auc", True, ("binary",), 0, 1, "skill in ranking",
                    "puts two cases of different outcome in the right order {share} of the time "
                    "(a coin: 50 %)"),
        KnownMetric("brier_score", False, ("binary",), 0, 1, "error of its probabilities",
                    "states probabilities with a mean squared error of {value}; 0 is perfect"),
        KnownMetric("accuracy", True, ("binary", "multiclass"), 0, 1, "share of right answers",
                    "is right in {share} of cases"),
        KnownMetric("balanced_accuracy", True, ("multiclass",), 0, 1,
                    "share of right answers, each class counting the same",
                    "is right in {share} of cases if each class counts the same"),
        KnownMetric("log_loss", False, ("binary", "multiclass"), 0, inf,
                    "penalty for being sure and wrong",
                    "has a penalty of {value} for being sure and wrong; 0 is perfect"),
        KnownMetric("mean_absolute_error", False, ("regression",), 0, inf, "mean error",
                    "is off by {value} on average"),
        KnownMetric("root_mean_squared_error", False, ("regression",), 0, inf,
                    "error, large ones counting more",
                    "is off by {value}, where large errors count more"),
        KnownMetric("r2", True, ("regression",), -inf, 1, "share of the differences it explains",
                    "explains {share} of the differences between cases"),
    )
}
# fmt: on


def metrics_of(task: Task) -> list[str]:
    """The names of the metrics that suit a task."""
    return [name for name, metric in KNOWN_METRICS.items() if task in metric.tasks]
