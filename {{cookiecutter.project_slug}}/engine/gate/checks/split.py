"""Checks that test rows and training rows are separate."""

from engine.data.load import digest
from engine.data.split import faults
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import shorten

# Each evaluation on the test set lets the next choice of a model depend on it.
MOST_EVALUATIONS = 10


def split(context: CheckContext) -> Result:
    """The split is valid, the run used the same one, and the test set is not used up."""
    dataset, metadata = context.dataset, context.run.metadata
    required = (
        "split by time where there is a time; each group and duplicate on one side; at most "
        f"{MOST_EVALUATIONS} evaluations on the test set"
    )
    results = faults(dataset.problem, dataset.frame, dataset.split)
    # The gate's own split is checked, so the run must have used the same one.
    test_digest = digest(dataset.test[[dataset.problem.target.column]])
    if (metadata.get("split"), metadata.get("test_digest")) != (dataset.split.how, test_digest):
        results.append("the run was trained with another split than the project's current one")
    if results:
        advice = "Set the group and the time under [rows] in problem.toml, then train and build"
        return Result("refuse", shorten(results), required, f"{advice} again.")
    times = max(context.run.test_evaluations or 0, context.training_result.test_evaluations)
    measured = (
        f"{dataset.split.how}; {len(dataset.split.train):,} training rows, "
        f"{len(dataset.split.test):,} test rows (evaluation {times} on this test set)"
    )
    if times > MOST_EVALUATIONS:
        advice = "Evaluate on newer rows, and choose models by cross-validation only."
        return Result("warn", measured, required, advice)
    return Result("pass", measured, required)
