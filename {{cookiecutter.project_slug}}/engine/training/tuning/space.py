"""The search space: parameters of gradient boosting and their ranges."""

from typing import Any

import optuna

from engine.training.prepare import CrossValidationData

# The first trial: close to scikit-learn's defaults.
DEFAULTS = {
    "learning_rate": 0.06,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 20,
    "l2_regularization": 1e-3,
    "max_features": 1.0,
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
