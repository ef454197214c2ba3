"""Is the result what it looks like, or does an input give the answer away?"""

from collections.abc import Mapping, Sequence

from engine.bundle.card import card
from engine.bundle.evaluation import reference
from engine.eda.associations import associations
from engine.eda.target import read
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import differences, shorten
from engine.leakage import Leak, find, single_class_values
from engine.pages.formatting import count
from engine.problem.tables import Columns
from engine.problem.toml import toml
from engine.training.dataset import Dataset

# A score whose interval reaches so far is rare in honest work; by itself it is only worth a second
# look. Accuracy is not among them: where one class is rare it is always high.
TOO_GOOD = {"roc_auc": 0.995, "balanced_accuracy": 0.99, "r2": 0.995}
# On few rows an interval reaches far from any value; below this one it is no near-perfect score.
NEARLY = 0.96
# Rows for a look at which inputs tell most, and what is too little to be named.
SAMPLE_SIZE, TELLS = 20_000, 0.05
ASK = (
    "ask someone who knows the data when this becomes known; what is filled in only after the "
    "decision was due belongs under [columns.known_after] in problem/problem.toml"
)


def evaluation(evidence: CheckContext) -> Result:
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


def leakage(evidence: CheckContext) -> Result:
    """No input gives the target by a known mechanism; what only looks like it is a warning."""
    required = "no input that gives the target away, alone or with a few others"
    dataset, columns = evidence.dataset, evidence.problem.columns
    asked = [column for column in evidence.bundle.contract.inputs if column.name in dataset.frame]
    here = {column.name for column in asked}
    asked += [column for column in dataset.columns if column.name not in here]
    leaks = find(dataset.problem, dataset.frame, asked)
    answered = [leak for leak in leaks if leak.answered(columns.known_in_time)]
    if refused := [leak for leak in leaks if leak not in answered]:
        return Result("refuse", _listed(refused), required, _keep_out(refused, columns))
    told = {name for leak in answered for name in leak.columns}
    rest = [column for column in asked if column.name not in told]
    questions = [*answered, *single_class_values(dataset.problem, dataset.frame, rest)]
    looks = [_with_reason(leak, columns) for leak in questions]
    if good := too_good(evidence.evaluation["metrics"]):
        looks.append(
            f"nearly perfect ({', '.join(good)}), no mechanism found; {most_telling(dataset)}"
        )
    if looks:
        return Result("warn", "; ".join(looks), required, ASK)
    return Result("pass", f"{len(dataset.columns)} inputs, no leak", required)


def _listed(leaks: Sequence[Leak]) -> str:
    return "; ".join(f"{', '.join(leak.columns)}: {leak.mechanism}" for leak in leaks)


def _with_reason(leak: Leak, columns: Columns) -> str:
    """What is told, and what problem.toml answers to that."""
    said = [columns.known_in_time[name] for name in leak.columns if name in columns.known_in_time]
    answer = f"; problem.toml says that it is known in time: {'; '.join(said)}" if said else ""
    return _listed([leak]) + answer


def _keep_out(leaks: Sequence[Leak], columns: Columns) -> str:
    """What to do about them: what to write where, and train again."""
    names = {name: leak.mechanism for leak in leaks for name in leak.proposed}
    before = [name for name in names if name in columns.known_after]
    lines = [f"{toml(name)} = {toml(why)}" for name, why in names.items() if name not in before]
    advice = []
    if before:
        advice.append(
            f"problem.toml keeps {', '.join(before)} out already, the bundle is older than that: "
            "train and build again"
        )
    if lines:
        # Ends with the lines alone: they are pasted into problem.toml as they stand.
        known = "of what is known before the decision say why, under [columns.known_in_time]; "
        known = "" if all(leak.late for leak in leaks) else known
        advice.append(
            f"{known}keep out what else gives it away (of several columns together, what came "
            "last): add to problem/problem.toml under [columns.excluded], then train again:\n"
            + "\n".join(lines)
        )
    return "; ".join(advice)


def most_telling(dataset: Dataset) -> str:
    """The inputs that tell most alone, on the rows to learn from, as the page of the data says."""
    learn = dataset.learning.iloc[:: len(dataset.learning) // SAMPLE_SIZE + 1]
    told = associations(dataset.columns, learn, read(dataset.problem, learn))
    most = [f"{name} ({share:.0%})" for name, share in list(told.items())[:2] if share >= TELLS]
    return f"most tell, each alone: {' and '.join(most)}" if most else "no input tells much alone"


def too_good(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The scores that are nearly perfect, for all that so many rows can tell."""
    return [
        f"{name} {metrics[name]['value']:.4f}"
        for name, limit in TOO_GOOD.items()
        if name in metrics and metrics[name]["value"] > NEARLY and metrics[name]["high"] > limit
    ]
