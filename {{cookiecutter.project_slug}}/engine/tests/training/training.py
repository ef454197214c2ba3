"""Small trainings on tables that a test makes, in the working directory."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from engine.bundle.build import TrainedRun, fetch
from engine.problem.spec import PROBLEM_FILE, Problem, Task
from engine.tests.training.made import PROBLEM, VALUES, mixed
from engine.training.candidates import ModelDefinition
from engine.training.record.runs import Run
from poc.model import candidates
from poc.train import train

ROWS = 400
TYPES = {
    "number": pa.Column(float, pa.Check.in_range(-9, 9), nullable=True),
    "integer": pa.Column(int, pa.Check.in_range(0, 9)),
    "flag": pa.Column(bool),
    "maybe": pa.Column("boolean", nullable=True),
    "word": pa.Column(str, nullable=True),
    "day": pa.Column("datetime64[us]"),
}


def schema(kind: type) -> pa.DataFrameSchema:
    return pa.DataFrameSchema({**TYPES, "outcome": pa.Column(kind)}, strict=True)


def definition(kind: type) -> ModelDefinition:
    return ModelDefinition(schema(kind), candidates)


def table(task: Task, rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Rows whose outcome depends on them."""
    rng = np.random.default_rng(seed)
    frame = mixed(rows, seed)
    frame["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), "h")
    signal = frame["integer"] + 2.0 * frame["flag"] + rng.normal(0, 1, rows)
    outcome = {
        "binary": signal > 5,
        "multiclass": signal.map(lambda one: "low" if one < 3 else "middle" if one < 6 else "high"),
        "regression": signal,
    }
    return frame.assign(outcome=outcome[task])


KINDS: dict[Task, type] = {"binary": bool, "multiclass": str, "regression": float}


def write_project(spec: Problem, frame: pd.DataFrame) -> None:
    """Write these rows and problem.toml to the working directory."""
    frame.to_parquet("data.parquet", index=False)
    task, time = spec.target.task, spec.rows.time
    PROBLEM_FILE.write_text(
        PROBLEM.format(
            task=task,
            metric=spec.success.metric,
            value=VALUES[task],
            positive="positive = true" if task == "binary" else "",
            source="data.parquet",
            rows=f'time = "{time}"' if time else "",
            slices="",
        )
    )


def train_here(spec: Problem, frame: pd.DataFrame, messages: list[str] | None = None) -> Run:
    """A run on these rows, in the working directory."""
    write_project(spec, frame)
    return train(
        spec,
        definition(KINDS[spec.target.task]),
        (lambda _: None) if messages is None else messages.append,
    )


def fetch_run(run: Run) -> TrainedRun:
    return fetch(run.run_id)
