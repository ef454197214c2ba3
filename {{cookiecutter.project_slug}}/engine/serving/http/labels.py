"""What a label of one bundle holds: a prediction, its true outcome, and when it became known."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field

from engine.bundle.bundle import Contract
from engine.serving.ids import is_valid

_TIMESTAMP = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})"
# A caller's clock may be so far ahead of ours. No label is older than 1970.
_AHEAD, _FIRST = timedelta(minutes=5), datetime(1970, 1, 1, tzinfo=UTC)

PredictionId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="The prediction's id.")]


def outcomes(contract: Contract) -> tuple[Any, ...]:
    """The values of a label: the table's words, and those of a decision where they differ."""
    if contract.task != "binary" or any(isinstance(one, bool) for one in contract.classes):
        return contract.classes
    return (*contract.classes, True, False)


def label_fields(contract: Contract) -> dict[str, Any]:
    """The fields of a label by name, each with its type."""
    meaning = "The true outcome. Of several labels for one prediction the latest known counts."
    classes, allowed = contract.classes, outcomes(contract)
    outcome: Any = Literal[allowed]
    if allowed != classes:
        by_word = AfterValidator(lambda value: classes[value] if isinstance(value, bool) else value)
        outcome, meaning = Annotated[outcome, by_word], f"{meaning} `true` is the positive class."
    if contract.task == "regression":
        outcome = Annotated[float, Field(allow_inf_nan=False)]
    when = "When the outcome became known, with an offset; without it, when the label arrives. "
    when += "With it, labels may be sent again and in any order."
    pattern, examples = f"^{_TIMESTAMP}$", ["2026-03-01T09:30:00Z"]
    timestamp = Field(pattern=pattern, description=when, examples=examples)
    return {
        "prediction_id": Annotated[PredictionId, AfterValidator(_given)],
        "label": Annotated[outcome, Field(description=meaning)],
        "known_at": NotRequired[Annotated[str, timestamp, AfterValidator(_past)]],
    }


def _given(id_: str) -> str:
    if not is_valid(id_):
        raise ValueError("no prediction has this id")
    return id_


def _past(text: str) -> str:
    """The timestamp in UTC, always in the same form."""
    timestamp = datetime.fromisoformat(text)
    if not _FIRST <= timestamp <= datetime.now(UTC) + _AHEAD:
        raise ValueError("before 1970, or in the future")
    return timestamp.astimezone(UTC).isoformat(timespec="microseconds")
