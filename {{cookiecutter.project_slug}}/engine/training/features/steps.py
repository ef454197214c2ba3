"""Runs the feature steps of a pipeline one by one, and stops at the first that fails."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing

from engine.training.features.guards import guard_of_code, guard_of_error

# The two tables that steps are tried on.
TABLES: tuple[Literal["rows"], Literal["edges"]] = ("rows", "edges")


class UntestableError(Exception):
    """A step cannot be fitted on these few rows."""


class FeatureFaultError(Exception):
    """A feature that fails in row `row` of `table`; `inputs` are the columns that it reads."""

    def __init__(
        self, code: str, feature: str, fault: str, table: str, row: int, inputs: Sequence[str],
        advice: str,
    ) -> None:  # fmt: skip
        super().__init__(feature, fault)
        self.code, self.feature, self.fault, self.advice = code, feature, fault, advice
        self.table, self.row, self.inputs = table, row, inputs


class FeatureSteps:
    """Runs steps on training rows and edge rows; with `labels` each is fitted on the first."""

    def __init__(self, labels: Any, *, takes_missing: bool) -> None:
        self._labels, self._takes_missing = labels, takes_missing
        self._inputs: list[str] = []
        self._own: Any = None  # the latest step that the team wrote

    def run(
        self,
        step: Any,
        tables: list[Any],
        title: str,
        names: Sequence[str] = (),
        *,
        last: bool = True,
    ) -> tuple[list[Any], list[str]]:
        """The results of a step for both tables and the names of its features.

        `last` is whether the model gets these features.

        Raises:
            FeatureFaultError: a feature fails.
        """
        names = list(names) or [str(name) for name in tables[0].columns]
        if isinstance(step, Pipeline):
            for number, (part_title, part) in enumerate(step.steps, start=1):
                is_last = last and number == len(step.steps)
                one = part_title if isinstance(part, ColumnTransformer | FeatureUnion) else title
                tables, names = self.run(part, tables, one, names, last=is_last)
            return tables, names
        if isinstance(step, ColumnTransformer | FeatureUnion):
            for part_title, part, columns in self._parts(step, tables[0]):
                chosen = [_safe_indexing(table, columns, axis=1) for table in tables]
                read = [str(name) for name in getattr(chosen[0], "columns", names)]
                self._inputs, self._own = read, None
                self.run(part, chosen, part_title, read, last=last)
            if last:
                return [], []
        return self._transform(step, tables, title, names, last=last)

    def _parts(self, step: Any, table: Any) -> Iterator[tuple[str, Any, Any]]:
        if isinstance(step, FeatureUnion):
            yield from ((title, part, slice(None)) for title, part in step.transformer_list)
            return
        for title, part, of in (
            step.transformers if self._labels is not None else step.transformers_
        ):
            columns = of(table) if callable(of) else of
            if not isinstance(part, str) and np.size(columns):
                yield title, part, columns

    def _transform(
        self, step: Any, tables: list[Any], title: str, names: list[str], *, last: bool
    ) -> tuple[list[Any], list[str]]:
        """As `run`, of a step that has no parts."""
        if hasattr(step, "func") or not type(step).__module__.startswith("sklearn."):
            self._own = step
        fitted, made, own_names = step, list[Any](), names
        for table, values in zip(TABLES, tables, strict=True):
            if self._labels is not None and table == "rows":
                fitted = self._attempt(step, self._fit_of(step), values, names, title, table)
            made.append(self._attempt(step, fitted.transform, values, names, title, table))
            own_names = _names(fitted, names, title, made[-1])
            self._check(np.isinf, made[-1], own_names, table, "is infinite", last=last)
            if last and not self._takes_missing:
                text = "is missing, which the model does not take,"
                self._check(np.isnan, made[-1], own_names, table, text, last=last)
        first, other = (np.asarray(one, object if _is_sparse(one) else None) for one in made)
        if (first.dtype.kind == "O") < (other.dtype.kind == "O"):
            row = next(i for i, one in enumerate(other) if not _is_numeric(one))
            text = f"is {type(np.ravel(other[row])[0]).__name__} and no number"
            advice = guard_of_code(self._own, np.nan)
            raise FeatureFaultError(
                "feature-type", own_names[0], text, "edges", row, self._inputs, advice
            )
        return made, own_names

    def _fit_of(self, step: Any) -> Callable[[Any], Any]:
        return lambda table: clone(step).fit(table, self._labels[: len(table)])

    def _attempt(
        self,
        step: Any,
        call: Callable[[Any], Any],
        values: Any,
        names: list[str],
        title: str,
        table: str,
    ) -> Any:
        """The result of a call; of an error the first row that causes it."""
        try:
            return call(values)
        except Exception as error:
            if not isinstance(values, pd.DataFrame):
                text = f"is missing, which '{title}' does not take,"
                self._check(np.isnan, values, names, table, text, last=True)
            if table == "rows" and step is not self._own:
                # A library's step that needs more rows than a sample: training itself will tell.
                raise UntestableError from error
            row, cause = _first_failing(call, values, error)
            text = f"fails with {type(cause).__name__} ({' '.join(str(cause).split()):.200})"
            raise FeatureFaultError(
                "feature-failed", title, text, table, row, self._inputs, guard_of_error(cause)
            ) from error

    def _check(
        self, test: Callable[[Any], Any], made: Any, names: Sequence[str], table: str, text: str,
        *, last: bool,
    ) -> None:  # fmt: skip
        """Raise for the first feature that passes the test (infinite or missing)."""
        if place := _first(test, made):
            row, column = place
            # Missing is right where a later step or the model takes it.
            missing = np.nan if self._takes_missing or not last else 0.0
            advice = guard_of_code(self._own, missing)
            raise FeatureFaultError(
                "feature-not-finite", names[column], text, table, row, self._inputs, advice
            )


def _first(test: Callable[[Any], Any], made: Any) -> tuple[int, int] | None:
    """Row and column of the first number that passes the test."""
    if _is_sparse(made):
        cells = made.tocoo()
        hits = np.flatnonzero(test(cells.data))
        return (int(cells.row[hits[0]]), int(cells.col[hits[0]])) if len(hits) else None
    values = np.asarray(made)
    if values.dtype.kind != "f":
        return None
    positions = np.argwhere(test(values.reshape(len(values), -1)))
    return (int(positions[0][0]), int(positions[0][1])) if len(positions) else None


def _first_failing(
    call: Callable[[Any], Any], values: Any, error: Exception
) -> tuple[int, Exception]:
    """The first row that fails alone as all rows do, found by halves, and its error."""
    start, end = 0, len(values)
    while end - start > 1:
        middle = (start + end) // 2
        try:
            call(_safe_indexing(values, slice(start, middle)))
        except Exception as one:
            if type(one) is type(error):
                end, error = middle, one
                continue
        start = middle
    return start, error


def _names(fitted: Any, names: list[str], title: str, made: Any) -> list[str]:
    """The names of the features; numbered where the step gives none."""
    width = made.shape[1] if len(made.shape) > 1 else 1
    for given in (names, None):
        with suppress(Exception):  # a step of the team's own may have no names
            own = [str(name) for name in fitted.get_feature_names_out(given)]
            if len(own) == width:
                return own
    return [title] if width == 1 else [f"{title} ({number + 1})" for number in range(width)]


def _is_sparse(made: Any) -> bool:
    return hasattr(made, "tocoo")


def _is_numeric(row: NDArray[Any]) -> bool:
    return all(isinstance(one, int | float | np.number | np.bool_) for one in np.ravel(row))
