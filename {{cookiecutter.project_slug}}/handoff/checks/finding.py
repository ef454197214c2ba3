"""What a check is given, and what it says."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa

from data.load import inputs
from data.split import Split
from handoff.bundle import Bundle
from poc.evaluate import Truth
from problem.columns import Column

Verdict = Literal["pass", "warn", "refuse", "not applicable"]
Group = Literal["worth it", "honest", "runs the same", "safe to own"]


@dataclass(frozen=True)
class Finding:
    """One line of the gate's table; `next` is what to do about it, empty where nothing is."""

    check: str
    group: Group
    verdict: Verdict
    measured: str
    required: str
    next: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding as it stands in verdict.json."""
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """A verified bundle, and the data it was made from, split as it was for training."""

    bundle: Bundle
    schema: pa.DataFrameSchema
    frame: pd.DataFrame
    parts: Split
    known: Truth

    @cached_property
    def inputs(self) -> pd.DataFrame:
        """The inputs of all rows, typed as the model takes them."""
        return inputs(self.frame, self.columns)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The model's inputs."""
        return self.bundle.contract.inputs


Check = Callable[[Evidence], Finding]
