"""The brief: what stakeholders agree to before anybody builds, on one sheet of paper.

The one module of `problem` that knows how pages look; whoever reads the problem does not load it.
"""

from pathlib import Path

from engine.pages import page
from engine.pages.cases import matrix
from engine.pages.formatting import count, listed, number, percent
from engine.pages.page import Block, Facts, Figure, Note, Section
from engine.problem.base import NOT_SAID
from engine.problem.expectations import Minimum
from engine.problem.files import write_atomically
from engine.problem.metrics import METRICS
from engine.problem.plain import MEANINGS, is_assumed, payoffs, pays_from
from engine.problem.spec import Problem

BRIEF = Path("build/brief.html")


def write(problem: Problem, path: Path = BRIEF) -> Path:
    """Write the brief and return its path."""
    html = page.render(
        f"Brief: {problem.decision.name}",
        problem.decision.question,
        sections(problem),
        verdict="assumed" if problem.assumed else "",
        footer="Made from problem/problem.toml: whoever disagrees changes it there.",
        one_page=True,
    )
    return write_atomically(path, html)


def sections(problem: Problem) -> list[Section]:
    """What is agreed, in the order in which it is asked; what nobody has answered stands first."""
    found = [
        _assumed(problem),
        _decision(problem),
        _worth(problem),
        _good_enough(problem),
        _not_for(problem),
        _kept_out(problem),
        _expected(problem),
        _production(problem),
    ]
    return [section for section in found if section]


def _assumed(problem: Problem) -> Section | None:
    if not problem.assumed:
        return None
    tables: dict[str, list[str]] = {}
    for name in problem.assumed:
        table, _, key = name.partition(".")
        tables.setdefault(table, []).extend([key.replace("_", " ")] if key else [])
    names = "; ".join(
        f"{table}: {listed(keys)}" if keys else table for table, keys in tables.items()
    )
    said = f"A tool guessed {count(len(problem.assumed), 'answer')}; a person must give them."
    last = "What rests on a guess is marked “assumed”. No model goes live before all are answered."
    return Section("Still assumed", "data scientist", said, [Note(f"{names}.", "warn"), Note(last)])


def _decision(problem: Problem) -> Section:
    delay = problem.target.label_delay_days
    mark = _mark(problem, "target.label_delay_days")
    known = (
        f"The truth is known {count(delay, 'day')} later{mark}: until then nobody can say how "
        "right the model was."
    )
    blocks = [
        Note(f"Whose decision: {_answer(problem, 'stakeholder')}"),
        Note(f"Built for: {_answer(problem, 'intended_use')}"),
        Note(known if delay else f"The truth is known at once{mark}."),
    ]
    title = "What is done on the answer"
    return Section(title, "data scientist", _answer(problem, "action"), blocks)


def _worth(problem: Problem) -> Section:
    amounts, currency = payoffs(problem), problem.value.currency
    mark = _mark(problem, "value")
    title = "What an answer earns or costs"
    unit = f"In {currency} for one case{mark}."
    if problem.target.task == "regression":
        lost = f"{number(-amounts['per_unit_error'])} {currency}{mark}"
        said = "The further the answer is from the truth, the more it costs."
        return Section(title, "data scientist", said, [Facts([("one unit of error costs", lost)])])
    if problem.target.task == "multiclass":
        said = "A right answer earns, a wrong one costs."
        drawn = matrix(
            title,
            ["right", "wrong"],
            [("the answer is", [amounts["correct"], amounts["wrong"]])],
            description=", ".join(f"{name}: {number(v)}" for name, v in amounts.items()),
        )
        return Section(title, "data scientist", said, [Figure(drawn, unit)])
    target = problem.target
    outcome = f"{target.column} is {str(target.positive).lower()}"
    drawn = matrix(
        title,
        [outcome, "it is not"],
        [
            ("we act", [amounts["true_positive"], amounts["false_positive"]]),
            ("we do not", [amounts["false_negative"], amounts["true_negative"]]),
        ],
        description=f"acting if {outcome}: {number(amounts['true_positive'])}, in vain: "
        f"{number(amounts['false_positive'])}; not acting if {outcome}: "
        f"{number(amounts['false_negative'])}, otherwise: {number(amounts['true_negative'])}",
    )
    chance = pays_from(problem)
    said = (
        "Acting always pays, whatever the chance"
        if chance is None
        else (f"Acting pays where the chance that {outcome} is more than {percent(chance)}")
    )
    return Section(title, "data scientist", f"{said}{mark}.", [Figure(drawn, unit)])


