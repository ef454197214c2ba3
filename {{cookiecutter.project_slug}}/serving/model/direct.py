"""The way from rows to the model's last step, without what scikit-learn does anew for each call.

A ColumnTransformer selects columns from a table, asks each part how it wants to be called, and
checks what comes back: for one row that takes longer than the model. Here each part gets its own
columns and its steps are called one after the other. They are the same steps, so the answers are
the same; whether they are is asked before anybody is served (see `serving.model.predictor.load`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from problem.columns import Column
from serving.model.table import Light, Row, frame

Table = Callable[[Sequence[Row], Sequence[Column]], Any]
Numbers = NDArray[Any]

# What an encoder's categories may take when they lie ready: some megabytes.
MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class Part:
    """Steps that see some of the columns."""

    columns: tuple[Column, ...]
    steps: tuple[Any, ...]
    table: Table = Light

    def __call__(self, rows: Sequence[Row]) -> Any:
        """What the steps make of these rows: (rows, features)."""
        seen = through(self.steps, self.table(rows, self.columns))
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
    framed = replace(part, table=frame)
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


class Lookup:
    """A fitted OneHotEncoder whose known categories were encoded once.

    It encodes each column for itself, so what a category looks like lies ready, and so does what an
    unknown one looks like. Where that is an error, the encoder is asked, and says so.
    """

    def __init__(self, encoder: OneHotEncoder) -> None:
        """Ask the encoder for each category that it knows.

        Raises:
            TypeError: its categories are no words, or too many.
        """
        self.encoder = encoder
        learned = encoder.categories_
        if not all(isinstance(word, str) for known in learned for word in known):
            raise TypeError("categories that are no words")
        first = np.array([[known[0] for known in learned]], dtype=object)
        base = encoder.transform(first)
        if sum(map(len, learned)) * base.size > MOST_CELLS:
            raise TypeError("too many categories")
        self.width = base.size
        lenient = encoder.handle_unknown in ("ignore", "infrequent_if_exist")
        self._columns = [
            self._ready(first, place, known.tolist(), lenient)
            for place, known in enumerate(learned)
        ]

    def transform(self, seen: Any) -> Any:
        """As the encoder's own: (rows, columns) of words to (rows, features)."""
        made = np.empty((len(seen), self.width))
        try:
            for cells, (numbers, unknown, encoded, begin, end) in zip(
                seen.T.tolist(), self._columns, strict=True
            ):
                if unknown is None:
                    chosen = [numbers[cell] for cell in cells]
                else:
                    chosen = [numbers.get(cell, unknown) for cell in cells]
                made[:, begin:end] = encoded[chosen]
        except (AttributeError, KeyError, TypeError):
            return self.encoder.transform(seen)
        return made

    def _ready(
        self, first: Numbers, place: int, words: Sequence[str], lenient: bool
    ) -> tuple[Mapping[Any, int], int | None, Numbers, int, int]:
        """Of a column: each word's number, the unknown's, what they look like, and where."""
        told = [*words, "".join(words) + "?"] if lenient else list(words)
        rows = np.repeat(first, len(told), axis=0)
        rows[:, place] = told
        encoded = np.asarray(self.encoder.transform(rows))
        begin = sum(self._widths()[:place])
        end = begin + self._widths()[place]
        numbers = {word: number for number, word in enumerate(words)}
        return numbers, len(words) if lenient else None, encoded[:, begin:end].copy(), begin, end

    def _widths(self) -> list[int]:
        """How many features each column becomes."""
        return [int(width) for width in self.encoder._n_features_outs]


def _quick(step: Any) -> Any:
    """A step, or what stands for it."""
    if type(step) is not OneHotEncoder or step.sparse_output or hasattr(step, "feature_names_in_"):
        return step
    try:
        return Lookup(step)
    except (AttributeError, TypeError):  # what is its own, another version may call otherwise
        return step


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
    return tuple(_quick(step) for step in steps if step is not None and not isinstance(step, str))


def through(steps: Sequence[Any], seen: Any) -> Any:
    """What steps make of what they see, one after the other."""
    for step in steps:
        seen = step.transform(seen)
    return seen
