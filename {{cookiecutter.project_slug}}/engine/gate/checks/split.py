"""Were the rows that judge the model kept apart from those it learned from?"""

from engine.data.load import digest
from engine.data.split import faults
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import shorten
from engine.pages.formatting import count

# Each look at the test lets a bit of it leak into the next choice.
MANY_LOOKS = 10


def split(evidence: CheckContext) -> Result:
    """The split is honest, it is the one the model was made with, and the test stayed fresh."""
    dataset, facts = evidence.dataset, evidence.run.facts
    required = "by time where there is time; units, duplicates and rows on one side; few looks"
    found = faults(dataset.problem, dataset.frame, dataset.parts)
    # The gate's own split is judged, so the run must have been made with the very same.
    judged_on = digest(dataset.test[[dataset.problem.target.column]])
    if (facts.get("split"), facts.get("test_digest")) != (dataset.parts.how, judged_on):
        found.append("the model was trained with another split than the one that stands here")
    if found:
        advice = "name the unit and the time under [rows] in problem.toml, then train and build"
        return Result("refuse", shorten(found), required, f"{advice} again")
    looks = max(evidence.run.looks or 0, evidence.claims.test_evaluations)
    measured = (
        f"{dataset.parts.how}; {len(dataset.parts.train):,} rows to learn from, "
        f"{len(dataset.parts.test):,} to judge on, which judged {count(looks, 'model')}"
    )
    if looks > MANY_LOOKS:
        advice = "the test is used up: judge on newer rows, and choose by cross-validation alone"
        return Result("warn", measured, f"at most {MANY_LOOKS} models judged by one test", advice)
    return Result("pass", measured, required)
