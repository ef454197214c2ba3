"""What stands for scikit-learn's own steps where few rows pass: the same numbers, checked less.

Each step of the library checks and copies what it gets, which for one row takes longer than its
arithmetic. These do the arithmetic alone, in the same order and precision.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Numbers = NDArray[Any]

# What an encoder's categories may take when they lie ready: some megabytes.
MOST_CELLS = 1_000_000


def quick(step: Any) -> Any:
    """What stands for a fitted step, or the step itself."""
    made = _MADE.get(type(step))
    if made is None or hasattr(step, "feature_names_in_"):
        return step
    try:
        return made(step)
    except (AttributeError, TypeError):  # what is its own, another version may call otherwise
        return step


class Lookup:
    """A fitted OneHotEncoder whose known categories were encoded once.

    It encodes each column for itself, so what a category looks like lies ready, and so does what an
    unknown one looks like. Where that is an error, the encoder is asked, and says so.
    """

    def __init__(self, encoder: OneHotEncoder) -> None:
        """Ask the encoder for each category that it knows.

        Raises:
            TypeError: its answer is sparse, or its categories are no words or too many.
        """
        if encoder.sparse_output:
            raise TypeError("a sparse answer")
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


class Fill:
    """A fitted SimpleImputer of numbers: fills what is missing, and says where that was."""

    def __init__(self, imputer: SimpleImputer) -> None:
        """Take what it has learned.

        Raises:
            TypeError: it fills no NaN, or would leave a column out.
        """
        filling = np.asarray(imputer.statistics_, dtype=np.float64)
        if not _is_nan(imputer.missing_values) or np.isnan(filling).any():
            raise TypeError("not every column is filled")
        self._filling = filling
        shown = imputer.indicator_.features_ if imputer.add_indicator else ()
        self._shown = np.asarray(shown, dtype=np.intp)

    def transform(self, seen: Any) -> Any:
        """(rows, columns) to (rows, columns and one for each that missed something in training)."""
        missing = np.isnan(seen)
        filled = np.where(missing, self._filling, seen)
        return np.hstack([filled, missing[:, self._shown]]) if len(self._shown) else filled


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and np.isnan(value)


class Scale:
    """A fitted StandardScaler."""

    def __init__(self, scaler: StandardScaler) -> None:
        """Take what it has learned."""
        self._mean, self._scale = scaler.mean_, scaler.scale_
        if not scaler.with_mean or not scaler.with_std:
            raise TypeError("scaled by half")

    def transform(self, seen: Any) -> Any:
        """(rows, columns), each in its own standard deviations from its mean."""
        return (seen - self._mean) / self._scale


_MADE: Mapping[type, Any] = {OneHotEncoder: Lookup, SimpleImputer: Fill, StandardScaler: Scale}
