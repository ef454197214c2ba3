"""The rows of the problem, split into training and test rows, and the training rows into folds."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.data.columns import columns as describe
from engine.data.digest import digest
from engine.data.load import inputs, load, take
from engine.data.sources import layout_of
from engine.data.split import Rows, Split, folds, split
from engine.pages.formatting import count
from engine.problem.errors import BadInput, command
from engine.problem.metrics import METRICS, Array, Groups, Metric
from engine.problem.spec import Problem, Task
from engine.training.evaluate import Targets, model_errors, predict, targets_of
from engine.training.memory import trim_memory

# Every random choice of a training starts here, so that training again gives the same model.
SEED = 0
# Features are computed for one fold at a time: the rows and their features then lie side by side,
# which is most of the memory that a training needs. The fits that follow need less.
FEATURES_LOCK = Lock()


@dataclass(frozen=True)
class Dataset:
    """All rows with a known outcome, split; `targets` and `columns` are of the training rows."""

    problem: Problem
    frame: pd.DataFrame
    digest: str
    split: Split
    train: pd.DataFrame
    columns: tuple[Column, ...]
    targets: Targets
    layout: Layout = Layout()  # noqa: RUF009  it is frozen

    @cached_property
    def test(self) -> pd.DataFrame:
        """The test rows. Training must not use them."""
        return take(self.frame, self.split.test).reset_index(drop=True)

    def inputs(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The inputs of some of the rows, as a model takes them."""
        return inputs(frame, self.columns)


@dataclass(frozen=True)
class CrossValidationData:
    """The training rows as a model takes them, and the folds (training and validation rows)."""

    dataset: Dataset
    table: pd.DataFrame
    folds: tuple[tuple[Rows, Rows], ...]

    @property
    def problem(self) -> Problem:
        """The problem that the rows belong to."""
        return self.dataset.problem

    @property
    def task(self) -> Task:
        """Binary, multiclass or regression."""
        return self.problem.target.task

    @property
    def metric(self) -> Metric:
        """The success metric."""
        return METRICS[self.problem.success.metric]

    @cached_property
    def out_of_fold_rows(self) -> Rows:
        """The rows that some fold validates on: with time, all but the earliest."""
        return np.sort(np.concatenate([validation for _, validation in self.folds]))

    def calibration_rows(self, number: int) -> Rows:
        """The rows to calibrate fold `number` on: other folds', with time those of earlier ones."""
        later = () if self.problem.rows.time else self.folds[number + 1 :]
        others = [validation for _, validation in (*self.folds[:number], *later)]
        return np.concatenate([np.array([], np.intp), *others])

    def inner_folds(self, rows: Rows) -> list[tuple[Rows, Rows]]:
        """Folds of some of the rows, numbered from 0; BadInput if they cannot be split."""
        with FEATURES_LOCK:
            return list(folds(self.problem, take(self.dataset.train, rows), SEED))

    def outcomes(self, rows: Rows) -> Array:
        """The outcomes of some of the rows, as numbers."""
        return np.asarray(self.dataset.targets.values[rows])

    def labels(self, rows: Rows) -> NDArray[Any]:
        """The outcomes of some of the rows, as a model is fitted on them."""
        return np.asarray(self.dataset.targets.labels[rows])

    def groups(self, rows: Rows) -> Groups | None:
        """Which of some of the rows are of one unit."""
        groups = self.dataset.targets.groups
        return None if groups is None else groups[rows]

    def fit_features(self, steps: Pipeline, rows: Rows) -> tuple[Pipeline, Any]:
        """A copy of a model's `steps` but its last, fitted on some rows, and their features."""
        # The rows are released before a model is fitted; a pipeline as a whole would hold both.
        with FEATURES_LOCK:
            steps = clone(steps)
            return steps, steps.fit_transform(take(self.table, rows), self.labels(rows))

    def fit(self, model: Pipeline, rows: Rows | None = None) -> Pipeline:
        """A copy of `model`, fitted on some of the rows or all of them."""
        rows = np.arange(len(self.table)) if rows is None else rows
        with model_errors(f"Training of {type(model[-1]).__name__} on {len(rows):,} rows"):
            steps, features = self.fit_features(model[:-1], rows)
            return fit_last(steps, model, features, self.labels(rows))

    def predict(self, model: Pipeline, rows: Rows) -> Array:
        """A fitted model's predictions of some of the rows (see `training.evaluate.predict`)."""
        return self.predict_inputs(model, take(self.table, rows))

    def predict_inputs(self, model: Any, inputs: Any) -> Array:
        """A fitted model's predictions of such inputs; or its last step's, of their features."""
        return predict(model, inputs, self.task, self.dataset.targets.classes)

    def measure(self, rows: Rows, predictions: Array) -> float:
        """The success metric on some of the rows."""
        return self.metric.compute(self.outcomes(rows), predictions)

    def by_fold(self, predictions: Iterable[Array]) -> tuple[Array, tuple[float, ...]]:
        """Each fold's predictions of its validation rows as one array, and the metric of each.

        The array has a row for each training row, NaN where no fold validated on it.
        """
        classes = (len(self.dataset.targets.classes),) if self.task == "multiclass" else ()
        scores, results = np.full((len(self.table), *classes), np.nan), []
        for (_, validation), part in zip(self.folds, predictions, strict=True):
            scores[validation] = part
            results.append(self.measure(validation, part))
        return scores, tuple(results)


