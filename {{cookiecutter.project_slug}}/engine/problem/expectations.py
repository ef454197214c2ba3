"""What the team expects of the model's behaviour, whatever its metric says.

Three kinds, after Ribeiro et al. 2020 (CheckList): what may change without the answer changing,
what must push the answer one way, and cases so plain that a model must not get them wrong.
"""

from typing import Annotated, Literal

from engine.problem.base import ColumnName, Sentence, Table, entry, scalar

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

    row: dict[ColumnName, Cell] = entry(
        "what makes it plain", "{ distance_km = 2.0 }", min_length=1
    )
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
        "cases so plain that a model must get them right",
        '[{ row = { km = 2.0 }, below = 0.5, because = "next door" }]',
        default=[],
    )
