"""Reads `problem.toml`: the one file the business, the data scientist and the ML engineer share."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from problem.errors import BadInput
from problem.mistakes import explain

PROBLEM_FILE = Path("problem/problem.toml")

Task = Literal["binary", "multiclass", "regression"]
Label = bool | int | str

TASKS_OF_METRIC: dict[str, tuple[Task, ...]] = {
    "average_precision": ("binary",),
    "roc_auc": ("binary",),
    "brier_score": ("binary",),
    "accuracy": ("binary", "multiclass"),
    "balanced_accuracy": ("multiclass",),
    "log_loss": ("binary", "multiclass"),
    "mean_absolute_error": ("regression",),
    "root_mean_squared_error": ("regression",),
    "r2": ("regression",),
}
PAYOFFS: dict[Task, tuple[str, ...]] = {
    "binary": ("true_positive", "false_positive", "true_negative", "false_negative"),
    "multiclass": ("correct", "wrong"),
    "regression": ("per_unit_error",),
}

Sentence = Annotated[str, Field(min_length=3, max_length=1000)]
ColumnName = Annotated[str, Field(min_length=1, max_length=200)]


class Table(BaseModel):
    """A table of problem.toml: nothing unknown, nothing converted behind the reader's back."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Decision(Table):
    """What is decided, for whom, and what the answer must not be used for."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{1,62}$",
        description="lower-case letters, digits and hyphens: it names the model in the registry",
        examples=["late-parcels"],
    )
    question: Sentence = Field(
        description="the question the model answers", examples=["Will this parcel arrive late?"]
    )
    action: Sentence = Field(
        description="what is done on the answer", examples=["Upgrade the parcel to express."]
    )
    stakeholder: Sentence = Field(
        description="who owns the decision", examples=["Head of delivery"]
    )
    intended_use: Sentence = Field(
        description="the use it was built for", examples=["Orders at checkout, in real time."]
    )
    not_for: Sentence = Field(
        description="what it must not be used for", examples=["Rating carriers or customers."]
    )


class Target(Table):
    """What is predicted."""

    column: ColumnName = Field(description="the column that is predicted", examples=["late"])
    task: Task = Field(description="binary, multiclass or regression", examples=["binary"])
    positive: Label | None = Field(
        default=None,
        description="binary only: the value of the target that calls for the action",
        examples=[True],
    )
    label_delay_days: int = Field(
        ge=0, description="days until the true outcome is known, 0 or more", examples=[14]
    )


class Rows(Table):
    """Where rows come from and what tells them apart."""

    source: str = Field(
        min_length=1,
        description="parcels, sklearn:NAME, or the path of a CSV or Parquet file",
        examples=["data/raw/orders.csv"],
    )
    id: ColumnName | None = Field(
        default=None, description="the column that names a row", examples=["order_id"]
    )
    time: ColumnName | None = Field(
        default=None, description="when the decision was due", examples=["ordered_at"]
    )
    unit: ColumnName | None = Field(
        default=None,
        description="whom rows belong to: kept together in the split and in tests",
        examples=["customer_id"],
    )


class Columns(Table):
    """Columns that may not become features; each with the reason."""

    excluded: dict[ColumnName, Sentence] = Field(
        default={},
        description='column = "the reason"',
        examples=["{ delivered_at = 'known only after the outcome' }"],
    )
    personal: dict[ColumnName, Sentence] = Field(
        default={},
        description='column = "the reason"; neither a feature nor in the prediction log',
        examples=["{ customer_id = 'names a person' }"],
    )


class Slice(Table):
    """A column whose groups must each stay above a floor."""

    column: ColumnName = Field(description="a column with few values", examples=["region"])
    floor: float = Field(description="the least the metric may be in a group", examples=[0.6])


class Success(Table):
    """What is good enough."""

    metric: str = Field(description="one of " + ", ".join(TASKS_OF_METRIC), examples=["roc_auc"])
    minimum: float = Field(
        description="the worst value that is still useful (an error: the largest)", examples=[0.7]
    )
    margin: float = Field(
        ge=0,
        description="how much better than the best baseline, 0 or more",
        examples=[0.05],
    )
    slices: list[Slice] = Field(
        default=[],
        description="groups that must not be served badly",
        examples=['[{ column = "region", floor = 0.6 }]'],
    )


class Value(Table):
    """What an outcome earns (positive) or costs (negative), in money for one row."""

    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code", examples=["EUR"])
    true_positive: float | None = Field(default=None, description="money", examples=[2.5])
    false_positive: float | None = Field(default=None, description="money", examples=[-3.5])
    true_negative: float | None = Field(default=None, description="money", examples=[0.0])
    false_negative: float | None = Field(default=None, description="money", examples=[-8.0])
    correct: float | None = Field(default=None, description="money", examples=[1.0])
    wrong: float | None = Field(default=None, description="money", examples=[-5.0])
    per_unit_error: float | None = Field(
        default=None, le=0, description="money lost for one unit of error", examples=[-0.2]
    )


class Budget(Table):
    """What an answer may cost."""

    latency_p99_ms: float = Field(
        gt=0, description="99 of 100 answers come within, milliseconds", examples=[50.0]
    )
    memory_mb: float = Field(gt=0, description="of the serving process", examples=[600.0])


class Monitoring(Table):
    """How the live model is watched."""

    window_days: int = Field(ge=1, description="days that are judged together", examples=[7])
    minimum_rows: int = Field(
        ge=30, description="fewer rows are 'insufficient data', 30 or more", examples=[200]
    )


class Problem(Table):
    """The business problem as a modelling problem.

    `assumed` names answers (`table` or `table.key`) that a tool guessed and no person has confirmed.
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

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for where, rule in contradictions(self):
            # pydantic keeps one error of a validator; `where` travels in it to find the line.
            raise ValueError(f"{where}|{rule}")
        return self


