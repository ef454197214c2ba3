"""Reads `problem.toml`: the one file the business, the data scientist and the ML engineer share."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, ValidationError

from engine.problem.base import Table
from engine.problem.errors import BadInput
from engine.problem.expectations import Expectations, Minimum
from engine.problem.files import MARK, parse_toml, read_text
from engine.problem.known_metrics import RANGES, TASKS_OF_METRIC, Task
from engine.problem.mistakes import explain, list_mistakes
from engine.problem.tables import (
    PAYOFFS,
    Budget,
    Columns,
    Decision,
    Guardrails,
    Label,
    Monitoring,
    Rows,
    Slice,
    Success,
    Target,
    Value,
)

__all__ = [
    "PROBLEM_FILE",
    "TASKS_OF_METRIC",
    "Label",
    "Problem",
    "Slice",
    "Task",
    "Value",
    "contradictions",
    "parse",
    "read",
]

PROBLEM_FILE = Path("problem/problem.toml")


class Problem(Table):
    """The business problem as a modelling problem.

    `assumed` names answers (`table` or `table.key`) that a tool guessed and no person has
    confirmed.
    """

    assumed: list[str] = Field(
        default=[], description="answers a tool guessed", examples=['["value.currency"]']
    )
    decision: Decision
    target: Target
    rows: Rows
    columns: Columns = Columns()
    success: Success
    value: Value
    budget: Budget
    monitoring: Monitoring
    guardrails: Guardrails
    expectations: Expectations = Expectations()

    @property
    def kept_out(self) -> frozenset[str]:
        """The columns that no model may read: target, id, unit, and those that [columns] names."""
        roles = (self.target.column, self.rows.id, self.rows.unit)
        named = {name for name in roles if name is not None}
        return frozenset(named | self.columns.reasons.keys())


def contradictions(problem: Problem) -> list[tuple[str, str]]:
    """Answers that are fine alone and wrong together: (`table.key`, the rule they break)."""
    return [
        *_about_target(problem),
        *_about_success(problem),
        *_about_value(problem),
        *_about_expectations(problem),
    ]


def _about_target(problem: Problem) -> list[tuple[str, str]]:
    target, columns, found = problem.target, problem.columns, []
    if (target.task == "binary") != (target.positive is not None):
        found.append(
            (
                "target.positive",
                "must be given for a binary target, and only there: positive = true",
            )
        )
    for role in ("id", "time", "unit"):
        if getattr(problem.rows, role) == target.column:
            found.append((f"rows.{role}", "must be another column than the target"))
    if problem.rows.time in columns.known_after:
        rule = "must not name rows.time: it says when the decision was due"
        found.append((f"columns.known_after.{problem.rows.time}", rule))
    found += [
        (f"columns.known_in_time.{name}", "must be an input; another answer keeps it out")
        for name in columns.known_in_time
        if name in problem.kept_out and name != target.column
    ]
    found += [
        (f"columns.{kind}.{target.column}", f"must not name the target, '{target.column}'")
        for kind, reasons in columns
        if target.column in reasons
    ]
    for name in problem.assumed:
        if not _has(problem, name):
            found.append(("assumed", f"must name answers as table or table.key; {name!r} is none"))
    return found


def _about_success(problem: Problem) -> list[tuple[str, str]]:
    task, success = problem.target.task, problem.success
    if success.metric not in TASKS_OF_METRIC:
        return [("success.metric", f"must be one of {', '.join(TASKS_OF_METRIC)}")]
    if task not in TASKS_OF_METRIC[success.metric]:
        fitting = ", ".join(name for name, tasks in TASKS_OF_METRIC.items() if task in tasks)
        return [("success.metric", f"must be, for a {task} target, one of {fitting}")]
    if success.calibration_error is not None and task == "regression":
        return [("success.calibration_error", "is for classes: a value has no probability")]
    low, high = RANGES[success.metric]
    named = {"success.minimum": success.minimum}
    named |= {f"success.slices.{number}.floor": part.floor
              for number, part in enumerate(success.slices)}  # fmt: skip
    return [
        (where, f"must lie between {low:g} and {high:g} for {success.metric}, got {value:g}")
        for where, value in named.items()
        if not low <= value <= high
    ]


def _about_value(problem: Problem) -> list[tuple[str, str]]:
    task, value = problem.target.task, problem.value
    amounts = {name: amount for name, amount in value if isinstance(amount, float)}
    if set(amounts) != set(PAYOFFS[task]):
        return [
            ("value", f"must hold, for a {task} target, currency and {', '.join(PAYOFFS[task])}")
        ]
    if task == "binary" and amounts["true_positive"] <= amounts["false_negative"]:
        rule = "must be more than false_negative: else acting on a true alarm is worth nothing"
        return [("value.true_positive", rule)]
    if task == "multiclass" and amounts["correct"] <= amounts["wrong"]:
        return [("value.correct", "must be more than wrong")]
    return []


def _about_expectations(problem: Problem) -> list[tuple[str, str]]:
    task, found = problem.target.task, []
    expected = problem.expectations
    named = [
        *((f"invariance.{n}.column", {one.column}) for n, one in enumerate(expected.invariance)),
        *((f"direction.{n}.column", {one.column}) for n, one in enumerate(expected.direction)),
        *((f"minimum.{n}.row", set(one.row)) for n, one in enumerate(expected.minimum)),
    ]
    for where, columns in named:
        if hidden := columns & problem.kept_out:
            rule = f"must name inputs of the model; it never sees {', '.join(sorted(hidden))}"
            found.append((f"expectations.{where}", rule))
    if task == "multiclass" and expected.direction:
        rule = "is for one score; of several classes, say a minimum's decision instead"
        found.append(("expectations.direction", rule))
    for number, one in enumerate(expected.minimum):
        where = f"expectations.minimum.{number}"
        found += [(f"{where}{key}", rule) for key, rule in _about_case(task, one)]
    return found


def _about_case(task: Task, case: Minimum) -> Iterator[tuple[str, str]]:
    bounds = {"above": case.above, "below": case.below}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if not given and case.decision is None:
        yield "", "must say what is expected: above, below or decision"
    if case.decision is not None and task == "regression":
        yield ".decision", "is for classes; of a value, say above or below"
    for name, bound in given.items():
        if task == "multiclass":
            yield f".{name}", "is for one score; of several classes, say the decision"
        elif task == "binary" and not 0 <= bound <= 1:
            yield f".{name}", f"must lie between 0 and 1, as every score does, got {bound:g}"
    if len(given) == 2 and given["above"] >= given["below"]:
        yield ".above", "must be less than below: no score is both"


def _has(problem: Problem, dotted: str) -> bool:
    table, _, key = dotted.partition(".")
    return hasattr(getattr(problem, table, None), key) if key else table in Problem.model_fields


def parse(text: str, where: str) -> Problem:
    """Read the text of a problem.toml; `where` names it in messages.

    Raises:
        BadInput: not TOML, or a field is missing, unknown, of the wrong type or contradicts
            another; every mistake with its line, the rule and an example.
    """
    text = text.removeprefix(MARK)
    values = parse_toml(text, where, "fix that first")
    try:
        problem = Problem.model_validate(values)
    except ValidationError as error:
        raise BadInput(explain(error, Problem, text, where)) from None
    if found := contradictions(problem):
        raise BadInput(list_mistakes(found, text, where))
    return problem


def read(path: Path = PROBLEM_FILE) -> Problem:
    """Read `problem.toml`; see `parse` for what is refused."""
    return parse(text_of(path), str(path))


def text_of(path: Path) -> str:
    """The text of a problem.toml.

    Raises:
        BadInput: it is missing or no UTF-8 text.
    """
    then = (
        "run this from the project's folder, or frame one with `python -m data adopt FILE "
        "--target COLUMN`"
    )
    return read_text(path, "the problem", then)
