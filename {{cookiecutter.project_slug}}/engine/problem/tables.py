"""The tables of problem.toml, one class each: what a field means, its rule and an example of it."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from engine.problem.known_metrics import KNOWN_METRICS, Task

PLACEHOLDERS = {"TODO", "TBD", "FIXME", "XXX", "N/A", "NA", "NONE", "TO DO", "TBC"}
# How `data adopt` begins an answer that only a person can give.
UNANSWERED = "Not yet said"


def _sentence(text: str) -> str:
    if not any(sign.isalpha() for sign in text) or text.strip(" .:!?-").upper() in PLACEHOLDERS:
        raise ValueError("must say it in words")
    return text


Sentence = Annotated[str, Field(min_length=3, max_length=1000), AfterValidator(_sentence)]
ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
Reasons = dict[ColumnName, Sentence]
# Far beyond any real amount, and small enough that sums over millions of rows stay finite.
Money = Annotated[float, Field(ge=-1e12, le=1e12)]


def scalar(rule: str, *types: type) -> PlainValidator:
    """One rule for a union of types; pydantic would report a mistake for each of them."""

    def check(value: Any) -> Any:
        if not isinstance(value, types):
            raise ValueError(rule)
        return value

    return PlainValidator(check)


def entry(description: str, example: Any, **rules: Any) -> Any:
    """A key of a table; messages repeat its description and its example, `rules` are pydantic's."""
    return Field(description=description, examples=[example], **rules)


