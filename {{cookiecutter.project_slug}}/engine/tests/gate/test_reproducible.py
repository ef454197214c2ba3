"""A model that its own commit does not give again does not pass."""

import json
from pathlib import Path

import pytest

from engine.bundle.record import RECORDS, VERDICT
from engine.tests.gate.lies import FEATURES, put
from engine.tests.gate.made import Workshop
from engine.tests.gate.signing import commit_all, git


def test_a_committed_training_gives_the_same_model_again(passed: Workshop) -> None:
    verdict = json.loads((RECORDS / passed.bundle.name / VERDICT).read_text())
    [line] = [one for one in verdict["findings"] if one["check"] == "reproducible"]
    assert line["verdict"] == "pass"
    assert line["measured"].startswith("from commit ")


def _at(made: Workshop, commit: str) -> None:
    made.edit_json("manifest.json", put(commit, "code", "commit"))


def test_a_commit_that_trains_another_model_is_refused(passed: Workshop) -> None:
    features = passed.root / FEATURES
    ours = features.read_text()
    features.write_text(ours.replace("LARGEST = 1e30", "LARGEST = 9.0"))
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    features.write_text(ours)
    finding = passed.ask("reproducible")
    assert finding.verdict == "refuse"
    assert "recorded mean is" in finding.measured
    assert "golden row" in finding.measured


def test_a_commit_that_cannot_train_is_refused_with_its_words(passed: Workshop) -> None:
    git("rm", "--quiet", "engine/training/retrain.py")
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    finding = passed.ask("reproducible")
    assert finding.verdict == "refuse"
    assert "No module named 'engine.training.retrain'" in finding.measured


def test_an_error_in_committed_code_is_said_with_its_place(passed: Workshop) -> None:
    training = passed.root / "engine/training/retrain.py"
    ours = training.read_text()
    training.write_text(
        ours.replace("    taught = lesson(dataset)", "    taught = lesson(nothing)")
    )
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    training.write_text(ours)
    finding = passed.ask("reproducible")
    assert finding.verdict == "refuse"
    assert "in engine/training/retrain.py line " in finding.measured
    assert "NameError: name 'nothing' is not defined" in finding.measured
    assert "Traceback" not in finding.measured


def test_feature_code_that_is_another_each_time_is_named_as_the_cause(passed: Workshop) -> None:
    features = passed.root / FEATURES
    ours = features.read_text()
    features.write_text(ours.replace("LARGEST = 1e30", "LARGEST = 9.0"))
    commit_all()
    features.write_text(ours)
    passed.edit("code/features.py", "import numpy as np\n", "import random\n\nimport numpy as np\n")
    _at(passed, git("rev-parse", "HEAD").strip())
    finding = passed.ask("reproducible")
    assert finding.verdict == "refuse"
    assert "do not give the same features: features.py line" in finding.next
    assert "imports random" in finding.next


def test_a_committed_link_out_of_the_project_is_said_in_a_sentence(passed: Workshop) -> None:
    Path("data/notes.csv").symlink_to(Path("/srv/elsewhere.csv"))
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    finding = passed.ask("reproducible")
    assert finding.verdict == "refuse"
    assert finding.measured.startswith("data/notes.csv, as committed, is a link to /srv/elsewhere")
    assert "git rm --cached data/notes.csv" in finding.measured


@pytest.mark.parametrize("commit", ["0" * 40, "--output=evil.tar"])
def test_a_commit_that_nobody_knows_is_refused(passed: Workshop, commit: str) -> None:
    _at(passed, commit)
    finding = passed.ask("reproducible")
    assert finding.verdict == "refuse"
    assert "git knows no commit" in finding.measured
    assert not Path("evil.tar").exists()


def test_work_that_is_not_committed_is_trained_again_from_its_snapshot(passed: Workshop) -> None:
    passed.edit_json("manifest.json", put(True, "code", "dirty"))
    finding = passed.ask("reproducible")
    assert finding.verdict == "warn", finding.measured
    assert "snapshot of uncommitted work" in finding.measured
