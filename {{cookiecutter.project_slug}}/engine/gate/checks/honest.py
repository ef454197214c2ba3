"""Checks of the group `honest`: the bundle's figures are true, and no input leaks the target."""

from collections.abc import Mapping, Sequence

from engine.bundle.card import card
from engine.bundle.evaluation import reference
from engine.eda.associations import associations
from engine.eda.target import read
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import differences, shorten
from engine.leakage import Leak, find, single_class_values
from engine.problem.tables import Columns
from engine.problem.toml import toml
from engine.training.dataset import Dataset

# An interval that reaches these scores is rare in honest work, so it is a warning. Accuracy is not
# among them: where one class is rare, it is always high.
TOO_GOOD = {"roc_auc": 0.995, "balanced_accuracy": 0.99, "r2": 0.995}
# On few rows, intervals are wide; a lower score is not nearly perfect.
NEARLY = 0.96
# Rows of which the strongest inputs are found, and the smallest association that is named.
SAMPLE_SIZE, SMALLEST_ASSOCIATION = 20_000, 0.05
KNOWN_WHEN = (
    "Ask someone who knows the data when this value becomes known. List columns that are filled "
    "after the decision under [columns.known_after] in problem/problem.toml."
)


def evaluation(context: CheckContext) -> Result:
    """Evaluation, reference and card of the bundle are what the gate computes."""
    bundle, dataset = context.bundle, context.dataset
    required = "evaluation, reference and model card equal the gate's own"
    results = differences(bundle.evaluation, context.evaluation, "evaluation.json")
    computed = reference(context.predictions, context.evaluation)
    results += differences(bundle.reference, computed, "reference.json")
    if not results:
        # From the bundle's own numbers, which may differ from the gate's in the last digits.
        expected = card(dataset.problem, bundle.manifest, bundle.evaluation, dataset.split.how)
        if bundle.card_path.read_text(encoding="utf-8", errors="replace") != expected:
            results.append("model_card.md is not the card of this bundle")
    if results:
        return Result("refuse", shorten(results), required, "Build the bundle again from its run.")
    times = context.training_result.test_evaluations
    measured = f"equal on {len(dataset.test):,} test rows (evaluation {times} on this test set)"
    return Result("pass", measured, required)


def leakage(context: CheckContext) -> Result:
    """No input gives the target by a known mechanism; a suspicion is a warning."""
    required = "no input that gives the target, alone or with a few others"
    dataset, columns = context.dataset, context.problem.columns
    inputs = [one for one in context.bundle.contract.inputs if one.name in dataset.frame]
    names = {column.name for column in inputs}
    inputs += [column for column in dataset.columns if column.name not in names]
    leaks = find(dataset.problem, dataset.frame, inputs)
    explained = [leak for leak in leaks if leak.answered(columns.known_in_time)]
    if refused := [leak for leak in leaks if leak not in explained]:
        measured = "; ".join(_text(leak) for leak in refused)
        return Result("refuse", measured, required, _exclude(refused, columns))
    leaking = {name for leak in explained for name in leak.columns}
    others = [column for column in inputs if column.name not in leaking]
    suspects = [*explained, *single_class_values(dataset.problem, dataset.frame, others)]
    warnings = [_text(leak) + _reason(leak, columns) for leak in suspects]
    if scores := too_good(context.evaluation["metrics"]):
        strongest = strongest_inputs(dataset)
        warnings.append(f"nearly perfect: {', '.join(scores)}, without a known leak; {strongest}")
    if warnings:
        return Result("warn", "; ".join(warnings), required, KNOWN_WHEN)
    return Result("pass", f"{len(dataset.columns)} inputs, no leak", required)


def _text(leak: Leak) -> str:
    return f"{', '.join(leak.columns)}: {leak.mechanism}"


def _reason(leak: Leak, columns: Columns) -> str:
    """The reason that problem.toml gives for using these columns."""
    reasons = [columns.known_in_time[one] for one in leak.columns if one in columns.known_in_time]
    return f"; known_in_time in problem.toml: {'; '.join(reasons)}" if reasons else ""


def _exclude(leaks: Sequence[Leak], columns: Columns) -> str:
    """How to exclude the columns; ends with lines to paste into problem.toml as they are."""
    names = {name: leak.mechanism for leak in leaks for name in leak.proposed}
    excluded = [name for name in names if name in columns.known_after]
    lines = [f"{toml(name)} = {toml(why)}" for name, why in names.items() if name not in excluded]
    advice = []
    if excluded:
        advice.append(
            f"problem.toml excludes {', '.join(excluded)} already, but this bundle is older: "
            "train and build again."
        )
    if lines and not all(leak.late for leak in leaks):
        advice.append(
            "If a column is known before the decision, say why under [columns.known_in_time]."
        )
    if lines:
        advice.append(
            "Exclude the others (of several columns together, the one that is known last): add to "
            "problem/problem.toml under [columns.excluded], then train again:\n" + "\n".join(lines)
        )
    return " ".join(advice)


def strongest_inputs(dataset: Dataset) -> str:
    """The two inputs with the strongest association with the target in the training rows."""
    rows = dataset.train.iloc[:: len(dataset.train) // SAMPLE_SIZE + 1]
    ranked = associations(dataset.columns, rows, read(dataset.problem, rows)).items()
    strong = [f"{name} ({a:.0%})" for name, a in list(ranked)[:2] if a >= SMALLEST_ASSOCIATION]
    return f"strongest inputs: {' and '.join(strong)}" if strong else "no strong input"


def too_good(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The scores that are nearly perfect, as far as the number of rows can show."""
    return [
        f"{name} {metrics[name]['value']:.4f}"
        for name, limit in TOO_GOOD.items()
        if name in metrics and metrics[name]["value"] > NEARLY and metrics[name]["high"] > limit
    ]
