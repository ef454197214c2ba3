"""The rows of the problem: the same for training, for the bundle and for the gate."""

from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd
import pandera.pandas as pa

from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.data.columns import columns as describe
from engine.data.load import digest, inputs, load, take
from engine.data.sources import layout_of
from engine.data.split import Split, split
from engine.problem.spec import Problem
from engine.training.evaluate import Targets, targets_of

# Every random choice of a training starts here, so that training again gives the same model.
SEED = 0


@dataclass(frozen=True)
class Dataset:
    """All rows with a known outcome, split.

    `train` holds the training rows, `targets` their outcomes. `columns` are described by the
    training rows alone.
    """

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

    def without_test_inputs(self) -> "Dataset":
        """The same, but `frame` holds only the outcomes: training needs no more of it."""
        return replace(self, frame=self.frame[[self.problem.target.column]].copy())

    def inputs(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The inputs of some of the rows, as a model takes them."""
        return inputs(frame, self.columns)


def gather(problem: Problem, schema: pa.DataFrameSchema) -> Dataset:
    """Load the rows, validate them by the contract, and split them.

    Raises:
        BadInput: the rows cannot be read, break the contract, cannot be split, or do not fit the
            problem.
    """
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
