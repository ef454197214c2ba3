"""The training rows, checked and split into folds; the test rows are left out."""

import numpy as np
import pandera.pandas as pa

from engine.pages.formatting import count
from engine.problem.errors import BadInput
from engine.problem.spec import Problem
from engine.training.dataset import Dataset, gather
from engine.training.folds import CrossValidationData, cross_validation_data
from engine.training.memory import trim_memory


def prepare(problem: Problem, contract: pa.DataFrameSchema) -> CrossValidationData:
    """The training rows, their outcomes and folds. Of the test rows only the outcomes are kept.

    The full table is freed when this returns: it would double the memory of a training.

    Raises:
        BadInput: the rows cannot be loaded, break the contract, cannot be split, or all have the
            same outcome.
    """
    dataset = gather(problem, contract)
    _check_outcomes_differ(dataset)
    data = cross_validation_data(dataset)
    del dataset
    trim_memory()
    return data


def summary(data: CrossValidationData) -> str:
    """The number of training rows and inputs, and how the rows were split, in one line."""
    inputs = count(len(data.dataset.columns), "input")
    return f"{len(data.table):,} rows to learn from, {inputs}; {data.dataset.parts.how}"


def _check_outcomes_differ(dataset: Dataset) -> None:
    if len(np.unique(dataset.known.values)) < 2:
        raise BadInput(
            f"'{dataset.problem.target.column}' has the same value in all "
            f"{len(dataset.learning):,} rows to learn from; choose another target, or add rows "
            "that differ"
        )
