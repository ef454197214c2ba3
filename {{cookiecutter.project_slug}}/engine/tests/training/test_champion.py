"""The champion is compared by its own bundle, on the same folds, and never chosen again."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.bundle import champion as room
from engine.bundle.build import build
from engine.tests.training.made import problem
from engine.tests.training.training import definition, fetch_run, table, train_here
from engine.training.candidates import CHAMPION
from engine.training.compare import against_champion, paired_gain
from engine.training.record.runs import Run
from poc import model
from poc.features import features

SPEC = problem("binary")
FEATURES = Path("poc/features.py")


@pytest.fixture
def released(here: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, str]:
    """A run whose bundle both teams accepted and released."""
    run = train_here(SPEC, table("binary"))
    assert run.metadata["champion"] is None
    bundle = build(definition(bool), run.run_id, Path("bundles"), lambda _: None)
    Path("deploy").mkdir()
    Path("deploy/release.toml").write_text(f'champion = "{bundle.id}"\n')
    monkeypatch.setattr(room, "refusal", lambda _: None)
    return run, bundle.id


def test_champion_of_the_same_recipe_is_equal_and_not_chosen(released: tuple[Run, str]) -> None:
    first, bundle = released
    run = train_here(SPEC, table("binary"))
    champion = run.metadata["trials"][-1]
    assert champion["name"] == CHAMPION
    assert (
        champion["folds"] == list(first.chosen_trial["folds"])
        or champion["folds"] == (first.chosen_trial["folds"])
    )
    origin = fetch_run(run).metadata["champion"]
    assert (origin["bundle"], origin["candidate"]) == (bundle, first.chosen)
    assert origin["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert run.chosen == first.chosen
    assert bundle[:12] in str(against_champion(run.metadata))


def test_champion_keeps_its_own_feature_code(
    released: tuple[Run, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today's features are worse: the champion's row shows its own, and the paired loss."""
    first, _ = released
    # As an edit of poc/features.py would: today's numbers and categories are gone.
    original = features
    monkeypatch.setattr(
        model, "features",
        lambda kinds, **given: original({n: k for n, k in kinds.items() if k == "date"}, **given),
    )  # fmt: skip
    run = train_here(SPEC, table("binary"))
    champion = run.metadata["trials"][-1]
    assert champion["mean"] == pytest.approx(first.chosen_trial["mean"])
    difference = run.metadata["champion"]["difference"]
    assert difference["high"] < 0
    rows = run.data.out_of_fold_rows
    gain = paired_gain(
        run.data.metric, run.outcome, run.predictions, run.scores[CHAMPION][rows], "binary", None
    )
    assert difference["value"] == pytest.approx(gain.value)
    assert np.isfinite(run.scores[CHAMPION][rows]).all()


@pytest.mark.parametrize(
    ("line", "reason"), [("", ""), (f'champion = "{"0" * 64}"\n', "is not in the store")]
)
def test_champion_that_is_not_here_is_reported(here: Path, line: str, reason: str) -> None:
    Path("deploy").mkdir()
    Path("deploy/release.toml").write_text(line)
    messages: list[str] = []
    run = train_here(SPEC, table("binary"), messages)
    assert any(reason in one for one in messages if "is not compared" in one) == bool(reason)
    assert CHAMPION not in run.scores
    assert json.loads(json.dumps(run.metadata))["champion"] is None
    assert against_champion(run.metadata) is None
