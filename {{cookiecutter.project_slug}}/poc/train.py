"""The training, step by step. To change what a step does, change its line here.

Each step is a function of the results of earlier steps. You can replace one by your own: another
rule of choice, no calibration.
"""

from engine.bundle.champion import champion_trial
from engine.problem.spec import Problem
from engine.training.calibrate import fit_final, should_calibrate
from engine.training.candidates import ModelDefinition
from engine.training.compare import against_champion
from engine.training.dataset import SEED, prepare, summary
from engine.training.features.faults import check_features
from engine.training.folds import cross_validate, select
from engine.training.insight import importance, learning_curve
from engine.training.parallel import one_thread_each, run_concurrently
from engine.training.record.runs import Progress, Run
from engine.training.record.write import record, run_metadata
from engine.training.tuning.search import tuned_candidates


@one_thread_each()
def train(
    problem: Problem,
    definition: ModelDefinition,
    progress: Progress = print,
    *,
    search_seconds: float | None = None,
    parameters_of: str | None = None,
) -> Run:
    """Try all candidates on the training rows, fit the chosen one, record the run in MLflow.

    Args:
        problem: what the model is for.
        definition: the contract of a row, and the candidates.
        progress: takes one line at a time.
        search_seconds: how long to search for parameters; None searches nothing.
        parameters_of: a run (its id, or `latest`) whose search is reused.

    Raises:
        BadInput: the rows cannot be loaded, do not fit the problem or all have the same outcome;
            or there is no such run.
    """
    # Split: the test rows leave here, and no step below can read their inputs.
    data = prepare(problem, definition.contract)
    progress(summary(data))

    # Candidates: your own, and the one that a search found.
    own = definition.candidates(data.dataset.columns, problem.target.task, SEED, len(data.table))
    # Their features, on edge values of the contract too: a fault is found before a search.
    check_features(data, own)
    tuned, search = tuned_candidates(
        data, own, progress, search_seconds=search_seconds, parameters_of=parameters_of
    )
    # Cross-validate: all on the same folds; the champion by the code and parameters of its bundle.
    champion, origin = champion_trial(data, progress)
    trials = [*cross_validate(data, (*own, *tuned)), *champion]
    for trial in trials:
        name, metric = trial.candidate.name, data.metric.name
        progress(f"  {name:<18} {metric} {trial.mean:.4f} ± {trial.standard_error:.4f}")

    # Choose: the simplest candidate within one standard error of the best.
    chosen = select(problem, trials)

    # Calibrate, if that improves probabilities by more than chance; fit on all training rows.
    calibration = should_calibrate(data, chosen)
    final, curve, importances = run_concurrently(
        lambda: fit_final(data, chosen, calibration.method if calibration else None),
        lambda: learning_curve(data, chosen),
        lambda: importance(data, chosen),
    )
    progress(f"Selected: {final}, fitted on all {len(data.table):,} training rows.")

    # Record: data, code, choice and model in MLflow.
    done = final.put_into(trials)
    metadata = run_metadata(
        data, done, final, calibration, curve, importances, search=search, champion=origin
    )
    if difference := against_champion(metadata):
        progress(difference)
    for warning in metadata["warnings"]:
        progress(f"Warning: {warning}")
    return record(data, done, final, metadata)
