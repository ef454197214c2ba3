"""The brief: what stakeholders agree to before anybody builds, on one sheet of paper."""

from pathlib import Path

from engine.pages import page
from engine.pages.charts import matrix
from engine.pages.formatting import count, listed, number, percent
from engine.pages.page import Facts, Figure, Note, Owner, Section
from engine.problem.files import write_atomically
from engine.problem.known_metrics import KNOWN_METRICS
from engine.problem.spec import Problem
from engine.problem.tables import PAYOFFS, UNANSWERED

BRIEF = Path("build/brief.html")
SCIENTIST: Owner = "data scientist"


def write(problem: Problem, path: Path = BRIEF) -> Path:
    """Write the brief and return its path."""
    title, question = f"Brief: {problem.decision.name}", problem.decision.question
    footer = "Made from problem/problem.toml. To change an answer, edit that file."
    words = {"verdict": "assumed" if problem.assumed else "", "footer": footer}
    html = page.render(title, question, sections(problem), one_page=True, **words)
    return write_atomically(path, html)


def sections(problem: Problem) -> list[Section]:
    """What is agreed, in the order in which it is decided; open answers come first."""
    decided = [_assumed(problem), _decision(problem), _worth(problem), _good_enough(problem)]
    never = Section("What it must not be used for", SCIENTIST, _answer(problem, "not_for"))
    agreed = [*decided, never, _kept_out(problem), _expected(problem), _production(problem)]
    return [section for section in agreed if section]


def _assumed(problem: Problem) -> Section | None:
    if not problem.assumed:
        return None
    names = "; ".join(name.replace(".", ": ").replace("_", " ") for name in problem.assumed)
    lead = f"A tool guessed {count(len(problem.assumed), 'answer')}; a person must confirm them."
    last = "What rests on a guess is marked “assumed”. No model goes live with an open guess."
    return Section("Still assumed", SCIENTIST, lead, [Note(f"{names}.", "warn"), Note(last)])


def _decision(problem: Problem) -> Section:
    delay, mark = problem.target.label_delay_days, _mark(problem, "target.label_delay_days")
    when = f"{count(delay, 'day')} later" if delay else "at once"
    blocks = [
        Note(f"Owner of the decision: {_answer(problem, 'stakeholder')}"),
        Note(f"Built for: {_answer(problem, 'intended_use')}"),
        Note(f"The true outcome is known {when}{mark}; then predictions can be evaluated."),
    ]
    return Section("What is done on the answer", SCIENTIST, _answer(problem, "action"), blocks)


def _worth(problem: Problem) -> Section:
    amounts, currency, target = _payoffs(problem), problem.value.currency, problem.target
    mark, title = _mark(problem, "value"), "What an answer earns or costs"
    if target.task == "regression":
        cost = f"{number(-amounts['per_unit_error'])} {currency}{mark}"
        lead = "The larger the error of a prediction, the more it costs."
        return Section(title, SCIENTIST, lead, [Facts([("one unit of error costs", cost)])])
    if target.task == "multiclass":
        lead = "A right answer earns, a wrong one costs."
        columns, rows = ["right", "wrong"], [("the answer is", list(amounts.values()))]
        description = ", ".join(f"{name}: {number(v)}" for name, v in amounts.items())
    else:
        outcome, chance = f"{target.column} is {str(target.positive).lower()}", pays_from(problem)
        lead = "Acting always pays, whatever the chance"
        if chance is not None:
            lead = f"Acting pays where the chance that {outcome} is more than {percent(chance)}"
        lead = f"{lead}{mark}."
        columns = [outcome, "it is not"]
        rows = [
            ("we act", [amounts["true_positive"], amounts["false_positive"]]),
            ("we do not", [amounts["false_negative"], amounts["true_negative"]]),
        ]
        acts, vain, missed, rest = (number(amount) for _, row in rows for amount in row)
        description = f"acting if {outcome}: {acts}, in vain: {vain}; not acting if {outcome}: "
        description += f"{missed}, otherwise: {rest}"
    drawn = matrix(title, columns, rows, description=description)
    return Section(title, SCIENTIST, lead, [Figure(drawn, f"In {currency} for one case{mark}.")])


