"""The choice between the candidates that were cross-validated."""

from collections.abc import Sequence

import numpy as np

from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS
from engine.problem.spec import Problem
from engine.training.folds import Trial


def select(problem: Problem, trials: Sequence[Trial]) -> Trial:
    """The simplest candidate within one standard error of the best (Breiman et al. 1984, 3.4.3).

    `trials` come simplest first; baselines and the champion are skipped.
    """
    sign = 1 if METRICS[problem.success.metric].higher_is_better else -1
    real = [trial for trial in trials if trial.candidate.may_be_chosen]
    if not all(np.isfinite(trial.mean) for trial in real):
        raise BadInput(
            f"{problem.success.metric} is not defined in every fold of the cross-validation, most "
            "likely because all outcomes of one are the same. Add rows, or choose another "
            "success.metric in problem.toml.",
            code="undefined-metric",
        )
    best = max(real, key=lambda trial: sign * trial.mean)
    return next(
        trial for trial in real if sign * trial.mean >= sign * best.mean - best.standard_error
    )
