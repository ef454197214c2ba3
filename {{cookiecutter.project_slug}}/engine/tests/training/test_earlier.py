"""The accepted model's recipe is tried on the same folds, and never chosen again by itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.tests.training.made import problem
from engine.tests.training.training import fetched, table, trained
from engine.training.candidates import CHAMPION
from engine.training.record.previous_runs import ACCEPTED
from engine.training.record.tracking import mlflow
from engine.training.run import Run

FRAMED = problem("binary")


@pytest.fixture
def accepted(here: Path) -> Iterator[Run]:
    """A run whose model the registry calls accepted."""
    run = trained(FRAMED, table("binary"))
    client, name = mlflow.MlflowClient(), FRAMED.decision.name
    client.create_registered_model(name)
    source = f"models:/{fetched(run).model_id}"
    version = client.create_model_version(name, source, run.run_id).version
    client.set_registered_model_alias(name, ACCEPTED, version)
    yield run
    client.delete_registered_model(name)


def test_the_champion_is_compared_and_not_chosen(accepted: Run) -> None:
    run = trained(FRAMED, table("binary"))
    champion = run.trials[-1]
    assert champion.candidate.name == CHAMPION
    assert not champion.candidate.may_be_chosen
    then = next(one for one in accepted.trials if one.candidate.name == accepted.chosen)
    assert champion.folds == then.folds
    facts = fetched(run).metadata
    assert facts["champion"]["run_id"] == accepted.run_id
    assert facts["champion"]["candidate"] == accepted.chosen
    assert run.chosen == accepted.chosen


def test_a_champion_that_cannot_be_made_here_is_said(accepted: Run) -> None:
    facts = fetched(accepted).metadata | {"candidate": "forest"}
    mlflow.MlflowClient().log_text(accepted.run_id, json.dumps(facts), "training.json")
    said: list[str] = []
    run = trained(FRAMED, table("binary"), said)
    assert any("the champion is not compared: expected one of" in line for line in said)
    assert CHAMPION not in [one.candidate.name for one in run.trials]
    assert fetched(run).metadata["champion"] is None
