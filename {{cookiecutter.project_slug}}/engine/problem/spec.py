"""Reads `problem.toml`: the one file the business, the data scientist and the ML engineer share."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from engine.problem import tables
from engine.problem.errors import BadInput, command
from engine.problem.files import MARK, parse_toml, read_text
from engine.problem.known_metrics import KNOWN_METRICS, Task, metrics_of
from engine.problem.mistakes import explain, list_mistakes
from engine.problem.tables import PAYOFFS, UNANSWERED, Label, Slice, Table, Value, entry

__all__ = ["PROBLEM_FILE", "Label", "Problem", "Slice", "Task", "Value", "parse", "read"]

PROBLEM_FILE = Path("problem/problem.toml")

# A mistake: `table.key`, and the rule that it breaks.
Mistake = tuple[str, str]


class Problem(Table):
    """The business problem as a modelling problem; a tool guessed the answers in `assumed`."""

    assumed: list[str] = entry("answers a tool guessed", '["value.currency"]', default=[])
    decision: tables.Decision
    target: tables.Target
    rows: tables.Rows
    columns: tables.Columns = tables.Columns()
    success: tables.Success
    value: Value
    budget: tables.Budget
    monitoring: tables.Monitoring
    guardrails: tables.Guardrails
    compatibility: tables.Compatibility = tables.Compatibility()
    expectations: tables.Expectations = tables.Expectations()

    @property
    def kept_out(self) -> frozenset[str]:
        """The columns that no model may read: target, id, unit, and those that [columns] names."""
        roles = (self.target.column, self.rows.id, self.rows.unit)
        return frozenset(name for name in (*roles, *self.columns.reasons) if name is not None)

    def is_assumed(self, name: str) -> bool:
        """Whether a tool guessed this answer (`table.key`), or one of this `table`."""
        pairs = [(f"{name}.", f"{one}.") for one in self.assumed]
        return any(a.startswith(b) or b.startswith(a) for a, b in pairs)


def _about_target(problem: Problem) -> Iterator[Mistake]:
    target, columns, rows = problem.target, problem.columns, problem.rows
    if (target.task == "binary") != (target.positive is not None):
        yield "target.positive", "must be given for a binary target only: positive = true"
    for role in ("id", "time", "unit"):
        if getattr(rows, role) == target.column:
            yield f"rows.{role}", "must be another column than the target"
    if rows.time in columns.known_after:
        yield f"columns.known_after.{rows.time}", "must not name rows.time, the decision's time"
    for name in columns.known_in_time:
        if name in problem.kept_out - {target.column}:
            yield f"columns.known_in_time.{name}", "must be an input; another answer keeps it out"
    for kind, reasons in columns:
        if target.column in reasons:
            key = f"columns.{kind}.{target.column}"
            yield key, f"must not name the target, '{target.column}'"
    for name in problem.assumed:
        table, _, key = name.partition(".")
        answer = getattr(problem, table, None) if table in Problem.model_fields else None
        if answer is None or (key and not hasattr(answer, key)):
            yield "assumed", f"must name answers as table or table.key; {name!r} is none"


def _about_success(problem: Problem) -> Iterator[Mistake]:
    task, success = problem.target.task, problem.success
    metric = KNOWN_METRICS.get(success.metric)
    if metric is None or task not in metric.tasks:
        rule = f"must be, for a {task} target, one of {', '.join(metrics_of(task))}"
        yield "success.metric", rule
        return
    if success.calibration_error is not None and task == "regression":
        yield "success.calibration_error", "is for classes: a value has no probability"
        return
    limits = {f"slices.{number}.floor": one.floor for number, one in enumerate(success.slices)}
    for key, value in {"minimum": success.minimum, **limits}.items():
        if not metric.low <= value <= metric.high:
            limit = f"{metric.low:g} and {metric.high:g} for {metric.name}"
            yield f"success.{key}", f"must lie between {limit}, got {value:g}"


def _about_value(problem: Problem) -> Iterator[Mistake]:
    task, value = problem.target.task, problem.value
    amounts = {name: amount for name, amount in value if isinstance(amount, float)}
    if set(amounts) != set(PAYOFFS[task]):
        rule = f"must hold, for a {task} target, currency and {', '.join(PAYOFFS[task])}"
        yield "value", rule
    elif task == "binary" and amounts["true_positive"] <= amounts["false_negative"]:
        rule = "must be more than false_negative: else acting on a true alarm is worth nothing"
        yield "value.true_positive", rule
    elif task == "multiclass" and amounts["correct"] <= amounts["wrong"]:
        yield "value.correct", "must be more than wrong"


def _about_expectations(problem: Problem) -> Iterator[Mistake]:
    task, expected = problem.target.task, problem.expectations
    for kind, expectations in expected:
        for number, one in enumerate(expectations):
            key, columns = ("row", {*one.row}) if kind == "minimum" else ("column", {one.column})
            if hidden := columns & problem.kept_out:
                rule = f"must name inputs of the model; it never sees {', '.join(sorted(hidden))}"
                yield f"expectations.{kind}.{number}.{key}", rule
    if task == "multiclass" and expected.direction:
        yield "expectations.direction", "is for one score; of several classes, state a minimum"
    for number, case in enumerate(expected.minimum):
        key, bounds = f"expectations.minimum.{number}", {"above": case.above, "below": case.below}
        given = {name: bound for name, bound in bounds.items() if bound is not None}
        if not given and case.decision is None:
            yield key, "must say what is expected: above, below or decision"
        if case.decision is not None and task == "regression":
            yield f"{key}.decision", "is for classes; of a value, say above or below"
        for name, bound in given.items():
            if task == "multiclass":
                yield f"{key}.{name}", "is for one score; of several classes, say the decision"
            elif task == "binary" and not 0 <= bound <= 1:
                yield f"{key}.{name}", f"must lie between 0 and 1, as scores do, got {bound:g}"
        if len(given) == 2 and given["above"] >= given["below"]:
            yield f"{key}.above", "must be less than below: no score is both"


def parse(text: str, where: str) -> Problem:
    """Read the text of a problem.toml, `where` in messages; BadInput lists every mistake in it."""
    text = text.removeprefix(MARK)
    values = parse_toml(text, where, "fix that first")
    try:
        problem = Problem.model_validate(values)
    except ValidationError as error:
        raise BadInput(explain(error, Problem, text, where), code="invalid-problem") from None
    # Answers that are fine alone and wrong together.
    rules = (_about_target, _about_success, _about_value, _about_expectations)
    if mistakes := [mistake for rule in rules for mistake in rule(problem)]:
        raise BadInput(list_mistakes(mistakes, text, where), code="contradictory-problem")
    return problem


def read(path: Path = PROBLEM_FILE) -> Problem:
    """Read `problem.toml`; see `text_of` and `parse`."""
    return parse(text_of(path), str(path))


def read_answered(path: Path) -> Problem:
    """As `read`; BadInput if an answer that `data adopt` left open is not listed as assumed."""
    problem = read(path)
    rule = "is not said yet; say it in words, or list it under 'assumed'"
    keys = [f"decision.{name}" for name, text in problem.decision if text.startswith(UNANSWERED)]
    if unanswered := [(key, rule) for key in keys if not problem.is_assumed(key)]:
        message = list_mistakes(unanswered, text_of(path), str(path))
        raise BadInput(message, code="unanswered-problem")
    return problem


def text_of(path: Path) -> str:
    """The text of a problem.toml; BadInput if it is missing or no UTF-8 text."""
    adopt = f"frame one with `{command('data adopt FILE --target COLUMN')}`"
    return read_text(path, "the problem", f"run this from the project's folder, or {adopt}")


def summary(problem: Problem) -> str:
    """The framing in a few lines, with the answers that are only assumed."""
    success, target = problem.success, problem.target
    days = target.label_delay_days
    delay = f"known after {days} day{'s' * (days > 1)}" if days else "known at once"
    lines = [
        f"{problem.decision.name}: {problem.decision.question}",
        f"  for     {problem.decision.stakeholder}",
        f"  action  {problem.decision.action}",
        f"  target  {target.column} ({target.task}), {delay}",
        f"  success {success.metric} of {success.minimum:g} or better, "
        f"{success.margin:g} better than the best baseline",
    ]
    if problem.assumed:
        lines.append("  ASSUMED by a tool; a person must answer before the handoff is signed:")
        lines += [f"    {name}" for name in problem.assumed]
    return "\n".join(lines)
