"""Holds what a bundle says against what the gate has worked out."""

from typing import Any

from engine.bundle.replay import same

# Enough to see what is wrong; the rest is mostly the same mistake again.
SHOWN = 3


def differences(said: Any, found: Any, where: str) -> list[str]:
    """Every value in which two JSON documents differ, scores within the tolerance of serving."""
    if isinstance(said, dict) and isinstance(found, dict):
        keys = [*found, *(key for key in said if key not in found)]
        pairs = [(f"{where} {key}", said.get(key), found.get(key)) for key in keys]
    elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        pairs = [
            (f"{where} {number}", one, other)
            for number, (one, other) in enumerate(zip(said, found, strict=True), start=1)
        ]
    else:
        if same(found, said):
            return []
        return [f"{where} is {_short(said)}, found {_short(found)}"]
    return [line for name, one, other in pairs for line in differences(one, other, name)]


def shorten(lines: list[str]) -> str:
    """The first few of many lines, and how many more there are."""
    more = f"; and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "; ".join(lines[:SHOWN]) + more


def _short(value: Any) -> str:
    return f"{len(value)} entries" if isinstance(value, list) else f"{value!r:.60}"
