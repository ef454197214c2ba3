"""Which metrics a success may be measured by: of which task, between which values."""

from math import inf
from typing import Literal

Task = Literal["binary", "multiclass", "regression"]

TASKS_OF_METRIC: dict[str, tuple[Task, ...]] = {
    "average_precision": ("binary",),
    "roc_auc": ("binary",),
    "brier_score": ("binary",),
    "accuracy": ("binary", "multiclass"),
    "balanced_accuracy": ("multiclass",),
    "log_loss": ("binary", "multiclass"),
    "mean_absolute_error": ("regression",),
    "root_mean_squared_error": ("regression",),
    "r2": ("regression",),
}
# Between which values each of them lies, whatever the data.
RANGES: dict[str, tuple[float, float]] = {
    "average_precision": (0, 1),
    "roc_auc": (0, 1),
    "brier_score": (0, 1),
    "accuracy": (0, 1),
    "balanced_accuracy": (0, 1),
    "log_loss": (0, inf),
    "mean_absolute_error": (0, inf),
    "root_mean_squared_error": (0, inf),
    "r2": (-inf, 1),
}
