"""The features of rows in which some inputs are shuffled, without computing all of them again."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline


class ShuffledInputs:
    """The features of a table, with any of its inputs replaced by the same input shuffled.

    To compute all features for each of a thousand inputs takes minutes. Instead, group testing
    (Dorfman 1943) shows which features an input may change: inputs are numbered, and for each
    binary digit of the numbers those with a 1 are shuffled together, then those with a 0. A feature
    that a test leaves as it was depends on no input of that test. So a thousand inputs need 22
    computations. The features of one input alone are then copied; any others, such as a ratio of
    two inputs, are computed again.
    """

    def __init__(self, steps: Pipeline, table: pd.DataFrame, shuffled: pd.DataFrame) -> None:
        """Compute the features.

        Args:
            steps: the fitted steps of a model but its last; each row's features are its own.
            table: the inputs.
            shuffled: the same columns, each with its values in another order.
        """
        self._steps, self._table, self._shuffled = steps, table, shuffled
        self._numbers = {name: number for number, name in enumerate(table.columns)}
        self._plain = steps.transform(table)
        # Other containers, such as sparse matrices, are computed each time.
        self._is_array = isinstance(self._plain, np.ndarray) and self._plain.dtype.kind in "fiub"
        if not self._is_array:
            return
        self._changed = steps.transform(shuffled)
        digits = max(1, (len(self._numbers) - 1).bit_length())
        self._tests = [[self._test(digit, bit) for bit in (0, 1)] for digit in range(digits)]
        self._of_one = ~np.any([zeros & ones for zeros, ones in self._tests], axis=0)

    def features(self, names: Iterable[str]) -> Any:
        """The features where these inputs are shuffled, and the others are not."""
        names = set(names)
        if not self._is_array:
            return self._computed(names)
        changed = np.zeros(self._plain.shape[1], bool)
        for name in names:
            bits = enumerate(self._tests)
            number = self._numbers[name]
            changed |= np.all([test[number >> digit & 1] for digit, test in bits], axis=0)
        if (changed & ~self._of_one).any():
            return self._computed(names)
        result = self._plain.copy()
        result[:, changed] = self._changed[:, changed]
        return result

    def _test(self, digit: int, bit: int) -> NDArray[np.bool_]:
        """The features that differ where the inputs with this digit are shuffled."""
        names = {name for name, number in self._numbers.items() if number >> digit & 1 == bit}
        after = self._computed(names)
        same = (after == self._plain) | (np.isnan(after) & np.isnan(self._plain))
        changed: NDArray[np.bool_] = ~np.all(same, axis=0)
        return changed

    def _computed(self, names: set[str]) -> Any:
        mixed = {
            name: (self._shuffled if name in names else self._table)[name] for name in self._numbers
        }
        return self._steps.transform(pd.DataFrame(mixed, copy=False))
