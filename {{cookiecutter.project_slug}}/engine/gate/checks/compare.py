"""Compares documents of a bundle with what the gate computes, and shortens lists of results."""

from collections.abc import Sequence
from typing import Any

from engine.bundle.replay import same

# More lines mostly repeat the same fault.
SHOWN = 3


def differences(recorded: Any, computed: Any, where: str) -> list[str]:
    """Every value in which two JSON documents differ, scores within the tolerance of serving."""
    pairs: list[tuple[Any, Any, Any]]
    if isinstance(recorded, dict) and isinstance(computed, dict):
        keys = [*computed, *(key for key in recorded if key not in computed)]
        pairs = [(key, recorded.get(key), computed.get(key)) for key in keys]
    elif (
        isinstance(recorded, list) and isinstance(computed, list) and len(recorded) == len(computed)
    ):
        pairs = list(zip(range(1, len(computed) + 1), recorded, computed, strict=True))
    elif same(computed, recorded):
        return []
    else:
        return [f"{where} is {_short(recorded)}, expected {_short(computed)}"]
    return [line for key, one, other in pairs for line in differences(one, other, f"{where} {key}")]


def shorten(lines: Sequence[str], separator: str = "; ", shown: int = SHOWN) -> str:
    """The first lines, and the number of the others."""
    more = [f"and {len(lines) - shown} more"] if len(lines) > shown else []
    return separator.join([*lines[:shown], *more])


def _short(value: Any) -> str:
    return f"{len(value)} entries" if isinstance(value, list) else f"{value!r:.60}"
