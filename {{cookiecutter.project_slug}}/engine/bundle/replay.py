"""Compares a model's predictions here with those that it gave in training."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput

# Another processor or library build may round the last bits of a float differently; a difference
# that matters to a person or a threshold is far larger.
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9

Answer = dict[str, Any]


def replay(
    predict: Callable[[Sequence[Mapping[str, Any]]], list[Answer]],
    bundle: Bundle,
    relative: float = RELATIVE_TOLERANCE,
    absolute: float = ABSOLUTE_TOLERANCE,
) -> list[Answer]:
    """The predictions of the golden rows; BadInput names the first row whose prediction differs."""
    answers: list[Answer] = []
    for number, golden in enumerate(bundle.golden(), start=1):
        answer: Any = None
        cause: Exception | None = None
        try:
            [answer] = predict([golden["row"]])
        except Exception as error:
            answer = cause = error
        if not same(answer, golden["answer"], relative, absolute):
            message = f"golden row {number} ({golden['kind']}) of bundle {bundle.id[:12]} expected "
            message += f"{golden['answer']}, got {answer!r}; install the packages that the bundle's"
            raise BadInput(f"{message} manifest pins", code="golden-row-differs") from cause
        answers.append(answer)
    return answers


def same(
    one: Any,
    other: Any,
    relative: float = RELATIVE_TOLERANCE,
    absolute: float = ABSOLUTE_TOLERANCE,
) -> bool:
    """Whether two answers agree: decisions exactly, scores within the tolerance."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same(one[key], other[key], relative, absolute) for key in one
        )
    if isinstance(one, float) and isinstance(other, float | int) and not isinstance(other, bool):
        return math.isclose(one, other, rel_tol=relative, abs_tol=absolute)
    return type(one) is type(other) and bool(one == other)
