"""A model that its own commit does not reproduce is refused."""

import json
import shutil
from pathlib import Path

import pytest

from engine.bundle.bundle import read
from engine.bundle.record import RECORDS, VERDICT
from engine.gate.checks import reproducible
from engine.tests.gate.lies import FEATURES, put
from engine.tests.gate.made import Workshop
from engine.tests.gate.signing import commit_all, git
from engine.version import identity


def test_reproducible_committed_training_passes(passed: Workshop) -> None:
    verdict = json.loads((RECORDS / passed.bundle.name / VERDICT).read_text())
    [line] = [one for one in verdict["findings"] if one["check"] == "reproducible"]
    assert line["verdict"] == "pass"
    assert line["measured"].startswith("retrained from commit ")


def _at(made: Workshop, commit: str) -> None:
    made.edit_json("manifest.json", put(commit, "code", "commit"))


def test_reproducible_changed_engine_tests_pass(passed: Workshop) -> None:
    """The passing case of those below: tests and READMEs do not change the engine's identity."""
    note = passed.root / "engine/tests/test_ours.py"
    note.parent.mkdir(exist_ok=True)
    note.touch()
    (passed.root / "engine/README.md").touch()
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    finding = passed.run("reproducible")
    assert finding.outcome == "pass", finding.measured


def test_reproducible_other_engine_is_refused(passed: Workshop) -> None:
    built = read(passed.bundle).manifest["engine"]
    (passed.root / "engine/VERSION").write_text("2.9.0\n")
    with (passed.root / "engine/training/retrain.py").open("a") as code:
        code.write("# ours\n")
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    other = identity(passed.root / "engine")
    finding = passed.run("reproducible")
    assert finding.outcome == "refuse"
    assert finding.measured == (
        f"built with engine {built['version']} ({built['sha256'][:12]}); "
        f"the clean checkout runs engine 2.9.0 ({other['sha256'][:12]})"
    )
    assert "train and build again" in finding.next


def test_reproducible_unrecorded_engine_is_refused(passed: Workshop) -> None:
    """Bundles of engine 1 are served, but not accepted."""
    passed.edit_json("manifest.json", lambda manifest: manifest.pop("engine"))
    finding = passed.run("reproducible")
    assert finding.outcome == "refuse"
    assert "built with no known engine" in finding.measured


def test_reproducible_commit_without_engine_uses_the_installed_one(
    passed: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a wheel, the commit holds no engine: only the recorded hash identifies it."""
    elsewhere = passed.root.parent / "site-packages/engine"
    shutil.copytree(passed.root / "engine", elsewhere)
    git("rm", "--quiet", "-r", "engine")
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    assert "clean checkout runs no known engine" in passed.run("reproducible").measured
    monkeypatch.setattr(reproducible, "installed", lambda: elsewhere)
    with (elsewhere / "pages/style.css").open("a") as style:
        style.write("p {}\n")
    assert passed.run("reproducible").outcome == "refuse"


def test_reproducible_other_model_is_refused(passed: Workshop) -> None:
    features = passed.root / FEATURES
    ours = features.read_text()
    features.write_text(ours.replace("LARGEST = 1e30", "LARGEST = 9.0"))
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    features.write_text(ours)
    finding = passed.run("reproducible")
    assert finding.outcome == "refuse"
    assert "recorded mean is" in finding.measured
    assert "golden row" in finding.measured


def test_reproducible_commit_that_cannot_train_is_refused(passed: Workshop) -> None:
    git("rm", "--quiet", "data/contract.py")
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    finding = passed.run("reproducible")
    assert finding.outcome == "refuse"
    assert "No module named 'data.contract'" in finding.measured


def test_reproducible_error_in_committed_code_is_located(passed: Workshop) -> None:
    model = passed.root / "poc/model.py"
    ours = model.read_text()
    model.write_text(ours + "\nnothing_at_all\n")
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    model.write_text(ours)
    finding = passed.run("reproducible")
    assert finding.outcome == "refuse"
    assert "in poc/model.py line " in finding.measured
    assert "NameError: name 'nothing_at_all' is not defined" in finding.measured
    assert "Traceback" not in finding.measured


def test_reproducible_random_feature_code_is_refused_and_named_by_safe(passed: Workshop) -> None:
    features = passed.root / FEATURES
    ours = features.read_text()
    features.write_text(ours.replace("LARGEST = 1e30", "LARGEST = 9.0"))
    commit_all()
    features.write_text(ours)
    passed.edit("code/features.py", "import numpy as np\n", "import random\n\nimport numpy as np\n")
    _at(passed, git("rev-parse", "HEAD").strip())
    finding = passed.run("reproducible")
    assert finding.outcome == "refuse"
    assert "check `safe`" in finding.next
    assert "imports random" in passed.run("safe").measured


def test_reproducible_link_out_of_the_project_is_refused(passed: Workshop) -> None:
    Path("data/notes.csv").symlink_to(Path("/srv/elsewhere.csv"))
    commit_all()
    _at(passed, git("rev-parse", "HEAD").strip())
    finding = passed.run("reproducible")
    assert finding.outcome == "refuse"
    assert "committed file data/notes.csv is a link to /srv/elsewhere" in finding.measured
    assert "git rm --cached data/notes.csv" in finding.measured


@pytest.mark.parametrize("commit", ["0" * 40, "--output=evil.tar"])
def test_reproducible_unknown_commit_is_refused(passed: Workshop, commit: str) -> None:
    _at(passed, commit)
    finding = passed.run("reproducible")
    assert finding.outcome == "refuse"
    assert "git has no commit" in finding.measured
    assert not Path("evil.tar").exists()


def test_reproducible_uncommitted_work_is_a_warning(passed: Workshop) -> None:
    passed.edit_json("manifest.json", put(True, "code", "dirty"))
    finding = passed.run("reproducible")
    assert finding.outcome == "warn", finding.measured
    assert "snapshot of uncommitted work" in finding.measured
