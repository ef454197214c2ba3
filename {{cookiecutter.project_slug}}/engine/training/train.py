"""Trains the candidates, chooses one, and records the run: data, code, choice and model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandera.pandas as pa

from engine.pages.wording import count
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS
from engine.problem.spec import Problem
from engine.training import calibrate
from engine.training.candidates import CHAMPION, TUNED, Candidate, ModelDefinition, recipe
from engine.training.crew import THREADS, one_thread_each, side_by_side
from engine.training.dataset import SEED, Dataset, gather
from engine.training.finish import finish
from engine.training.folds import Lesson, Trial, cross_validate, lesson
from engine.training.insight import page
from engine.training.insight.importance import importance
from engine.training.insight.learning import learning_curve
from engine.training.memory import let_go
from engine.training.record import earlier
from engine.training.record.facts import facts
from engine.training.record.write import record, scores_table
from engine.training.tuning.search import search

__all__ = ["THREADS", "Run", "Trial", "choose", "train"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """What training left behind: where it is recorded, what was tried, what was chosen."""

    run_id: str
    chosen: str
    trials: tuple[Trial, ...]
    threshold: float | None
    rows: int
    page: Path


def train(
    problem: Problem,
    definition: ModelDefinition,
    say: Say = print,
    *,
    search_seconds: float | None = None,
    parameters_of: str | None = None,
) -> Run:
    """Try all candidates on the training rows, fit the chosen one on them, record it in MLflow.

    The test rows are split off first and not looked at.

    Args:
        search_seconds: how long to search for parameters; without it nothing is searched.
        parameters_of: a run (its id, or `latest`) whose search found parameters to try again.

    Raises:
        BadInput: the data cannot be loaded, does not fit the problem, or has nothing to learn; or
            there is no such run.
    """
    with one_thread_each():
        return _train(
            _taught(problem, definition.contract, say),
            definition,
            say,
            search_seconds,
            parameters_of,
        )


def _train(
    taught: Lesson,
    definition: ModelDefinition,
    say: Say,
    search_seconds: float | None,
    parameters_of: str | None,
) -> Run:
    dataset, rows = taught.dataset, len(taught.table)
    problem = dataset.problem
    plain = definition.candidates(dataset.columns, problem.target.task, SEED, rows)
    tuned, searched = _tuned(taught, plain, search_seconds, parameters_of, say)
    accepted, origin = _champion(problem, plain, say)
    trials = _try(taught, (*plain, *tuned, *accepted), origin, say)
    raw = choose(problem, trials)
    weighed = calibrate.weigh(taught, raw)
    # What a calibrator does to a score makes no difference to what the model leans on.
    finished, curve, leaned_on = side_by_side(
        lambda: finish(taught, raw, weighed.method if weighed else None),
        lambda: learning_curve(taught, raw),
        lambda: importance(taught, raw),
    )
    name, how = raw.candidate.name, finished.calibrated
    say(f"chosen: {name}{f', calibrated ({how})' if how else ''}, fitted on all {rows:,} rows")
    trials = tuple(finished.trial if trial is raw else trial for trial in trials)
    known = facts(taught, trials, finished, weighed, curve, leaned_on)
    known |= {"search": searched, "champion": origin}
    for warning in known["warnings"]:
        say(f"warning: {warning}")
    judged = taught.judged
    written = page.write(
        problem, known, dataset.known.values[judged], finished.trial.scores[judged]
    )
    run_id = record(
        problem.decision.name,
        finished.model,
        taught.table.head(5),
        known,
        scores_table(taught, trials),
        written,
    )
    return Run(run_id, name, trials, finished.threshold, rows, written)


def _taught(problem: Problem, schema: pa.DataFrameSchema, say: Say) -> Lesson:
    """The lesson alone: what the rows were read from is let go with this function."""
    dataset = gather(problem, schema)
    check_can_be_learned(dataset)
    rows, inputs = len(dataset.learning), len(dataset.columns)
    say(f"{rows:,} rows to learn from, {count(inputs, 'input')}; {dataset.parts.how}")
    taught = lesson(dataset)
    del dataset
    let_go()
    return taught


def check_can_be_learned(dataset: Dataset) -> None:
    """Raise BadInput where all rows to learn from have the same outcome."""
    if len(np.unique(dataset.known.values)) < 2:
        raise BadInput(
            f"'{dataset.problem.target.column}' has the same value in all "
            f"{len(dataset.learning):,} rows to learn from; choose another target, or add rows "
            "that differ"
        )


def choose(problem: Problem, trials: tuple[Trial, ...]) -> Trial:
    """The simplest candidate within one standard error of the best (Breiman et al. 1984, 3.4.3).

    Raises:
        BadInput: the success metric is not defined in every fold.
    """
    sign = 1 if METRICS[problem.success.metric].higher_is_better else -1
    real = [trial for trial in trials if trial.candidate.may_be_chosen]
    if not all(np.isfinite(trial.mean) for trial in real):
        raise BadInput(
            f"{problem.success.metric} is not defined in every fold of the cross-validation, most "
            "likely because the outcomes of one are all the same; take more rows, or another "
            "success.metric in problem.toml"
        )
    best = max(real, key=lambda trial: sign * trial.mean)
    return next(trial for trial in real if sign * trial.mean >= sign * best.mean - best.error)


def _tuned(
    taught: Lesson,
    plain: tuple[Candidate, ...],
    seconds: float | None,
    run_id: str | None,
    say: Say,
) -> tuple[list[Candidate], dict[str, Any] | None]:
    """The candidate that a search found, now or in an earlier run; and the search's facts."""
    if run_id:
        then = earlier.facts_of(run_id, taught.dataset.problem.decision.name)
        made = recipe(plain, TUNED, earlier.found_by(then))
        return [made], then["search"]
    found = search(taught, plain, seconds, say) if seconds else None
    if not found:
        return [], None
    return [recipe(plain, TUNED, found.parameters)], found.to_json()


def _champion(
    problem: Problem, plain: tuple[Candidate, ...], say: Say
) -> tuple[list[Candidate], dict[str, Any] | None]:
    """The accepted model's recipe, for comparison; none where there is none that can be made."""
    try:
        found = earlier.champion(problem.decision.name, plain)
    except BadInput as error:
        say(f"  the champion is not compared: {error}")
        return [], None
    return ([found[0]], found[1]) if found else ([], None)


def _try(
    taught: Lesson, tried: Sequence[Candidate], origin: dict[str, Any] | None, say: Say
) -> tuple[Trial, ...]:
    done = []
    for raw in cross_validate(taught, tried):
        name, trial = raw.candidate.name, raw
        if name == CHAMPION and origin and origin["calibrated"]:
            trial = calibrate.apply(taught, raw)
        say(f"  {name:<18} {taught.metric.name} {trial.mean:.4f} ± {trial.error:.4f}")
        done.append(trial)
    return tuple(done)
