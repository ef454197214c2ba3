"""What a training returns, and where its progress goes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.training.folds import Trial

# Takes one line of progress; `print` is one.
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """A recorded training run.

    `trials` hold every candidate's cross-validation, the chosen one's as it is handed on;
    `threshold` is the score from which acting earns most (None unless binary); `rows` is the
    number of training rows; `page` shows the run.
    """

    run_id: str
    chosen: str
    trials: tuple[Trial, ...]
    threshold: float | None
    rows: int
    page: Path
