"""Whether a model gives here the answers that it gave in training."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput

# Another processor or library build may round the last bits of a float otherwise; a difference
# that a person or a threshold could notice is far larger.
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9

Answer = dict[str, Any]
Ask = Callable[[Sequence[Mapping[str, Any]]], list[Answer]]


def replay(
    ask: Ask,
    bundle: Bundle,
    relative: float = RELATIVE_TOLERANCE,
    absolute: float = ABSOLUTE_TOLERANCE,
) -> list[Answer]:
    """Ask for the golden rows, one by one as a client would, and compare with their answers.

    Raises:
        BadInput: names the first row whose answer differs.
    """
    answers = []
    for number, golden in enumerate(bundle.golden(), start=1):
        try:
            [answer] = ask([golden["row"]])
        except Exception as error:
            raise _differs(bundle, number, golden, f"{error!r}") from error
        if not same(answer, golden["answer"], relative, absolute):
            raise _differs(bundle, number, golden, f"{answer}")
        answers.append(answer)
    return answers


def _differs(bundle: Bundle, number: int, golden: Mapping[str, Any], got: str) -> BadInput:
    return BadInput(
        f"golden row {number} ({golden['kind']}) of bundle {bundle.id[:12]} expected "
        f"{golden['answer']}, got {got}; the model does not run here as it did in training: "
        "compare the pins in the bundle's manifest with what is installed"
    )


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
