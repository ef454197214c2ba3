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
    """All rows with a known outcome, split; `columns` are told by the rows to learn from alone.

    `learning` are the rows to learn from, `known` their outcomes.
    """

    problem: Problem
    frame: pd.DataFrame
    digest: str
    parts: Split
    learning: pd.DataFrame
    columns: tuple[Column, ...]
    known: Targets
    layout: Layout = Layout()  # noqa: RUF009  # it is frozen

    @cached_property
    def test(self) -> pd.DataFrame:
        """The rows to be judged on. Training must not look at them."""
        return take(self.frame, self.parts.test).reset_index(drop=True)

    def without_inputs_of_the_test(self) -> "Dataset":
        """The same, of which `frame` holds the outcomes alone: training needs no more of it."""
        return replace(self, frame=self.frame[[self.problem.target.column]].copy())

    def inputs(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The inputs of some of the rows, as a model takes them."""
        return inputs(frame, self.columns)


def gather(problem: Problem, schema: pa.DataFrameSchema) -> Dataset:
    """Load the rows, hold them against the contract, and split them.

    Raises:
        BadInput: the rows cannot be read, break the contract, cannot be split, or do not fit the
            problem.
    """
    frame = load(problem, schema)
    parts = split(problem, frame, SEED)
    learning = take(frame, parts.train).reset_index(drop=True)
    return Dataset(
        problem=problem,
        frame=frame,
        digest=digest(frame),
        parts=parts,
        learning=learning,
        columns=describe(problem, schema, learning),
        known=targets_of(problem, learning),
        layout=Layout.of(schema.metadata) or layout_of(problem.rows.source) or Layout(),
    )
