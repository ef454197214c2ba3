"""What the numbers of problem.toml say, in words for people who are not technical."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.problem.spec import Problem
from engine.problem.tables import PAYOFFS


@dataclass(frozen=True)
class Meaning:
    """A metric's plain name, and what one value of it says: the end of `the model …`."""

    name: str
    says: Callable[[float], str]


def _share(value: float) -> str:
    return f"{value:.0%}".replace("%", " %")


MEANINGS: dict[str, Meaning] = {
    "average_precision": Meaning(
        "precision of its ranking",
        lambda v: f"is right in {_share(v)} of those it ranks first, over all lengths of the list",
    ),
    "roc_auc": Meaning(
        "skill in ranking",
        lambda v: (
            f"puts two cases of different outcome in the right order {_share(v)} of the time "
            "(a coin: 50 %)"
        ),
    ),
    "brier_score": Meaning(
        "error of its probabilities",
        lambda v: f"states probabilities with a mean squared error of {v:.3g}; 0 is perfect",
    ),
    "accuracy": Meaning("share of right answers", lambda v: f"is right in {_share(v)} of cases"),
    "balanced_accuracy": Meaning(
        "share of right answers, each class counting the same",
        lambda v: f"is right in {_share(v)} of cases if each class counts the same",
    ),
    "log_loss": Meaning(
        "penalty for being sure and wrong",
        lambda v: f"has a penalty of {v:.3g} for being sure and wrong; 0 is perfect",
    ),
    "mean_absolute_error": Meaning("mean error", lambda v: f"is off by {v:.3g} on average"),
    "root_mean_squared_error": Meaning(
        "error, large ones counting more",
        lambda v: f"is off by {v:.3g}, where large errors count more",
    ),
    "r2": Meaning(
        "share of the differences it explains",
        lambda v: f"explains {_share(v)} of the differences between cases",
    ),
}


def is_assumed(problem: Problem, *names: str) -> bool:
    """Was one of these answers (`table` or `table.key`) guessed by a tool?"""
    return any(_overlap(name, one) for name in names for one in problem.assumed)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def payoffs(problem: Problem) -> dict[str, float]:
    """The amounts that count for the task, in money for one case."""
    return {name: getattr(problem.value, name) for name in PAYOFFS[problem.target.task]}


def pays_from(problem: Problem) -> float | None:
    """From which chance of the outcome on acting earns more than not acting; binary only.

    None where acting pays at every chance. From p·TP + (1 − p)·FP = p·FN + (1 − p)·TN.
    """
    if problem.target.task != "binary":
        return None
    amounts = payoffs(problem)
    in_vain = amounts["true_negative"] - amounts["false_positive"]
    gain = amounts["true_positive"] - amounts["false_negative"]
    return in_vain / (gain + in_vain) if in_vain > 0 else None
