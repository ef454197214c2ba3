"""Reasons not to trust a good score: an input that gives the target away, or a score near 1.

And questions about inputs, which may be honest.
"""

from collections.abc import Mapping, Sequence

from engine.leakage import Leak, find, single_class_values
from engine.problem.metrics import METRICS, Array
from engine.training.dataset import CrossValidationData
from engine.training.evaluate import bootstrap

# An interval that reaches these scores is a warning. (Accuracy is high where one class is rare.)
TOO_GOOD = {"roc_auc": 0.995, "balanced_accuracy": 0.99, "r2": 0.995}
# On few rows, intervals are wide; a lower score is not nearly perfect.
NEARLY = 0.96


def too_good(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The scores that are nearly perfect, as far as the number of rows can show."""
    limited = {name: (metrics[name], limit) for name, limit in TOO_GOOD.items() if name in metrics}
    nearly = {n: one["value"] for n, (one, limit) in limited.items() if one["high"] > limit}
    return [f"{name} {value:.4f}" for name, value in nearly.items() if value > NEARLY]


def training_leaks(data: CrossValidationData) -> list[Leak]:
    """What the gate's search for leaks returns for the training rows alone."""
    return find(data.problem, data.dataset.train, data.dataset.columns)


def suspicions(data: CrossValidationData, scores: Array, leaks: Sequence[Leak]) -> list[str]:
    """Why nobody should trust the score yet, each with the next step; empty where nothing is odd.

    `scores` are out-of-fold.
    """
    problem, rows = data.problem, data.out_of_fold_rows
    stated = problem.columns.known_in_time
    reasons = [
        f"The gate will refuse this model for leakage. {', '.join(leak.columns)}: "
        f"{leak.mechanism}. In problem.toml, list the column that is known last under "
        "[columns.known_after], then train again."
        for leak in leaks
        if not leak.answered(stated)
    ]
    metrics = {}
    for name in TOO_GOOD:
        if data.task in METRICS[name].tasks:
            compute, outcome = METRICS[name].compute, data.outcomes(rows)
            one = bootstrap(compute, outcome, scores[rows], data.task, data.groups(rows))
            metrics[name] = one.to_json()
    if nearly := too_good(metrics):
        reasons.append(
            f"The score is nearly perfect ({', '.join(nearly)} on held-out rows), which is "
            "suspicious. Find out when the most important inputs become known, before you trust it."
        )
    return reasons


def questions(data: CrossValidationData, leaks: Sequence[Leak]) -> list[str]:
    """Values that rows of one class alone have, as the gate's check `leakage` warns of them.

    None of a leak, which `suspicions` reports, or of a column that is stated as known in time.
    """
    reported = {name for leak in leaks for name in leak.columns}
    reported |= data.problem.columns.known_in_time.keys()
    others = [column for column in data.dataset.columns if column.name not in reported]
    return [
        f"The gate will warn of {', '.join(one.columns)}: {one.mechanism}. Find out when the value "
        "becomes known. In problem.toml, list the column under [columns.known_after], or state "
        "under [columns.known_in_time] why it is known in time."
        for one in single_class_values(data.problem, data.dataset.train, others)
    ]
