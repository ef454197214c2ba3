"""The type of a label, the true outcome that a caller reports later: see `schema.py`."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field

from engine.bundle.bundle import Contract
from engine.serving.ids import is_valid

PredictionId = Annotated[
    str, Field(pattern="^[0-9a-f]{32}$", description="The id of the prediction.")
]
_TIMESTAMP = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})"
# A caller's clock may be so far ahead of ours. No label is older than 1970.
_AHEAD, _FIRST = timedelta(minutes=5), datetime(1970, 1, 1, tzinfo=UTC)


def fields_of(contract: Contract) -> dict[str, Any]:
    """The fields of a label and their types."""
    meaning = "The true outcome. Of several labels for one prediction the latest known counts."
    outcome: Any = Literal[tuple(contract.classes)]
    if contract.task == "regression":
        outcome = Annotated[float, Field(allow_inf_nan=False)]
    when = (
        "When the outcome became known, with an offset; without it, when the label arrives. With "
        "it, labels may be sent again and in any order."
    )
    timestamp = Field(
        pattern=f"^{_TIMESTAMP}$", description=when, examples=["2026-03-01T09:30:00Z"]
    )
    return {
        "prediction_id": Annotated[PredictionId, AfterValidator(_given)],
        "label": Annotated[outcome, Field(description=meaning)],
        "known_at": NotRequired[Annotated[str, timestamp, AfterValidator(_past)]],
    }


def words_of(contract: Contract) -> dict[str, str]:
    """What is expected of each field of a label."""
    outcome = f"one of {json.dumps(contract.classes)[1:-1]}" if contract.classes else "a number"
    return {
        "prediction_id": "the prediction_id of a prediction",
        "label": outcome,
        "known_at": "a date-time with an offset, such as 2026-03-01T09:30:00Z, from 1970 until now",
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