class Table(BaseModel):
    """A table of problem.toml: no unknown key, and no value converted to another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


# A hundred years: dates stay dates when so many days are subtracted.
LONGEST_DAYS = 36_500

PAYOFFS: dict[Task, tuple[str, ...]] = {
    "binary": ("true_positive", "false_positive", "true_negative", "false_negative"),
    "multiclass": ("correct", "wrong"),
    "regression": ("per_unit_error",),
}


LABEL_RULE = "is true, false, a whole number or a text"
Label = Annotated[bool | int | str, scalar(LABEL_RULE, bool, int, str)]


class Decision(Table):
    """What is decided, for whom, and what the answer must not be used for."""

    name: str = entry(
        "lower-case letters, digits and hyphens", "late-parcels", pattern=r"^[a-z][a-z0-9-]{1,62}$"
    )
    question: Sentence = entry("the question the model answers", "Will this parcel arrive late?")
    action: Sentence = entry("what is done on the answer", "Upgrade the parcel to express.")
    stakeholder: Sentence = entry("who owns the decision", "Head of delivery")
    intended_use: Sentence = entry("the use it was built for", "Orders at checkout, in real time.")
    not_for: Sentence = entry("what it must not be used for", "Rating carriers or customers.")


class Target(Table):
    """What is predicted."""

    column: ColumnName = entry("the column that is predicted", "late")
    task: Task = entry("binary, multiclass or regression", "binary")
    positive: Label | None = entry("binary only: the value to act on", True, default=None)
    label_delay_days: int = entry("days until the outcome is known", 14, ge=0, le=LONGEST_DAYS)


class Rows(Table):
    """Where rows come from and what tells them apart."""

    source: str = entry(
        "parcels, sklearn:NAME, or the path of a file or query", "data/orders.csv", min_length=1
    )
    id: ColumnName | None = entry("the column that names a row", "order_id", default=None)
    time: ColumnName | None = entry("when the decision was due", "ordered_at", default=None)
    unit: ColumnName | None = entry("whom rows belong to", "customer_id", default=None)


class Columns(Table):
    """Columns that may not become features; each with the reason."""

    known_after: Reasons = entry(
        'lines of column = "when it is known"', '{ delivered_at = "when it arrives" }', default={}
    )
    # An input, even where it gives the target away: both teams sign for the reason.
    known_in_time: Reasons = entry(
        'lines of column = "why it is known when the decision is due"',
        '{ weight_kg = "weighed at the counter; the tariff is a rule on it" }',
        default={},
    )
    excluded: Reasons = entry(
        'lines of column = "the reason"', '{ note = "free text, of another team" }', default={}
    )
    personal: Reasons = entry(
        'lines of column = "the reason"', '{ customer_id = "names a person" }', default={}
    )

    @property
    def reasons(self) -> dict[str, str]:
        """Every column that is kept out, and why."""
        late = {name: f"known too late: {when}" for name, when in self.known_after.items()}
        return {**late, **self.excluded, **self.personal}


class Slice(Table):
    """A column whose groups must each stay above a floor."""

    column: ColumnName = entry("a column with few values", "region")
    floor: float = entry("the worst the metric may be in a group (an error: the largest)", 0.6)


class Success(Table):
    """What is good enough."""

    metric: str = entry("one of " + ", ".join(KNOWN_METRICS), "roc_auc")
    minimum: float = entry("the worst value that is still useful (an error: the largest)", 0.7)
    margin: float = entry("how much better than the best baseline, 0 or more", 0.05, ge=0)
    calibration_error: float | None = entry(
        "classes only: how far off a probability may be on average", 0.05, default=None, gt=0, le=1
    )
    slices: list[Slice] = entry(
        "groups that must not be served badly", '[{ column = "region", floor = 0.6 }]', default=[]
    )


class Value(Table):
    """What an outcome earns (positive) or costs (negative), in money for one row."""

    currency: str = entry("a currency's three letters (ISO 4217)", "EUR", pattern=r"^[A-Z]{3}$")
    true_positive: Money | None = entry("money when it acts and should", 2.5, default=None)
    false_positive: Money | None = entry("money when it acts in vain", -3.5, default=None)
    true_negative: Money | None = entry("money when it rightly does nothing", 0.0, default=None)
    false_negative: Money | None = entry("money when it should have acted", -8.0, default=None)
    correct: Money | None = entry("money when it names the right class", 1.0, default=None)
    wrong: Money | None = entry("money when it names another", -5.0, default=None)
    per_unit_error: Money | None = entry("money for one unit of error", -0.2, default=None, le=0)


class Budget(Table):
    """What an answer may cost."""

    latency_p99_ms: float = entry("99 of 100 answers come within, milliseconds", 50.0, gt=0)
    throughput_rps: float = entry("answers of one row a second that one process gives", 50.0, gt=0)
    memory_mb: float = entry("memory of the serving process, in MB", 600.0, gt=0)
    # Of a probability this much, of a value this part of their range; decisions never differ.
    score_difference: float = entry(
        "how far a faster runtime's score may be off", 1e-5, default=1e-5, gt=0, le=0.01
    )


class Monitoring(Table):
    """How the live model is watched."""

    window_days: int = entry("days that are judged together", 7, ge=1, le=LONGEST_DAYS)
    minimum_rows: int = entry("fewer are 'insufficient data'", 200, ge=30, le=1_000_000_000)


class Guardrails(Table):
    """What may not get worse than the champion on the test rows, in the gate."""

    worse_by: float = entry("how much worse than the champion it may be, 0 or more", 0.01, ge=0)


class Compatibility(Table):
    """Changes of the request that clients of the champion will notice."""

    dropped: dict[ColumnName, date] = entry(
        "lines of column = the last day on which clients may send it; it is ignored",
        "{ weather = 2027-03-01 }",
        default={},
    )
    breaking: Reasons = entry(
        "lines of column = who was informed, and since when it holds",
        '{ weight_kg = "grams from 1 March; checkout has changed its client" }',
        default={},
    )


# What the team expects of the model's behaviour: three kinds, after Ribeiro et al. 2020.
CELL_RULE = 'is true, false, a number or a text; a date is a text: "2026-01-31"'
Cell = Annotated[bool | int | float | str, scalar(CELL_RULE, bool, int, float, str)]


class Invariance(Table):
    """A column that may change without the answer changing."""

    column: ColumnName = entry("an input of the model", "service")
    within: float = entry("how far the score may move, 0 or more", 0.02, ge=0)
    because: Sentence = entry("why the answer must not depend on it", "policy, not risk")


class Direction(Table):
    """A number that pushes the score one way when it grows."""

    column: ColumnName = entry("a numeric input", "distance_km")
    step: float = entry("how much is added, in its unit", 100.0, gt=0)
    score: Literal["rises", "falls"] = entry("what the score does then: rises or falls", "rises")
    because: Sentence = entry("why it must", "longer ways have more to go wrong")


class Minimum(Table):
    """A case so plain that a model must get it right; inputs left out are as in a typical row."""

    row: dict[ColumnName, Cell] = entry("what is plain", "{ distance_km = 2.0 }", min_length=1)
    above: float | None = entry("the score is more", 0.5, default=None)
    below: float | None = entry("the score is less", 0.5, default=None)
    decision: Cell | None = entry("the decision is", False, default=None)
    because: Sentence = entry("why it is plain", "next door, nothing to go wrong")


class Expectations(Table):
    """What the model's behaviour must be; all lists may be empty."""

    invariance: list[Invariance] = entry(
        "columns that may change without the answer changing",
        '[{ column = "service", within = 0.02, because = "policy" }]',
        default=[],
    )
    direction: list[Direction] = entry(
        "numbers that push the score one way",
        '[{ column = "km", step = 100.0, score = "rises", because = "longer" }]',
        default=[],
    )
    minimum: list[Minimum] = entry(
        "plain cases", '[{ row = { km = 2.0 }, below = 0.5, because = "next door" }]', default=[]
    )
