"""Retraining runs in a clean checkout of the commit, and each way to fail has its own words."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.build import TrainedRun
from engine.gate.checks import reproducible as room
from engine.gate.checks.reproducible import LONGEST, _check_out, _engine_differs, _failure, _retrain
from engine.problem.errors import EXIT_BAD_INPUT, BadInput
from engine.tests.gate.signing import commit_all, git
from engine.tests.gate.untrained import run_of
from engine.version import identity

TRACEBACK = """\
a warning
Traceback (most recent call last):
  File "/tmp/x/checkout/poc/train.py", line 7, in <module>
    main()
  File "/tmp/x/checkout/poc/model.py", line 12, in main
    f()
  File "/usr/lib/python3/pandas.py", line 99, in f
    raise KeyError
KeyError: 'no such
column'
"""


@pytest.mark.parametrize(
    ("code", "stderr", "facts"),
    [
        (1, TRACEBACK, ["in poc/model.py line 12: KeyError: 'no such column'. ", "git status"]),
        (1, "  File \"x\", line 1\n    def\nSyntaxError: bad\n", ["failed: SyntaxError: bad. "]),
        (1, "plain\nwords\n", ["failed: plain words. "]),
        (1, "", ["failed: no message. "]),
        (EXIT_BAD_INPUT, "error: no rows\n", ["alone stopped: error: no rows"]),
        (-9, "whatever", ["(signal 9)", "memory"]),
    ],
)  # fmt: skip
def test_failure_names_the_error_and_its_place(code: int, stderr: str, facts: list[str]) -> None:
    text = _failure(code, stderr)
    assert [fact for fact in facts if fact not in text] == []
    assert "Traceback" not in text
    assert ("git status" in text) == (code == 1)


def test_failure_shows_the_end_of_a_long_error() -> None:
    text = _failure(EXIT_BAD_INPUT, "a" + "b" * LONGEST)
    assert text.endswith("b" * LONGEST)
    assert "a" + "b" * LONGEST not in text


def engine(folder: Path, version: str = "1.2.3", code: str = "x = 1\n") -> dict[str, str]:
    """A small engine in a checkout; its identity."""
    home = folder / "engine"
    home.mkdir(parents=True, exist_ok=True)
    (home / "VERSION").write_text(version)
    (home / "a.py").write_text(code)
    return identity(home)


def test_engine_differs_only_where_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = engine(tmp_path)
    assert _engine_differs(recorded, tmp_path) is None
    unknown = _engine_differs(None, tmp_path)
    assert unknown is not None
    assert unknown.outcome == "refuse"
    assert unknown.measured.startswith("built with no known engine; ")
    now = engine(tmp_path, code="x = 2\n")
    other = _engine_differs(recorded, tmp_path)
    assert other is not None
    assert other.measured == (
        f"built with engine 1.2.3 ({recorded['sha256'][:12]}); "
        f"the clean checkout runs engine 1.2.3 ({now['sha256'][:12]})"
    )
    assert other.next
    (tmp_path / "engine/VERSION").unlink()  # a commit from before engines had versions
    assert "runs no known engine" in str(_engine_differs(recorded, tmp_path))
    nowhere = tmp_path / "nothing"
    for home, same in ((None, False), (tmp_path / "wheel/engine", True)):
        wheel = engine(tmp_path / "wheel")
        monkeypatch.setattr(room, "installed", lambda home=home: home)
        assert (_engine_differs(wheel, nowhere) is None) == same


def test_check_out_has_the_files_of_the_commit_alone(plain_git: None, empty: Path) -> None:
    git("init", "--quiet")
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.org")
    Path("poc").mkdir()
    Path("poc/a.py").write_text("old")
    commit_all()
    commit = git("rev-parse", "HEAD").strip()
    Path("poc/a.py").write_text("new")
    Path("more.py").write_text("not committed")
    checkout = empty / "away"
    _check_out(commit, checkout)
    assert (checkout / "poc/a.py").read_text() == "old"
    assert {path.name for path in checkout.rglob("*")} == {"poc", "a.py"}
    for unknown in ("0" * 40, "--output=evil.tar"):
        with pytest.raises(BadInput, match=unknown[:12]) as refused:
            _check_out(unknown, empty / "nowhere")
        assert refused.value.code == "unknown-commit"
    assert not Path("evil.tar").exists()
    Path("out").symlink_to("/srv/elsewhere")
    commit_all()
    with pytest.raises(BadInput, match=r"file out .*/srv/elsewhere") as refused:
        _check_out(git("rev-parse", "HEAD").strip(), empty / "linked")
    assert refused.value.code == "link-outside"


RETRAIN = """\
import json, os, pathlib, sys
command, metadata, out = sys.argv[1:]
pathlib.Path(out).mkdir()
about = {"command": command, "metadata": metadata, "folder": os.getcwd(), "path": sys.path[:1]}
about |= {"env": {name: os.environ.get(name) for name in ("PYTHONPATH", "KEPT")}}
about["no_bytecode"] = sys.dont_write_bytecode
pathlib.Path(out, "about.json").write_text(json.dumps(about))
"""


@pytest.fixture
def checkout(empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose `poc retrain` writes down how it was started."""
    folder = empty / "checkout"
    (folder / "poc").mkdir(parents=True)
    (folder / "poc/__main__.py").write_text(RETRAIN)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("KEPT", "yes")
    return folder


def run(empty: Path) -> TrainedRun:
    return replace(run_of({}), folder=Path("run"))


def test_retrain_runs_the_checkouts_own_code(empty: Path, checkout: Path) -> None:
    _retrain(run(empty), checkout, empty / "out")
    about: dict[str, Any] = json.loads((empty / "out/about.json").read_text())
    assert about["command"] == "retrain"
    assert about["metadata"] == str(empty / "run/training.json")
    assert Path(about["folder"]).resolve() == checkout.resolve()
    assert about["env"] == {"PYTHONPATH": None, "KEPT": "yes"}
    assert about["no_bytecode"]
    assert os.environ["PYTHONPATH"] == "elsewhere"


@pytest.mark.parametrize(
    ("code", "fact"), [("raise SystemExit(2)", "stopped"), ("1 / 0", "ZeroDivisionError")]
)
def test_retrain_that_fails_is_an_error(empty: Path, checkout: Path, code: str, fact: str) -> None:
    (checkout / "poc/__main__.py").write_text(code)
    with pytest.raises(BadInput, match=fact) as refused:
        _retrain(run(empty), checkout, empty / "out")
    assert refused.value.code == "retraining-failed"


def test_retrain_that_takes_too_long_is_stopped(
    empty: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[float] = []

    def slow(words: list[str], *, timeout: float, **_: Any) -> None:
        assert words[0] == sys.executable
        timeouts.append(timeout)
        raise subprocess.TimeoutExpired(words, timeout)

    monkeypatch.setattr("subprocess.run", slow)
    with pytest.raises(BadInput, match="60 minutes") as refused:
        _retrain(run(empty), checkout, empty / "out")
    assert refused.value.code == "retraining-timeout"
    assert timeouts == [3600]