def fit_last(steps: Pipeline, model: Pipeline, features: Any, labels: NDArray[Any]) -> Pipeline:
    """Fitted steps and a copy of the last one of `model`, fitted on their features."""
    return Pipeline([*steps.steps, (model.steps[-1][0], clone(model[-1]).fit(features, labels))])


def gather(problem: Problem, schema: pa.DataFrameSchema) -> Dataset:
    """Load the rows, validate them by the contract and split them; BadInput if that fails."""
    frame = load(problem, schema)
    parted = split(problem, frame, SEED)
    train = take(frame, parted.train).reset_index(drop=True)
    return Dataset(
        problem=problem,
        frame=frame,
        digest=digest(frame),
        split=parted,
        train=train,
        columns=describe(problem, schema, train),
        targets=targets_of(problem, train),
        layout=Layout.of(schema.metadata) or layout_of(problem.rows.source) or Layout(),
    )


def cross_validation_data(dataset: Dataset) -> CrossValidationData:
    """The training rows and their folds; of the test rows only the outcomes are kept."""
    pairs = tuple(folds(dataset.problem, dataset.train, SEED))
    outcomes = dataset.frame[[dataset.problem.target.column]].copy()
    without_test_inputs = replace(dataset, frame=outcomes)
    return CrossValidationData(without_test_inputs, dataset.inputs(dataset.train), pairs)


def prepare(problem: Problem, contract: pa.DataFrameSchema) -> CrossValidationData:
    """The training rows and folds; BadInput if rows do not fit, or all have the same outcome."""
    dataset = gather(problem, contract)
    if len(np.unique(dataset.targets.values)) < 2:
        raise BadInput(
            f"Column '{problem.target.column}' has the same value in all {len(dataset.train):,} "
            "training rows. Choose another target, or add rows with other outcomes.",
            code="constant-target",
        )
    data = cross_validation_data(dataset)
    del dataset  # the full table would double the memory of a training
    trim_memory()
    return data


def recorded_data(
    problem: Problem, contract: pa.DataFrameSchema, recorded_digest: str
) -> CrossValidationData:
    """The training rows and folds of a recorded run; BadInput if the data has changed since."""
    dataset = gather(problem, contract)
    if dataset.digest != recorded_digest:
        raise BadInput(
            f"The run was trained on data with digest {recorded_digest[:12]}, but "
            f"{problem.rows.source} has {dataset.digest[:12]}. Restore the run's rows, or train "
            f"again with `{command('poc train')}`.",
            code="data-changed",
        )
    return cross_validation_data(dataset)


def summary(data: CrossValidationData) -> str:
    """The number of training rows and inputs, and the split, in one line."""
    inputs = count(len(data.dataset.columns), "input")
    return f"{len(data.table):,} training rows, {inputs}; {data.dataset.split.description}"
