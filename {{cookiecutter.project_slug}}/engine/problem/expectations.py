"""What the team expects of the model's behaviour, whatever its metric says.

Three kinds, after Ribeiro et al. 2020 (CheckList): what may change without the answer changing,
what must push the answer one way, and cases so plain that a model must not get them wrong.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator

from engine.problem.base import ColumnName, Sentence, Table


def _value(value: Any) -> Any:
    """A value of a row as it stands in TOML and in JSON."""
    if not isinstance(value, bool | int | float | str):
        raise ValueError('is true, false, a number or a text; a date is a text: "2026-01-31"')
    return value


Cell = Annotated[bool | int | float | str, PlainValidator(_value)]


class Invariance(Table):
    """A column that may change without the answer changing."""

    column: ColumnName = Field(description="an input of the model", examples=["service"])
    within: float = Field(
        ge=0, description="how far the score may move, 0 or more", examples=[0.02]
    )
    because: Sentence = Field(
        description="why the answer must not depend on it", examples=["policy, not risk"]
    )


class Direction(Table):
    """A number that pushes the score one way when it grows."""

    column: ColumnName = Field(description="a numeric input", examples=["distance_km"])
    step: float = Field(gt=0, description="how much is added, in its unit", examples=[100.0])
    score: Literal["rises", "falls"] = Field(
        description="what the score does then: rises or falls", examples=["rises"]
    )
    because: Sentence = Field(
        description="why it must", examples=["longer ways have more to go wrong"]
    )


class Minimum(Table):
    """A case so plain that a model must get it right; inputs left out are as in a typical row."""

    row: dict[ColumnName, Cell] = Field(
        min_length=1, description="what makes it plain", examples=["{ distance_km = 2.0 }"]
    )
    above: float | None = Field(default=None, description="the score is more", examples=[0.5])
    below: float | None = Field(default=None, description="the score is less", examples=[0.5])
    decision: Cell | None = Field(default=None, description="the decision is", examples=[False])
    because: Sentence = Field(
        description="why it is plain", examples=["next door, nothing to go wrong"]
    )


class Expectations(Table):
    """What the model's behaviour must be; all lists may be empty."""

    invariance: list[Invariance] = Field(
        default=[],
        description="columns that may change without the answer changing",
        examples=['[{ column = "service", within = 0.02, because = "policy" }]'],
    )
    direction: list[Direction] = Field(
        default=[],
        description="numbers that push the score one way",
        examples=['[{ column = "km", step = 100.0, score = "rises", because = "longer" }]'],
    )
    minimum: list[Minimum] = Field(
        default=[],
        description="cases so plain that a model must get them right",
        examples=['[{ row = { km = 2.0 }, below = 0.5, because = "next door" }]'],
    )
