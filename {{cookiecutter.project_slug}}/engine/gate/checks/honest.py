"""Checks of the group `honest`: true figures, a valid split, no leak, calibrated probabilities."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.bundle.evaluation import card, reference
from engine.data.digest import digest
from engine.data.split import faults
from engine.gate.checks.check import CheckContext, Result, differences, pass_without, shorten
from engine.gate.checks.strongest import strongest_inputs
from engine.leakage import Leak, find, single_class_values
from engine.pages import charts
from engine.pages.page import Figure
from engine.problem.files import toml
from engine.problem.metrics import REPEATS, Array, Groups, Interval, resamples
from engine.problem.tables import Columns
from engine.training.evaluate import calibration as reliability
from engine.training.suspicion import too_good

KNOWN_WHEN = "Find out when this value becomes known. If it is filled after the decision, list it "
KNOWN_WHEN += "under [columns.known_after] in problem/problem.toml."

# Each evaluation on the test set lets the next choice of a model depend on it.
MOST_EVALUATIONS = 10
# Most bins by score, and fewest rows in one: in smaller bins the observed share is mostly chance.
MOST_BINS, ROWS_IN_BIN = 10, 50


def evaluation(context: CheckContext) -> Result:
    """Evaluation, reference and card of the bundle are what the gate computes."""
    bundle, dataset = context.bundle, context.dataset
    required = "evaluation, reference and model card equal the gate's own"
    results = differences(bundle.evaluation, context.evaluation, "evaluation.json")
    computed = reference(context.predictions, context.evaluation)
    results += differences(bundle.reference, computed, "reference.json")
    if not results:
        # From the bundle's own numbers, which may differ from the gate's in the last digits.
        own = card(dataset.problem, bundle.manifest, bundle.evaluation, dataset.split.description)
        if (bundle.path / "model_card.md").read_text("utf-8", "replace") != own:
            results.append("model_card.md is not the card of this bundle")
    times = context.training_result.test_evaluations
    measured = f"equal on {len(dataset.test):,} test rows (evaluation {times} on this test set)"
    return pass_without(results, measured, required, "Build the bundle again from its run.")


def leakage(context: CheckContext) -> Result:
    """No input gives the target by a known mechanism; a suspicion is a warning."""
    required = "no input that gives the target, alone or with a few others"
    dataset, columns = context.dataset, context.problem.columns
    present = [one for one in context.bundle.contract.inputs if one.name in dataset.frame]
    inputs = {one.name: one for one in (*dataset.columns, *present)}
    leaks, stated = find(dataset.problem, dataset.frame, [*inputs.values()]), columns.known_in_time
    if refused := [leak for leak in leaks if not leak.answered(stated)]:
        measured = "; ".join(_text(leak) for leak in refused)
        return Result("refuse", measured, required, _advice(refused, columns))
    leaking = {name for leak in leaks for name in leak.columns}
    others = [column for name, column in inputs.items() if name not in leaking]
    warnings = []
    for leak in (*leaks, *single_class_values(dataset.problem, dataset.frame, others)):
        reasons = "; ".join(stated[name] for name in leak.columns if name in stated)
        reason = f"; known_in_time in problem.toml: {reasons}" if reasons else ""
        warnings.append(f"{_text(leak)}{reason}")
    if scores := too_good(context.evaluation["metrics"]):
        strongest = strongest_inputs(dataset, context.model)
        warnings.append(f"nearly perfect: {', '.join(scores)}, without a known leak; {strongest}")
    if warnings:
        return Result("warn", "; ".join(warnings), required, KNOWN_WHEN)
    return Result("pass", f"{len(dataset.columns)} inputs, no leak", required)


def _text(leak: Leak) -> str:
    return f"{', '.join(leak.columns)}: {leak.mechanism}"


def _advice(leaks: Sequence[Leak], columns: Columns) -> str:
    """What to declare about the columns; ends with lines to paste into problem.toml as they are."""
    names = {name: leak.mechanism for leak in leaks for name in leak.proposed}
    declared = [name for name in names if name in columns.known_after]
    lines = [f"{toml(name)} = {toml(why)}" for name, why in names.items() if name not in declared]
    advice = ""
    if declared:
        advice = f"problem.toml declares {', '.join(declared)} already: train and build again. "
    if lines and not all(leak.late for leak in leaks):
        advice += "If a column is known in time, state why under [columns.known_in_time]. "
    if lines:
        advice += "Of the others (of several columns together, the one that is known last), add "
        advice += "these lines to problem/problem.toml under [columns.known_after]; train again:\n"
    return (advice + "\n".join(lines)).rstrip(" ")


def split(context: CheckContext) -> Result:
    """The split is valid, the run used the same one, and the test set is not used up."""
    dataset, metadata = context.dataset, context.run.metadata
    required = "split by time, or each group and duplicate on one side; at most "
    required += f"{MOST_EVALUATIONS} evaluations on the test set"
    results = faults(dataset.problem, dataset.frame, dataset.split)
    # The gate's own split is checked, so the run must have used the same one.
    own = (dataset.split.description, digest(dataset.test[[dataset.problem.target.column]]))
    if (metadata.get("split"), metadata.get("test_digest")) != own:
        results.append("the run was trained with another split than the project's current one")
    if results:
        advice = "Set unit and time under [rows] in problem.toml; then train and build again."
        return Result("refuse", shorten(results), required, advice)
    times = max(context.run.test_evaluations or 0, context.training_result.test_evaluations)
    measured = f"{dataset.split.description}; {len(dataset.split.train):,} training rows, "
    measured += f"{len(dataset.test):,} test rows (evaluation {times} on this test set)"
    if times <= MOST_EVALUATIONS:
        return Result("pass", measured, required)
    advice = "Evaluate on newer rows, and choose models by cross-validation only."
    return Result("warn", measured, required, advice)


def calibration(context: CheckContext) -> Result:
    """The calibration error is within its limit; of several classes the likeliest one counts."""
    limit, required = context.problem.success.calibration_error, "a limit of the calibration error"
    if context.problem.target.task == "regression":
        return Result("not applicable", "regression predicts no probability", required)
    if limit is None:
        advice = "Set a limit in problem.toml, for example success.calibration_error = 0.05."
        return Result("not applicable", "problem.toml sets no limit", required, advice)
    targets, scores = context.predictions.targets, context.predictions.scores
    outcomes = targets.values
    if scores.ndim > 1:
        outcomes = (scores.argmax(axis=1) == outcomes).astype(float)
        scores = scores.max(axis=1)
    required = f"a calibration error of at most {limit:g}"
    error = calibration_error(scores, outcomes, targets.groups)
    measured = f"{error.value:.3f} ({error.low:.3f} to {error.high:.3f}) on {len(scores):,} rows"
    bins = [(o["mean_score"], o["share"]) for o in reliability(outcomes, scores)]
    title = "Predicted probability and observed share"
    shown = Figure(charts.calibration(title, bins), f"{title}; on the line they are equal.")
    if error.low > limit:
        advice = "Calibrate the model (sklearn.calibration.CalibratedClassifierCV); train again."
        return Result("refuse", measured, required, advice, shown)
    too_few = len(scores) < 2 * ROWS_IN_BIN
    if error.value > limit or too_few:
        measured += f"; at least {2 * ROWS_IN_BIN} are needed" if too_few else ""
        advice = "Collect more rows; until then, use the score only to rank rows."
        return Result("warn", measured, required, advice, shown)
    return Result("pass", measured, required, picture=shown)


def calibration_error(scores: Array, outcomes: Array, groups: Groups | None = None) -> Interval:
    """The expected calibration error (Naeini et al. 2015) with its 95 % interval.

    Bins hold equal numbers of rows. Chance alone increases the error, and a resample adds as much
    again; so this is the basic bootstrap interval, which removes it (Davison, Hinkley 1997, 5.2).
    `scores` are probabilities, `outcomes` 0 or 1, `groups` the group of each row; shapes (n,).
    """
    bins = int(np.clip(len(scores) // ROWS_IN_BIN, 1, MOST_BINS))

    def error(rows: NDArray[np.intp]) -> float:
        ranked = np.array_split(rows[np.argsort(scores[rows], kind="stable")], bins)
        gaps = [len(one) * abs(scores[one].mean() - outcomes[one].mean()) for one in ranked]
        return float(sum(gaps) / len(rows))

    measured = error(np.arange(len(scores)))
    drawn = resamples(outcomes, REPEATS, 0, stratify=False, groups=groups)
    samples = np.array([error(rows) for rows in drawn])
    low, middle, high = 2 * measured - np.quantile(samples, [0.975, 0.5, 0.025])
    return Interval(*(max(0.0, float(value)) for value in (middle, low, high)))