def contradictions(problem: Problem) -> list[tuple[str, str]]:
    """Answers that are fine alone and wrong together: (`table.key`, what is wrong)."""
    found: list[tuple[str, str]] = []
    target, success = problem.target, problem.success
    if success.metric not in TASKS_OF_METRIC:
        found.append(("success.metric", f"is one of {', '.join(TASKS_OF_METRIC)}"))
    elif target.task not in TASKS_OF_METRIC[success.metric]:
        fitting = ", ".join(name for name, tasks in TASKS_OF_METRIC.items() if target.task in tasks)
        found.append(("success.metric", f"fits a {target.task} target: {fitting}"))
    if (target.task == "binary") != (target.positive is not None):
        found.append(("target.positive", "is given for a binary target, and only there"))
    needed = set(PAYOFFS[target.task])
    given = {name for names in PAYOFFS.values() for name in names} & {
        name for name, amount in problem.value if amount is not None
    }
    if needed != given:
        found.append(
            ("value", f"of a {target.task} target holds {', '.join(PAYOFFS[target.task])}")
        )
    for role in ("id", "time", "unit"):
        if getattr(problem.rows, role) == target.column:
            found.append((f"rows.{role}", "is another column than the target"))
    if target.column in {**problem.columns.excluded, **problem.columns.personal}:
        found.append(("target.column", "is neither excluded nor personal"))
    for name in problem.assumed:
        if not _has(problem, name):
            found.append(("assumed", f"names answers as table or table.key; '{name}' is none"))
    return found


def _has(problem: Problem, dotted: str) -> bool:
    table, _, key = dotted.partition(".")
    return hasattr(getattr(problem, table, None), key) if key else table in Problem.model_fields


def parse(text: str, where: str) -> Problem:
    """Read the text of a problem.toml; `where` names it in messages.

    Raises:
        BadInput: not TOML, or a field is missing, unknown, of the wrong type or contradicts
            another; every mistake with its line, the rule and an example.
    """
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{where} is not valid TOML: {error}. Mend that line first.") from None
    try:
        return Problem.model_validate(values)
    except ValidationError as error:
        raise BadInput(explain(error, Problem, text, where)) from None


def read(path: Path = PROBLEM_FILE) -> Problem:
    """Read `problem.toml`; see `parse` for what is refused."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(
            f"expected the problem in {path}, found no such file; run this from the project's "
            "folder, or frame one with `python -m data adopt FILE --target COLUMN`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as UTF-8 text: {error}") from None
    return parse(text, str(path))
