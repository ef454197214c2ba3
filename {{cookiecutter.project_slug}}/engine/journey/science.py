"""The data scientist's stages: problem, data, EDA, PoC."""

from engine.data.columns import columns
from engine.data.load import load
from engine.data.split import split
from engine.eda import pictures, target
from engine.gate.checks.check import intervals
from engine.journey.stage import DRAFT, Rehearsal, StageResult
from engine.pages import charts
from engine.pages.formatting import count, number
from engine.pages.page import Block, Facts, Figure, Links, Note, Table


def problem(rehearsal: Rehearsal) -> StageResult:
    """The decision, its stakeholder, and what is good enough."""
    spec = rehearsal.problem
    decision, success, assumed = spec.decision, spec.success, spec.assumed
    enough = f"{success.metric} {success.minimum:g}, {success.margin:g} better than the baseline"
    problem_rows = [
        ["Action", decision.action],
        ["Stakeholder", decision.stakeholder],
        ["Target", f"{spec.target.column} ({spec.target.task})"],
        ["Outcome known", f"after {spec.target.label_delay_days} days"],
        ["Good enough", enough],
        ["Must not be used for", decision.not_for],
    ]
    amounts = [(n.replace("_", " "), float(v)) for n, v in spec.value if isinstance(v, float)]
    title = f"Value of one row, {spec.value.currency}"
    blocks: list[Block] = [
        Figure(charts.bars(title, amounts), f"{title}: the threshold is computed from it."),
        Table("problem.toml", ["question", "answer"], problem_rows),
    ]
    if not assumed:
        return StageResult(decision.question, tuple(blocks))
    text = f"Assumed; a person must answer before a signature: {', '.join(assumed)}."
    headline = f"{decision.question} {count(len(assumed), 'answer')} assumed."
    return StageResult(headline, (*blocks, Note(text, "warn")), warned=True)


def data(rehearsal: Rehearsal) -> StageResult:
    """Rows that meet the contract, split into training and test rows."""
    spec, schema = rehearsal.problem, rehearsal.programs.definition.contract
    frame = rehearsal.frame = load(spec, schema)
    rehearsal.columns = columns(spec, schema, frame)
    rehearsal.split = split(spec, frame)
    train, test = rehearsal.split.train, rehearsal.split.test
    rows = [
        [one.name, one.type, "yes" if one.nullable else "no", one.meaning]
        for one in rehearsal.columns
    ]
    blocks: list[Block] = [
        pictures.outcome(target.read(spec, frame.iloc[train])),
        Table("The model's inputs", ["input", "type", "may be missing", "meaning"], rows),
    ]
    if spec.columns.reasons:
        reasons = [[name, reason] for name, reason in spec.columns.reasons.items()]
        blocks.append(Table("Excluded columns", ["column", "reason"], reasons))
    blocks.append(Note(f"Split: {rehearsal.split.description}.", "quiet"))
    headline = f"{len(frame):,} rows meet the contract: {len(train):,} training rows, "
    return StageResult(f"{headline}{len(test):,} test rows.", tuple(blocks))


def explore(rehearsal: Rehearsal) -> StageResult:
    """The EDA page, and its main picture."""
    path = DRAFT / "eda.html"
    report = rehearsal.programs.explore(rehearsal.problem, rehearsal.frame, rehearsal.columns, path)
    caption = "The strongest inputs: the share of the target that each explains alone."
    blocks = (Figure(report.picture, caption), Links([("The EDA page", path.name)]))
    return StageResult(report.headline, blocks, warned=bool(report.suspects))


def poc(rehearsal: Rehearsal) -> StageResult:
    """Train all candidates, select one, and record the run in MLflow."""
    run = rehearsal.run = rehearsal.programs.train(rehearsal.problem, rehearsal.programs.definition)
    success, mean = rehearsal.problem.success, run.chosen_trial["mean"]
    name, title = run.chosen.replace("_", " "), f"{success.metric} in cross-validation"
    rows = {}
    for one in run.metadata["trials"]:
        value, margin = one["mean"], 2 * one["error"]
        rows[one["name"]] = {"value": value, "low": value - margin, "high": value + margin}
    caption = f"{title}: the mean over {run.metadata['folds']} folds with twice its standard error."
    caption += " The line is the minimum. "
    caption += "Selected: the simplest candidate within one standard error of the best."
    numbers: list[tuple[str, str | float]] = [("selected", name), (success.metric, mean)]
    if run.threshold is not None:
        numbers.append(("threshold", run.threshold))
    shown, note = intervals(title, rows, caption, success.minimum), f"MLflow run {run.run_id}."
    blocks = (Facts(numbers), shown, Note(note, "quiet"))
    return StageResult(f"Selected: {name} ({title}: {number(mean)}).", blocks)
