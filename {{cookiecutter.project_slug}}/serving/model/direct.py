"""The way from rows to the model's last step, without what scikit-learn does anew for each call.

A ColumnTransformer selects columns from a table, asks each part how it wants to be called, and
checks what comes back: for one row that takes longer than the model. Here each part gets its own
columns and its steps are called one after the other. They are the same steps, so the answers are
the same; whether they are is asked before anybody is served (see `serving.model.predictor.load`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from problem.columns import Column

Table = Callable[[Sequence[Column]], pd.DataFrame]
Row = NDArray[Any]

# What an encoder's categories may take when they lie ready: some megabytes.
MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class _Part:
    """Steps that see some of the columns."""

    columns: tuple[Column, ...]
    steps: tuple[Any, ...]

    def __call__(self, table: Table) -> Any:
        seen = _through(self.steps, table(self.columns))
        return seen.toarray() if hasattr(seen, "toarray") else seen


@dataclass(frozen=True)
class Direct:
    """A fitted pipeline that begins with a ColumnTransformer; `last` takes what `features` gives.

    `direct` makes it.
    """

    parts: tuple[_Part, ...]
    between: tuple[Any, ...]
    last: Any

    def features(self, table: Table) -> Any:
        """What the last step sees of rows; `table` gives them with these columns, in this order."""
        seen = np.hstack([part(table) for part in self.parts])
        return _through(self.between, seen)


@dataclass(frozen=True)
class _Lookup:
    """A fitted OneHotEncoder whose known categories were encoded once.

    It encodes each column for itself. So the features of a row are those of any other and, for each
    column, what its category makes different. Where an unknown one is an error, the encoder is
    asked, and says so.
    """

    encoder: OneHotEncoder
    base: Row
    differences: tuple[Mapping[Any, Row], ...]
    unknown: tuple[Row | None, ...]

    def transform(self, seen: Any) -> Any:
        try:
            made = np.repeat(self.base, len(seen), axis=0)
            told = zip(seen.T.tolist(), self.differences, self.unknown, strict=True)
            for cells, found, other in told:
                made += [found.get(cell, other) for cell in cells]
        except (AttributeError, TypeError):
            return self.encoder.transform(seen)
        return made


def _quick(step: Any) -> Any:
    """A step, or what stands for it."""
    if type(step) is not OneHotEncoder or step.sparse_output or hasattr(step, "feature_names_in_"):
        return step
    learned = step.categories_
    if not all(isinstance(word, str) for known in learned for word in known):
        return step
    first = np.array([[known[0] for known in learned]], dtype=object)
    base = step.transform(first)
    if sum(map(len, learned)) * base.size > MOST_CELLS:
        return step

    def differences(place: int, words: Sequence[str]) -> Row:
        rows = np.repeat(first, len(words), axis=0)
        rows[:, place] = words
        return np.asarray(step.transform(rows) - base)

    lenient = step.handle_unknown in ("ignore", "infrequent_if_exist")
    return _Lookup(
        step,
        base,
        tuple(
            dict(zip(known.tolist(), differences(place, known), strict=True))
            for place, known in enumerate(learned)
        ),
        tuple(
            differences(place, ["".join(known) + "?"])[0] if lenient else None
            for place, known in enumerate(learned)
        ),
    )


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
        parts.append(_Part(tuple(known[name] for name in names), _steps(part)))
    if any(hasattr(step, "_sklearn_output_config") for step in (model, first)) or not parts:
        return None  # it was told to give tables
    return Direct(tuple(parts), _steps(model[1:-1]), model[-1])


def _steps(part: Any) -> tuple[Any, ...]:
    steps = [step for _, step in part.steps] if isinstance(part, Pipeline) else [part]
    return tuple(_quick(step) for step in steps if step is not None and not isinstance(step, str))


def _through(steps: Sequence[Any], seen: Any) -> Any:
    for step in steps:
        seen = step.transform(seen)
    return seen
