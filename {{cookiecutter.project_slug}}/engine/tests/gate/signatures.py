"""A committed project with a small bundle, to sign for without a training."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.build import TrainedRun
from engine.bundle.bundle import MANIFEST, Bundle, read
from engine.bundle.record import RECORDS
from engine.gate import accept as room
from engine.gate.accept import Signature, accept
from engine.gate.checks.check import Check, Outcome, Result
from engine.gate.gate import Verdict, record, validate
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.tests.gate.made import MODEL, reseal
from engine.tests.gate.signing import DATA_SCIENCE, commit_all, git
from engine.tests.gate.untrained import run_of, write
from engine.tests.monitoring.made import bundle_of, frozen, write_bundle
from engine.training.record.runs import FEATURES_FILE

EVALUATION = {"candidate": {"name": "linear"}, "threshold": 0.25, "test_evaluations": 3}


def committed(folder: Path) -> str:
    """A project in git; the commit of all its files."""
    write("binary")
    (folder / ".gitignore").write_text("build/\ndata/raw/\n")
    git("init", "--quiet")
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.org")
    return commit()


def commit() -> str:
    commit_all()
    return git("rev-parse", "HEAD").strip()


def bundle_at(commit: str) -> Bundle:
    """A bundle of the files in the working directory that names this commit, and its verdict."""
    folder = Path("build/bundles/one")
    write_bundle(folder, bundle_of(frozen()))
    for name, file in (("problem.toml", PROBLEM_FILE), ("code/features.py", FEATURES_FILE)):
        (folder / name).write_bytes(file.read_bytes())
    (folder / "evaluation.json").write_text(json.dumps(EVALUATION))
    manifest = json.loads((folder / MANIFEST).read_text())
    code = {"commit": commit, "dirty": False, "snapshot": "5" * 64}
    manifest |= {"code": code, "run_id": "1", "data_digest": "d", "version": "1"}
    manifest["trained_at"] = run_of({}).trained_at.isoformat()
    (folder / MANIFEST).write_text(json.dumps(manifest))
    bundle = read(folder.rename(folder.parent / reseal(folder)))
    record(Verdict(bundle.id, ()))
    return bundle


def run_behind(bundle: Bundle, **metadata: Any) -> TrainedRun:
    """The run that such a bundle was built from, with other metadata."""
    facts = {"threshold": 0.25, "candidate": "linear", "data_digest": "d"}
    facts |= {"code": bundle.manifest["code"]} | metadata
    return replace(run_of(facts, 3), model_file=bundle.model_path)


def check(name: str = "own", outcome: Outcome = "pass", slow: str = "") -> Check:
    return Check(name, "honest", lambda _: Result(outcome, f"m {name}", "r", "n"), slow)


class Signing:
    """A committed project with a bundle, a run behind it and a verdict of these checks."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BUNDLES", raising=False)
        self.bundle = bundle_at(committed(folder))
        self.checks: Sequence[Check] = [check(), check("slow", slow="a process")]
        self.aliases: list[tuple[str, str]] = []
        self.fetched: list[object] = []
        run = run_behind(self.bundle)

        def fetch(name: object) -> TrainedRun:
            self.fetched.append(name)
            return run

        monkeypatch.setattr(room, "fetch", fetch)
        monkeypatch.setattr(
            room, "_set_alias", lambda bundle, run: self.aliases.append((bundle.id, run.id))
        )
        self.record()

    def record(self, *checks: Check) -> None:
        record(validate(self.bundle.path, MODEL, checks or self.checks))

    def sign(self, team: str = DATA_SCIENCE, checks: Sequence[Check] | None = None) -> Signature:
        given = self.checks if checks is None else checks
        return accept(self.bundle.path, team, MODEL, given)

    def refused(self, team: str = DATA_SCIENCE, checks: Sequence[Check] | None = None) -> str:
        """The code of the refusal; nothing is signed, published or registered."""
        before = sorted(RECORDS.rglob("*.toml"))
        with pytest.raises(BadInput) as refused:
            self.sign(team, checks)
        assert sorted(RECORDS.rglob("*.toml")) == before
        assert not Path("bundles").exists()
        assert self.aliases == []
        return str(refused.value.code)

    def signature(self, team: str) -> dict[str, Any]:
        return tomllib.loads((RECORDS / self.bundle.id / f"{team}.toml").read_text())
