"""The tables of problem.toml, one class each: what a field means, its rule and an example of it."""

from typing import Annotated, Any

from pydantic import Field, PlainValidator

from engine.problem.base import ColumnName, Money, Sentence, Table
from engine.problem.known_metrics import TASKS_OF_METRIC, Task

# A hundred years: dates stay dates when so many days are subtracted.
LONGEST_DAYS = 36_500

PAYOFFS: dict[Task, tuple[str, ...]] = {
    "binary": ("true_positive", "false_positive", "true_negative", "false_negative"),
    "multiclass": ("correct", "wrong"),
    "regression": ("per_unit_error",),
}


def _label(value: Any) -> Any:
    """One rule in place of a union's three, of which each would complain on its own."""
    if not isinstance(value, bool | int | str):
        raise ValueError("is true, false, a whole number or a text")
    return value


Label = Annotated[bool | int | str, PlainValidator(_label)]


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
        ge=0,
        le=LONGEST_DAYS,
        description="days until the true outcome is known, 0 or more",
        examples=[14],
    )


class Rows(Table):
    """Where rows come from and what tells them apart."""

    source: str = Field(
        min_length=1,
        description="parcels, sklearn:NAME, or the path of a text or Parquet file or a query",
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
        description="whom rows belong to: kept together in tests, and in a split without time",
        examples=["customer_id"],
    )


class Columns(Table):
    """Columns that may not become features; each with the reason."""

    known_after: dict[ColumnName, Sentence] = Field(
        default={},
        description='lines of column = "when it is known", after the decision was due',
        examples=['{ delivered_at = "when the parcel has arrived" }'],
    )
    known_in_time: dict[ColumnName, Sentence] = Field(
        default={},
        description='lines of column = "why it is known when the decision is due": an input, '
        "even where it gives the target away; both teams sign for it",
        examples=['{ weight_kg = "weighed at the counter; the tariff is a rule on it" }'],
    )
    excluded: dict[ColumnName, Sentence] = Field(
        default={},
        description='lines of column = "the reason"',
        examples=['{ warehouse_note = "free text, of another team" }'],
    )
    personal: dict[ColumnName, Sentence] = Field(
        default={},
        description='lines of column = "the reason": neither a feature nor in the prediction log',
        examples=['{ customer_id = "names a person" }'],
    )

    @property
    def reasons(self) -> dict[str, str]:
        """Every column that is kept out, and why."""
        late = {name: f"known too late: {when}" for name, when in self.known_after.items()}
        return {**late, **self.excluded, **self.personal}


class Slice(Table):
    """A column whose groups must each stay above a floor."""

    column: ColumnName = Field(description="a column with few values", examples=["region"])
    floor: float = Field(
        description="the worst the metric may be in a group (an error: the largest)", examples=[0.6]
    )


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
    calibration_error: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="classes only: how far, on average, what is said may lie from what comes",
        examples=[0.05],
    )
    slices: list[Slice] = Field(
        default=[],
        description="groups that must not be served badly",
        examples=['[{ column = "region", floor = 0.6 }]'],
    )


class Value(Table):
    """What an outcome earns (positive) or costs (negative), in money for one row."""

    currency: str = Field(
        pattern=r"^[A-Z]{3}$", description="a currency's three letters (ISO 4217)", examples=["EUR"]
    )
    true_positive: Money | None = Field(
        default=None, description="money when it acts and should", examples=[2.5]
    )
    false_positive: Money | None = Field(
        default=None, description="money when it acts in vain", examples=[-3.5]
    )
    true_negative: Money | None = Field(
        default=None, description="money when it rightly does nothing", examples=[0.0]
    )
    false_negative: Money | None = Field(
        default=None, description="money when it should have acted", examples=[-8.0]
    )
    correct: Money | None = Field(
        default=None, description="money when it names the right class", examples=[1.0]
    )
    wrong: Money | None = Field(
        default=None, description="money when it names another", examples=[-5.0]
    )
    per_unit_error: Money | None = Field(
        default=None, le=0, description="money lost for one unit of error", examples=[-0.2]
    )


class Budget(Table):
    """What an answer may cost."""

    latency_p99_ms: float = Field(
        gt=0, description="99 of 100 answers come within, milliseconds", examples=[50.0]
    )
    throughput_rps: float = Field(
        gt=0, description="answers of one row a second that one process gives", examples=[50.0]
    )
    memory_mb: float = Field(
        gt=0, description="memory of the serving process, in MB", examples=[600.0]
    )
    score_difference: float = Field(
        default=1e-5,
        gt=0,
        le=0.01,
        description="how far a faster runtime's score may lie from the PoC's: of a probability "
        "this much, of a value this part of their range; decisions are the PoC's always",
        examples=[1e-5],
    )


class Monitoring(Table):
    """How the live model is watched."""

    window_days: int = Field(
        ge=1, le=LONGEST_DAYS, description="days that are judged together", examples=[7]
    )
    minimum_rows: int = Field(
        ge=30,
        le=1_000_000_000,
        description="fewer rows are 'insufficient data', 30 or more",
        examples=[200],
    )


class Guardrails(Table):
    """What may not get worse than the champion on the test rows, in the gate."""

    worse_by: float = Field(
        ge=0,
        description="how much worse than the champion the success metric may be, 0 or more",
        examples=[0.01],
    )
