"""Tables of every shape that a project may bring, as a training sees them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.problem.spec import Problem, Task, parse

PROBLEM = """\
[decision]
name = "for-tests"
question = "What will come?"
action = "Act on it."
stakeholder = "Somebody"
intended_use = "Tests."
not_for = "Anything else."

[target]
column = "outcome"
task = "{task}"
{positive}
label_delay_days = 0

[rows]
source = "{source}"
{rows}

[success]
metric = "{metric}"
minimum = 0.5
margin = 0.0
{slices}

[value]
currency = "EUR"
{value}

[budget]
latency_p99_ms = 100.0
throughput_rps = 50.0
memory_mb = 800.0

[monitoring]
window_days = 7
minimum_rows = 30

[guardrails]
worse_by = 0.01
"""
VALUES: dict[Task, str] = {
    "binary": "true_positive = 8.0\nfalse_positive = -2.0\ntrue_negative = 0.5\n"
    "false_negative = -1.0",
    "multiclass": "correct = 1.0\nwrong = -4.0",
    "regression": "per_unit_error = -0.5",
}
METRICS: dict[Task, str] = {"binary": "brier_score", "multiclass": "accuracy", "regression": "r2"}


def problem(task: Task, *, positive: Any = True, metric: str = "", **tables: str) -> Problem:
    """A problem of that task, about the column 'outcome'."""
    text = written(task, positive=positive, metric=metric, **tables)
    return parse(text, "the problem of a test")


def written(task: Task, *, positive: Any = True, metric: str = "", **tables: str) -> str:
    """The same as the text of problem.toml."""
    given = {"rows": "", "slices": "", "source": "data.parquet"} | tables
    words = {True: "true", False: "false"}.get(positive, repr(positive))
    return PROBLEM.format(
        task=task,
        positive=f"positive = {words}" if task == "binary" else "",
        metric=metric or METRICS[task],
        value=VALUES[task],
        **given,
    )


@contextmanager
def refused(code: str, *details: str) -> Iterator[None]:
    """The block raises BadInput with this code; its message holds the details."""
    with pytest.raises(BadInput) as error:
        yield
    assert error.value.code == code
    for detail in details:
        assert detail in str(error.value)


def mixed(rows: int, seed: int = 0) -> pd.DataFrame:
    """A column of every type, each with missing values where a contract may allow them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=rows),
            "integer": rng.integers(0, 9, rows),
            "flag": rng.random(rows) < 0.5,
            "maybe": pd.array(rng.random(rows) < 0.5, dtype="boolean"),
            "word": pd.Series(rng.choice(["a", "b", "c"], rows), dtype="str"),
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), "s"),
        }
    )
    for name in ("number", "maybe", "word", "day"):
        frame.loc[rng.random(rows) < 0.1, name] = None
    return frame


COLUMNS = (
    Column("number", "number", nullable=True),
    Column("integer", "integer"),
    Column("flag", "boolean"),
    Column("maybe", "boolean", nullable=True),
    Column("word", "category", nullable=True),
    Column("day", "date", nullable=True),
)
