"""A model that is surely worse than the champion is refused, whatever inputs the champion has."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import skops.io

from engine.bundle.build import load_model
from engine.bundle.record import RECORDS
from engine.tests.gate.lies import FEATURES, PROBLEM, put
from engine.tests.gate.made import Workshop, reseal, train_and_build


@pytest.fixture
def live(accepted: Workshop) -> Workshop:
    """A project whose champion is the accepted bundle, and another bundle of the same model."""
    release(accepted.bundle.name)
    other = accepted.root / "build/other"
    shutil.copytree(accepted.bundle, other)
    made = Workshop(accepted.root, accepted.schema, other)
    made.edit_json("manifest.json", put("2026.01.01.000000", "version"))
    return made


def release(champion: str) -> None:
    Path("deploy/release.toml").write_text(f'champion = "{champion}"\n')


def test_champion_same_model_passes(live: Workshop) -> None:
    finding = live.run("champion")
    assert finding.outcome == "pass"
    assert " +0.0000 (" in finding.measured
    assert finding.picture is not None


def test_champion_worse_model_is_refused(live: Workshop) -> None:
    path = live.bundle / "model/model.skops"
    model = load_model(path)
    last = model[-1]
    name = "coef_" if hasattr(last, "coef_") else "_baseline_prediction"
    setattr(last, name, getattr(last, name) * 0.5)
    skops.io.dump(model, path)
    reseal(live.bundle)
    finding = live.run("champion")
    assert finding.outcome == "refuse"
    assert " -" in finding.measured.partition("(")[0]


def test_champion_with_other_inputs_is_compared(live: Workshop) -> None:
    problem, features = live.root / PROBLEM, live.root / FEATURES
    excluded = '[columns.excluded]\nfragile = "marked by hand"'
    problem.write_text(problem.read_text().replace("[columns.excluded]", excluded))
    features.write_text(features.read_text().replace("1e30", "1e29"))
    bundle = train_and_build()
    finding = Workshop(live.root, live.schema, bundle.path).run("champion")
    assert finding.outcome in ("pass", "warn"), finding.measured
    assert "over champion" in finding.measured


def test_champion_with_missing_inputs_is_a_warning(live: Workshop) -> None:
    path = live.root / "data/raw/orders.parquet"
    pd.read_parquet(path).drop(columns="fragile").to_parquet(path)
    without = live.schema.remove_columns(["fragile"])
    finding = Workshop(live.root, without, live.bundle).run("champion")
    assert finding.outcome == "warn"
    assert "lack inputs of the champion: fragile" in finding.measured


def test_champion_itself_is_not_applicable(accepted: Workshop) -> None:
    release(accepted.bundle.name)
    assert accepted.run("champion").outcome == "not applicable"


def test_champion_absent_is_not_applicable(accepted: Workshop) -> None:
    release("")
    assert accepted.run("champion").outcome == "not applicable"


def test_champion_missing_in_the_store_is_refused(live: Workshop) -> None:
    shutil.rmtree("bundles")
    finding = live.run("champion")
    assert (finding.outcome, "is not in the store" in finding.measured) == ("refuse", True)


def test_champion_without_acceptance_is_refused(live: Workshop) -> None:
    shutil.rmtree(RECORDS)
    finding = live.run("champion")
    assert (finding.outcome, "is not accepted" in finding.measured) == ("refuse", True)
