"""Training is honest about the test, gives the same model again, and says no in a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest

from data.load import inputs
from handoff.run import TrainedRun, fetch
from poc.dataset import gather
from poc.model import Candidate, candidates
from poc.provenance import provenance
from poc.tracking import mlflow
from poc.train import Run, Trial, choose, train
from problem.errors import BadInput
from problem.spec import PROBLEM_FILE, Problem, Task
from tests.poc.made import COLUMNS, PROBLEM, VALUES, mixed, problem

PROJECT = Path(__file__).parents[2]
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
    return pa.DataFrameSchema({**TYPES, "outcome": pa.Column(kind)}, strict=True, coerce=True)


def table(task: Task, rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Rows whose outcome has something to do with them."""
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


@pytest.fixture
def here(tmp_path: Path, store: str, plain_git: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("problem", "poc", "requirements"):
        Path(name).mkdir()
    for name in ("poc/features.py", "requirements/serving.txt"):
        Path(name).write_bytes((PROJECT / name).read_bytes())
    return tmp_path


def framed_here(framed: Problem, frame: pd.DataFrame) -> None:
    """These rows, and the problem as a file, in the working directory."""
    frame.to_parquet("data.parquet", index=False)
    task, time = framed.target.task, framed.rows.time
    PROBLEM_FILE.write_text(
        PROBLEM.format(
            task=task,
            metric=framed.success.metric,
            value=VALUES[task],
            positive="positive = true" if task == "binary" else "",
            source="data.parquet",
            rows=f'time = "{time}"' if time else "",
            slices="",
        )
    )


def trained(framed: Problem, frame: pd.DataFrame, said: list[str] | None = None) -> Run:
    """A run on these rows, in the working directory."""
    framed_here(framed, frame)
    return train(
        framed, schema(KINDS[framed.target.task]), (lambda _: None) if said is None else said.append
    )


def fetched(run: Run) -> TrainedRun:
    return fetch(run.run_id)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task_is_learned(here: Path, task: Task) -> None:
    said: list[str] = []
    run = trained(problem(task), table(task), said)
    assert run.rows == pytest.approx(0.8 * ROWS, abs=3)
    assert (run.threshold is None) == (task != "binary")
    assert [trial.candidate.name for trial in run.trials] == [
        *("dummy", "linear", "gradient_boosting")
    ]
    assert run.chosen in ("linear", "gradient_boosting")
    assert said[0].startswith(f"{run.rows} rows to learn from, 6 inputs")
    assert any(run.chosen in line for line in said[-1:])


def test_training_again_gives_the_same_model(here: Path) -> None:
    frame = table("binary")
    one, other = (trained(problem("binary"), frame) for _ in range(2))
    for before, after in zip(one.trials, other.trials, strict=True):
        assert before.folds == after.folds
        assert np.array_equal(before.scores, after.scores, equal_nan=True)
    first, second = fetched(one), fetched(other)
    assert first.facts == second.facts
    rows = inputs(frame, COLUMNS)
    assert np.array_equal(first.model.predict_proba(rows), second.model.predict_proba(rows))


def test_the_test_rows_change_nothing(here: Path) -> None:
    frame, framed = table("binary"), problem("binary", rows='time = "day"')
    poisoned = frame.copy()
    test = poisoned.index[-ROWS // 5 :]
    poisoned.loc[test, "number"] = -8.0
    poisoned.loc[test, "word"] = "poison"
    poisoned.loc[test, "outcome"] = ~poisoned.loc[test, "outcome"]
    one, other = trained(framed, frame), trained(framed, poisoned)
    first, second = fetched(one), fetched(other)
    assert first.facts["data_digest"] != second.facts["data_digest"]
    apart = ("data_digest", "test_digest", "code")
    assert {key: value for key, value in first.facts.items() if key not in apart} == {
        key: value for key, value in second.facts.items() if key not in apart
    }
    rows = inputs(frame, COLUMNS)
    assert np.array_equal(first.model.predict_proba(rows), second.model.predict_proba(rows))


# --- the choice ----------------------------------------------------------------------------------


def trial(name: str, *folds: float, baseline: bool = False) -> Trial:
    model = candidates(COLUMNS, "binary", 0)[0].model
    return Trial(Candidate(name, model, is_baseline=baseline), folds, np.array([]))


def test_the_simplest_within_one_standard_error_of_the_best_is_chosen() -> None:
    better = problem("binary", metric="roc_auc")
    simple, wide = trial("simple", 0.78, 0.80), trial("complex", 0.75, 0.87)
    assert choose(better, (simple, wide)).candidate.name == "simple"
    assert choose(better, (simple, trial("complex", 0.84, 0.85))).candidate.name == "complex"


def test_where_less_is_better_the_least_is_best() -> None:
    framed = problem("binary", metric="log_loss")
    simple, best = trial("simple", 0.30, 0.31), trial("complex", 0.20, 0.21)
    assert choose(framed, (simple, best)).candidate.name == "complex"
    assert choose(framed, (best, simple)).candidate.name == "complex"


def test_a_baseline_is_never_the_choice() -> None:
    framed = problem("binary", metric="roc_auc")
    baseline = trial("dummy", 0.9, 0.9, baseline=True)
    assert choose(framed, (baseline, trial("linear", 0.5, 0.5))).candidate.name == "linear"


# --- rows that are difficult ---------------------------------------------------------------------


def test_rows_without_an_outcome_are_left_out(here: Path) -> None:
    frame = table("regression")
    frame.loc[:99, "outcome"] = np.nan
    framed_here(problem("regression"), frame)
    assert len(gather(problem("regression"), schema(float)).frame) == ROWS - 100


@pytest.mark.parametrize(
    ("task", "value"), [("regression", 1.0), ("multiclass", "low"), ("binary", True)]
)
def test_one_outcome_only_is_refused(here: Path, task: Task, value: float | str) -> None:
    with pytest.raises(BadInput):
        trained(problem(task), table(task).assign(outcome=value))


def test_a_positive_outcome_that_never_comes_is_refused(here: Path) -> None:
    frame = table("multiclass").query("outcome != 'high'")
    frame.to_parquet("data.parquet", index=False)
    with pytest.raises(BadInput, match=r"target\.positive is 'yes'"):
        train(problem("binary", positive="yes"), schema(str), print)


def test_a_class_of_a_few_rows_is_learned_where_both_sides_have_it(here: Path) -> None:
    frame = table("multiclass")
    frame.loc[frame.sample(3, random_state=0).index, "outcome"] = "rare"
    run = trained(problem("multiclass"), frame)
    assert "rare" in fetched(run).facts["classes"]
    assert all(np.isfinite(trial.folds).all() for trial in run.trials)


def test_a_class_of_one_row_is_refused_in_a_sentence(here: Path) -> None:
    frame = table("multiclass")
    frame.loc[0, "outcome"] = "rare"
    with pytest.raises(BadInput, match="'outcome'"):
        trained(problem("multiclass"), frame)


# --- what is recorded ----------------------------------------------------------------------------


def test_a_run_records_data_code_choice_and_model(here: Path) -> None:
    run = trained(problem("binary"), table("binary"))
    client = mlflow.MlflowClient()
    recorded = client.get_run(run.run_id)
    assert recorded.info.status == "FINISHED"
    assert recorded.data.tags["dirty"] == "true"
    assert recorded.data.tags["code_snapshot"] == provenance().snapshot
    assert recorded.data.params["candidate"] == run.chosen
    assert recorded.data.params["seed"] == "0"
    for trial in run.trials:
        name = f"cv_brier_score_{trial.candidate.name}"
        assert recorded.data.metrics[name] == pytest.approx(trial.mean)
    facts = fetched(run).facts
    assert facts["threshold"] == run.threshold
    assert facts["classes"] == [False, True]
    assert recorded.data.tags["data_digest"] == facts["data_digest"]
    names = {one.path for one in client.list_artifacts(run.run_id)}
    assert names == {"training.json", "problem.toml", "features.py", "snapshot.zip"}
    model = mlflow.models.get_model_info(f"models:/{fetched(run).model_id}")
    assert [one.name for one in model.signature.inputs] == [column.name for column in COLUMNS]
    assert model.saved_input_example_info is not None
    assert not list((here / "mlartifacts").rglob("*.pkl"))
    assert not (here / "mlflow.db").exists()  # MLFLOW_TRACKING_URI points elsewhere
    assert not (here / "mlruns").exists()


QUIET = """
from problem.spec import read
from poc.train import train
from tests.poc.test_train import schema
train(read(), schema(bool))
"""


def test_a_fresh_project_records_beside_itself_and_says_nothing_but_its_progress(
    here: Path,
) -> None:
    framed_here(problem("binary"), table("binary"))
    environment = {key: one for key, one in os.environ.items() if not key.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", QUIET],
        env=environment | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        *("320", "dummy", "linear", "gradient_boosting", "chosen:")
    ]
    assert {path.name for path in here.iterdir()} == {
        *("data.parquet", "mlartifacts", "mlflow.db", "poc", "problem", "requirements")
    }
    assert json.loads(next(here.rglob("training.json")).read_text())["seed"] == 0
