"""The way from rows to the model's last step, without what scikit-learn does anew for each call.

A ColumnTransformer selects columns from a table, asks each part how it wants to be called, and
checks what comes back: for one row that takes longer than the model. Here each part gets its own
columns and its steps are called one after the other. They are the same steps, so the answers are
the same; whether they are is asked before anybody is served (see `serving.model.predictor.load`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.serving.model.fast_transformers import quick
from engine.serving.model.table import FEW, LightFrame, Row, frame

Table = Callable[[Sequence[Row], Sequence[Column]], Any]
Numbers = NDArray[Any]


@dataclass(frozen=True)
class Part:
    """Steps that see some of the columns."""

    columns: tuple[Column, ...]
    steps: tuple[Any, ...]
    light: bool = True

    def __call__(self, rows: Sequence[Row]) -> Any:
        """What the steps make of these rows: (rows, features)."""
        table: Table = LightFrame if self.light and len(rows) <= FEW else frame
        seen = through(self.steps, table(rows, self.columns))
        return seen.toarray() if hasattr(seen, "toarray") else seen


@dataclass(frozen=True)
class Direct:
    """A fitted pipeline that begins with a ColumnTransformer; `last` takes what `features` gives.

    `direct` makes it.
    """

    parts: tuple[Part, ...]
    between: tuple[Any, ...]
    last: Any

    def features(self, rows: Sequence[Row]) -> Any:
        """What the last step sees of rows: (rows, features)."""
        return through(self.between, np.hstack([part(rows) for part in self.parts]))

    def suited(self, rows: Sequence[Row]) -> "Direct":
        """The same with a frame for each part that asks more of a table than `Light` has."""
        return replace(self, parts=tuple(_suited(part, rows) for part in self.parts))


def _suited(part: Part, rows: Sequence[Row]) -> Part:
    framed = replace(part, light=False)
    try:
        same = all(_equal(part(some), framed(some)) for some in (rows, *([row] for row in rows)))
    except Exception:  # a step of the team's own may fail in any way where it misses something
        same = False
    return part if same else framed


def _equal(one: Numbers, other: Numbers) -> bool:
    # Words too, and dtypes: what comes next may ask for them.
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def direct(model: Any, columns: Sequence[Column]) -> Direct | None:
    """The direct way through a fitted model; None where it is built otherwise than that."""
    if not isinstance(model, Pipeline) or not isinstance(model[0], ColumnTransformer):
        return None
    first, known = model[0], {column.name: column for column in columns}
    if first.transformer_weights or first.sparse_output_:
        return None
    parts = []
    for _, part, names in first.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        if not isinstance(names, list) or not names or not known.keys() >= set(names):
            return None
        parts.append(Part(tuple(known[name] for name in names), _steps(part)))
    if any(hasattr(step, "_sklearn_output_config") for step in (model, first)) or not parts:
        return None  # it was told to give tables
    return Direct(tuple(parts), _steps(model[1:-1]), model[-1])


def _steps(part: Any) -> tuple[Any, ...]:
    steps = [step for _, step in part.steps] if isinstance(part, Pipeline) else [part]
    return tuple(quick(step) for step in steps if step is not None and not isinstance(step, str))


def through(steps: Sequence[Any], seen: Any) -> Any:
    """What steps make of what they see, one after the other."""
    for step in steps:
        seen = step.transform(seen)
    return seen
