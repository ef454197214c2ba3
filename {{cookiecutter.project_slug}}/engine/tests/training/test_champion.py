"""The accepted model is compared on the same folds, and never chosen again."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.tests.training.made import problem
from engine.tests.training.training import fetch_run, table, train_here
from engine.training.candidates import CHAMPION
from engine.training.record.runs import ACCEPTED, Run
from engine.training.record.tracking import mlflow

SPEC = problem("binary")


@pytest.fixture
def accepted(here: Path) -> Iterator[Run]:
    """A run whose model the registry calls accepted."""
    run = train_here(SPEC, table("binary"))
    client, name = mlflow.MlflowClient(), SPEC.decision.name
    client.create_registered_model(name)
    source = f"models:/{fetch_run(run).model_id}"
    version = client.create_model_version(name, source, run.run_id).version
    client.set_registered_model_alias(name, ACCEPTED, version)
    yield run
    client.delete_registered_model(name)


def test_champion_is_compared_and_not_chosen(accepted: Run) -> None:
    run = train_here(SPEC, table("binary"))
    champion = run.metadata["trials"][-1]
    assert champion["name"] == CHAMPION
    assert champion["folds"] == accepted.chosen_trial["folds"]
    origin = fetch_run(run).metadata["champion"]
    assert (origin["run_id"], origin["candidate"]) == (accepted.run_id, accepted.chosen)
    assert run.chosen == accepted.chosen


def test_champion_that_this_code_lacks_is_reported(accepted: Run) -> None:
    metadata = fetch_run(accepted).metadata | {"candidate": "forest"}
    mlflow.MlflowClient().log_text(accepted.run_id, json.dumps(metadata), "training.json")
    messages: list[str] = []
    run = train_here(SPEC, table("binary"), messages)
    assert any(
        "The champion is not compared: There is no candidate 'forest'" in line for line in messages
    )
    assert CHAMPION not in run.scores
    assert fetch_run(run).metadata["champion"] is None