def _good_enough(problem: Problem) -> Section:
    success = problem.success
    metric, meaning = METRICS[success.metric], MEANINGS[success.metric]
    least = "at least" if metric.higher_is_better else "at most"
    blocks: list[Block] = [
        Note(
            f"Measured as {meaning.name} ({success.metric.replace('_', ' ')})"
            f"{_mark(problem, 'success.metric')}: {least} {number(success.minimum)}"
            f"{_mark(problem, 'success.minimum')}, and surely better than a model that knows "
            f"nothing{f', by at least {number(success.margin)}' if success.margin else ''}"
            f"{_mark(problem, 'success.margin')}."
        )
    ]
    if success.slices:
        floors = [f"{part.column} ({least} {number(part.floor)})" for part in success.slices]
        said = f"No group may be served badly, by {listed(floors)}"
        blocks.append(Note(f"{said}{_mark(problem, 'success.slices')}."))
    if success.calibration_error is not None:
        off = percent(success.calibration_error)
        mark = _mark(problem, "success.calibration_error")
        blocks.append(Note(f"A chance that it states may be off by {off} on average{mark}."))
    said = f"A model is useful if it {meaning.says(success.minimum)}, or does better."
    return Section("What is good enough", "data scientist", said, blocks)


def _not_for(problem: Problem) -> Section:
    said = _answer(problem, "not_for")
    return Section("What it must not be used for", "data scientist", said)


def _kept_out(problem: Problem) -> Section:
    rows, target = problem.rows, problem.target.column
    roles = {rows.unit: "says whom a row belongs to", rows.id: "names a row"}
    reasons = {name: why for name, why in roles.items() if name} | problem.columns.reasons
    mark = _mark(problem, "columns")
    if not reasons:
        said = f"Nothing is kept from it but the answer, {target}{mark}."
        return Section("What it may not know", "data scientist", said, _known(problem))
    said = f"{count(len(reasons), 'column')} it never sees, beside {target}{mark}."
    blocks = [Note(f"{name}: {why}") for name, why in reasons.items()]
    return Section("What it may not know", "data scientist", said, [*blocks, *_known(problem)])


def _known(problem: Problem) -> list[Block]:
    """What gives the answer away and is used all the same: whoever agrees to it answers for it."""
    said = problem.columns.known_in_time
    return [Note(f"{name} is used, for it is known in time: {why}") for name, why in said.items()]


def _expected(problem: Problem) -> Section | None:
    expected, words = problem.expectations, []
    for way in expected.direction:
        verb = "raise" if way.score == "rises" else "lower"
        step = number(way.step)
        words.append(f"{step} more {way.column} must {verb} the score: {way.because}.")
    for same in expected.invariance:
        size = f"by more than {number(same.within)}" if same.within else "at all"
        words.append(f"{same.column} must not move the score {size}: {same.because}.")
    words += [f"{_case(case)}: {case.because}." for case in expected.minimum]
    if not words:
        return None
    said = f"{count(len(words), 'expectation')}, whatever the numbers say."
    return Section("How it must behave", "data scientist", said, [Note(one) for one in words])


def _case(case: Minimum) -> str:
    row = listed([f"{name} {value}" for name, value in case.row.items()])
    asked = [
        *([f"a score over {number(case.above)}"] if case.above is not None else []),
        *([f"a score under {number(case.below)}"] if case.below is not None else []),
        *([f"the answer {case.decision}"] if case.decision is not None else []),
    ]
    return f"{row} must get {listed(asked)}"


def _production(problem: Problem) -> Section:
    budget, watch, guard = problem.budget, problem.monitoring, problem.guardrails
    said = f"99 of 100 answers come within {number(budget.latency_p99_ms)} thousandths of a second"
    power = (
        f"One process gives {number(budget.throughput_rps)} answers a second in "
        f"{number(budget.memory_mb)} MB of memory{_mark(problem, 'budget')}."
    )
    watched = (
        f"Watched in windows of {count(watch.window_days, 'day')}; under "
        f"{count(watch.minimum_rows, 'case')} a window says nothing{_mark(problem, 'monitoring')}."
    )
    change = (
        f"A new model is stopped if it is worse by {number(guard.worse_by)}"
        f"{_mark(problem, 'guardrails')}."
    )
    blocks = [Note(power), Note(watched), Note(change)]
    mark = _mark(problem, "budget.latency_p99_ms")
    return Section("How it runs and is watched", "ML engineer", f"{said}{mark}.", blocks)


def _answer(problem: Problem, key: str) -> str:
    """A sentence of [decision]; one that nobody has said needs no mark."""
    said: str = getattr(problem.decision, key)
    return said if said.startswith(NOT_SAID) else f"{said}{_mark(problem, f'decision.{key}')}"


def _mark(problem: Problem, name: str) -> str:
    """What stands behind an answer that nobody has given."""
    return " (assumed)" if is_assumed(problem, name) else ""
