"""Is the result what it looks like, or does an input give the answer away?"""

from collections.abc import Mapping

from data.leakage import find
from handoff.card import card
from handoff.checks.compare import differences, shorten
from handoff.checks.finding import Evidence, Result
from handoff.papers import reference
from present.wording import count
from problem.toml import toml

# A score whose interval reaches so far is rare in honest work; by itself it is only worth a second
# look. Accuracy is not among them: where one class is rare it is always high.
TOO_GOOD = {"roc_auc": 0.995, "balanced_accuracy": 0.99, "r2": 0.995}
# On few rows an interval reaches far from any value; below this one it is no near-perfect score.
NEARLY = 0.96


def evaluation(evidence: Evidence) -> Result:
    """What the bundle says of its model is what the gate measures on the same test rows."""
    bundle, dataset = evidence.bundle, evidence.dataset
    required = "evaluation, reference and model card say what the gate measures"
    found = differences(bundle.evaluation, evidence.evaluation, "evaluation.json")
    frozen = reference(evidence.judged, evidence.evaluation)
    found += differences(bundle.reference, frozen, "reference.json")
    if not found:
        # Numbers agree by now, but for their last digits: the card is written of the bundle's own.
        written = card(dataset.problem, bundle.manifest, bundle.evaluation, dataset.parts.how)
        if bundle.card_path.read_text(encoding="utf-8", errors="replace") != written:
            found.append("model_card.md is not the card of this bundle")
    if found:
        return Result("refuse", shorten(found), required, "build the bundle anew from its run")
    looks = count(evidence.claims.test_evaluations, "model")
    measured = f"the same on {len(dataset.test)} test rows, which had judged {looks} by then"
    return Result("pass", measured, required)


def leakage(evidence: Evidence) -> Result:
    """No input gives the target by a known mechanism; too good a score is a warning."""
    required = "no input that gives the target away, alone or with a few others"
    dataset = evidence.dataset
    asked = [column for column in evidence.bundle.contract.inputs if column.name in dataset.frame]
    here = {column.name for column in asked}
    asked += [column for column in dataset.columns if column.name not in here]
    if found := find(dataset.problem, dataset.frame, asked):
        lines = "\n".join(
            f"{toml(name)} = {toml(leak.mechanism)}" for leak in found for name in leak.proposed
        )
        return Result(
            "refuse",
            "; ".join(f"{', '.join(leak.columns)}: {leak.mechanism}" for leak in found),
            required,
            "keep out what gives it away (of several columns together, what came last): add to "
            "problem/problem.toml under [columns.excluded], then train again:\n" + lines,
        )
    if good := too_good(evidence.evaluation["metrics"]):
        measured = f"nearly perfect ({', '.join(good)}), no mechanism found"
        advice = "ask someone who knows the data when each input becomes known"
        return Result("warn", measured, required, advice)
    return Result("pass", f"{len(dataset.columns)} inputs, no leak", required)


def too_good(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The scores that are nearly perfect, for all that so many rows can tell."""
    return [
        f"{name} {metrics[name]['value']:.4f}"
        for name, limit in TOO_GOOD.items()
        if name in metrics and metrics[name]["value"] > NEARLY and metrics[name]["high"] > limit
    ]
