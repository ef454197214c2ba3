"""Changes a bundle and makes its manifest agree with the changed files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import skops.io

from engine.tests.gate.made import Workshop, reseal

PROBLEM, FEATURES = "problem/problem.toml", "poc/features.py"
Rows = list[dict[str, Any]]


def put(value: Any, *keys: Any) -> Callable[[Any], None]:
    """A change that sets the value under these keys."""

    def change(document: Any) -> None:
        *above, last = keys
        for key in above:
            document = document[key]
        document[last] = value

    return change


def edit_golden(made: Workshop, change: Callable[[Rows], object]) -> None:
    """Change the golden rows of the bundle."""
    path = made.bundle / "golden.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    reseal(made.bundle)


def types_in(path: Path) -> list[str]:
    """The types of a model in an archive, without those that skops trusts."""
    return list(skops.io.get_untrusted_types(file=path))