def _good_enough(problem: Problem) -> Section:
    success, metric = problem.success, KNOWN_METRICS[problem.success.metric]
    least = "at least" if metric.higher_is_better else "at most"
    marks = {key: _mark(problem, f"success.{key}") for key in ("metric", "minimum", "margin")}
    margin = f", by at least {number(success.margin)}" if success.margin else ""
    measured = f"Measured as {metric.title} ({metric.name.replace('_', ' ')}){marks['metric']}"
    measured += f": {least} {number(success.minimum)}{marks['minimum']}, and surely better than a "
    notes = [f"{measured}model that knows nothing{margin}{marks['margin']}."]
    if success.slices:
        floors = listed([f"{one.column} ({least} {number(one.floor)})" for one in success.slices])
        mark = _mark(problem, "success.slices")
        notes.append(f"No group may be served badly, by {floors}{mark}.")
    if success.calibration_error is not None:
        off, mark = percent(success.calibration_error), _mark(problem, "success.calibration_error")
        notes.append(f"A probability that it states may be off by {off} on average{mark}.")
    lead = f"A model is useful if it {metric.describe(success.minimum)}, or does better."
    return Section("What is good enough", SCIENTIST, lead, [Note(note) for note in notes])


def _kept_out(problem: Problem) -> Section:
    rows, target, columns = problem.rows, problem.target.column, problem.columns
    roles = {rows.unit: "says whom a row belongs to", rows.id: "names a row"}
    reasons = {name: why for name, why in roles.items() if name} | columns.reasons
    notes = [f"{name}: {why}" for name, why in reasons.items()]
    # These reveal the answer and are inputs all the same.
    in_time = columns.known_in_time.items()
    notes += [f"{name} is used, for it is known in time: {why}" for name, why in in_time]
    never = f"It never reads {count(len(reasons), 'column')}, beside {target}"
    lead = never if reasons else f"It reads every column but the answer, {target}"
    lead += f"{_mark(problem, 'columns')}."
    return Section("What it may not know", SCIENTIST, lead, [Note(note) for note in notes])


def _expected(problem: Problem) -> Section | None:
    expected, notes = problem.expectations, []
    for way in expected.direction:
        verb, step = "raise" if way.score == "rises" else "lower", number(way.step)
        notes.append(f"{step} more {way.column} must {verb} the score: {way.because}.")
    for same in expected.invariance:
        size = f"by more than {number(same.within)}" if same.within else "at all"
        notes.append(f"{same.column} must not move the score {size}: {same.because}.")
    for case in expected.minimum:
        row = listed([f"{name} {value}" for name, value in case.row.items()])
        limits = [f"a score over {number(case.above)}"] if case.above is not None else []
        limits += [f"a score under {number(case.below)}"] if case.below is not None else []
        limits += [f"the answer {case.decision}"] if case.decision is not None else []
        notes.append(f"{row} must get {listed(limits)}: {case.because}.")
    if not notes:
        return None
    lead = f"{count(len(notes), 'expectation')}, whatever the metrics are."
    return Section("How it must behave", SCIENTIST, lead, [Note(note) for note in notes])


def _production(problem: Problem) -> Section:
    budget, watch, guard = problem.budget, problem.monitoring, problem.guardrails
    latency = f"within {number(budget.latency_p99_ms)} thousandths of a second"
    lead = f"99 of 100 answers come {latency}{_mark(problem, 'budget.latency_p99_ms')}."
    rate, memory = number(budget.throughput_rps), number(budget.memory_mb)
    window, least = count(watch.window_days, "day"), count(watch.minimum_rows, "case")
    notes = {
        "budget": f"One process gives {rate} answers a second in {memory} MB of memory",
        "monitoring": f"Watched in windows of {window}; a window needs at least {least}",
        "guardrails": f"A new model is stopped if it is worse by {number(guard.worse_by)}",
    }
    marked = [Note(f"{note}{_mark(problem, key)}.") for key, note in notes.items()]
    return Section("How it runs and is watched", "ML engineer", lead, marked)


def _payoffs(problem: Problem) -> dict[str, float]:
    return {name: getattr(problem.value, name) for name in PAYOFFS[problem.target.task]}


def pays_from(problem: Problem) -> float | None:
    """The chance of the outcome above which acting earns more than not acting; binary only.

    None where acting pays at every chance. From p·TP + (1 − p)·FP = p·FN + (1 − p)·TN.
    """
    amounts = _payoffs(problem)
    in_vain = amounts["true_negative"] - amounts["false_positive"]
    gain = amounts["true_positive"] - amounts["false_negative"]
    return in_vain / (gain + in_vain) if in_vain > 0 else None


def _answer(problem: Problem, key: str) -> str:
    answer: str = getattr(problem.decision, key)
    return answer if answer.startswith(UNANSWERED) else answer + _mark(problem, f"decision.{key}")


def _mark(problem: Problem, name: str) -> str:
    return " (assumed)" if problem.is_assumed(name) else ""
