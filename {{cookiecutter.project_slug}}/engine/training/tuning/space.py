"""Where a search looks: the parameters of gradient boosting, and the ranges they may have."""

from typing import Any

import optuna

from engine.training.folds import CrossValidationData

# Where the search begins: about where scikit-learn does.
DEFAULTS = {
    "learning_rate": 0.06,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 20,
    "l2_regularization": 1e-3,
    "max_features": 1.0,
}


def propose(trial: optuna.Trial, taught: CrossValidationData) -> dict[str, Any]:
    """The next parameters to try."""
    most = max(20, min(200, len(taught.table) // 20))
    found: dict[str, Any] = {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 3, 64, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, most, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 30.0, log=True),
        "max_features": trial.suggest_float("max_features", 0.3, 1.0),
    }
    if taught.metric.name == "mean_absolute_error":
        found["loss"] = trial.suggest_categorical("loss", ["squared_error", "absolute_error"])
    return found
