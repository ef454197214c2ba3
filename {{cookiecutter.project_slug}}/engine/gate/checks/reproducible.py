"""Does training again, from nothing but the recorded commit and the rows, give the same model?"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.bundle.bundle import file_digest
from engine.bundle.feature_code import unportable
from engine.bundle.run import SNAPSHOT, TrainedRun
from engine.data.paths import is_file
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import differences, shorten
from engine.problem.errors import BadInput
from engine.serving.model.predictor import load
from engine.training.record.write import RUN_METADATA
from engine.version import BadRelease, identity, installed

# Chosen parameters are replayed, not the search that found them; longer than this no one waits.
MOST_SECONDS = 3600
# Of what a failed retraining said, the error and the last place in the project's own code.
LONGEST, PLACE = 600, re.compile(r'  File "(?:[^"]*/checkout/)([^"]+)", line (\d+)')
# How a command of the project ends that says itself what to do.
BAD_INPUT = 2
# What training writes down and must come to again.
AGAIN = ("candidate", "parameters", "calibrated", "threshold", "data_digest")


def reproducible(evidence: CheckContext) -> Result:
    """A fresh process in a clean checkout retrains to the same numbers and golden answers.

    Uncommitted work is retrained from the snapshot that the run took of it. That is a warning: a
    rehearsal may go on, `handoff accept` refuses it.
    """
    required = "trained again from its commit: the same numbers and golden answers"
    run, code = evidence.run, evidence.bundle.manifest["code"]
    from_snapshot = bool(code["dirty"] or not code["commit"])
    with tempfile.TemporaryDirectory() as folder:
        checkout, out = Path(folder, "checkout"), Path(folder, "out")
        if from_snapshot:
            _unpack(run, checkout)
        else:
            _check_out(code["commit"], checkout)
        if refusal := _another_engine(evidence.bundle.manifest.get("engine"), checkout):
            return refusal
        _link_rows(evidence.problem.rows.source, checkout)
        _retrain(run, checkout, out)
        found = _against(run.facts, json.loads((out / RUN_METADATA).read_text("utf-8")))
        found += _golden(evidence, out / "model.skops")
    if found:
        return Result("refuse", shorten(found), required, _advice(evidence))
    golden = len(evidence.bundle.golden())
    if from_snapshot:
        measured = f"from the snapshot of uncommitted work: same numbers, {golden} golden answers"
        return Result("warn", measured, required, "commit, then train and build again, to sign")
    measured = f"from commit {code['commit'][:12]}: same numbers, {golden} golden answers"
    return Result("pass", measured, required)


def _another_engine(recorded: dict[str, str] | None, checkout: Path) -> Result | None:
    """A refusal where the clean checkout runs another engine than the bundle was built with.

    The recorded commit does not say which: an engine that is installed as a wheel is not in it.
    """
    folder = checkout / "engine"
    home = folder if folder.is_dir() else installed()
    try:
        here = identity(home) if home else None
    except BadRelease:  # of a commit from before engines had versions
        here = None
    if recorded and here == recorded:
        return None
    return Result(
        "refuse",
        f"built with {_named(recorded)}; the clean checkout runs {_named(here)}",
        "built with the engine that the clean checkout runs",
        "commit the engine that is to make this model, or install the wheel that is pinned; then "
        "train and build again",
    )


def _named(engine: dict[str, str] | None) -> str:
    return f"engine {engine['version']} ({engine['sha256'][:12]})" if engine else "no known engine"


def _advice(evidence: CheckContext) -> str:
    """Where to look for what makes the difference."""
    if never_alike := unportable(evidence.bundle.features_path):
        return (
            f"the same code and rows do not give the same features: {'; '.join(never_alike)}; take "
            "that out of poc/features.py, then train and build again"
        )
    return (
        "train twice, here, and compare: if the two differ, something is left to chance (a "
        "random_state in your own feature code or model); if not, the recorded commit lacks "
        "something: a file that git ignores, another version of a package"
    )


def _check_out(commit: str, checkout: Path) -> None:
    """The project as committed, in a folder that knows no git and no file beside."""
    done = subprocess.run(
        ["git", "archive", "--format=tar", "--end-of-options", commit],
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise BadInput(
            f"git knows no commit {commit[:12]}: {done.stderr.decode(errors='replace').strip()}; "
            "fetch it, or train and build again from one that is here"
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        try:
            archive.extractall(checkout, filter="data")
        except tarfile.FilterError as error:
            name, to = error.tarinfo.name, error.tarinfo.linkname
            raise BadInput(
                f"{name}, as committed, is a link to {to}, which is on this machine and not in the "
                "repository: nobody else can train from that. Commit a link within the project, or "
                f"none (`git rm --cached {name}`), then train and build again"
            ) from None


def _unpack(run: TrainedRun, checkout: Path) -> None:
    """The files of the snapshot that the run took."""
    shutil.unpack_archive(run.folder / SNAPSHOT, checkout)


def _link_rows(source: str, checkout: Path) -> None:
    """Put the source's file where the checkout looks for it: git holds no data."""
    path = Path(source)
    if not is_file(source) or path.is_absolute() or not path.exists():
        return
    there = checkout / path
    there.parent.mkdir(parents=True, exist_ok=True)
    there.unlink(missing_ok=True)
    try:
        there.symlink_to(path.absolute())
    except OSError:  # Windows asks for a right to make links
        shutil.copyfile(path, there)


def _retrain(run: TrainedRun, checkout: Path, out: Path) -> None:
    """Run `python -m poc retrain` in the checkout, as the recorded packages allow.

    Raises:
        BadInput: it failed, with the end of what it said, or took too long.
    """
    facts = (run.folder / RUN_METADATA).absolute()
    words = [sys.executable, "-m", "poc", "retrain", str(facts), str(out)]
    # The checkout's own code, whatever else is on the path here.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            words,
            cwd=checkout,
            env=env | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise BadInput(
            f"training again took longer than {MOST_SECONDS // 60} minutes and was stopped; choose "
            "a candidate that trains faster"
        ) from None
    if done.returncode:
        raise BadInput(_failure(done.returncode, done.stderr))


def _failure(code: int, stderr: str) -> str:
    """Why training again failed, where, and what to do."""
    if code < 0:
        return (
            f"training again was ended from outside (signal {-code}), most often because memory "
            "ran out; close what else runs, and ask the gate again"
        )
    lines = stderr.rstrip().splitlines()
    way = [number for number, line in enumerate(lines) if line.startswith("  ")]
    said = " ".join(lines[way[-1] + 1 if way else 0 :])[-LONGEST:] or "it said nothing"
    if code == BAD_INPUT:
        return f"training again, from nothing but what is committed, was refused: {said}"
    places = PLACE.findall(stderr)
    where = f", in {places[-1][0]} line {places[-1][1]}" if places else ""
    return (
        f"training again, from nothing but what is committed, failed{where}: {said}. It worked "
        "here, so something that it needs is not in the commit, most often a file that is new or "
        "that git ignores; see `git status --ignored`, commit it, then train and build again"
    )


def _against(recorded: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """Numbers that came out otherwise than they were recorded."""
    chosen = next(one for one in recorded["trials"] if one["name"] == recorded["candidate"])
    before = {name: recorded.get(name) for name in AGAIN} | {"mean": chosen["mean"]}
    return differences(before, {name: again.get(name) for name in before}, "recorded")


def _golden(evidence: CheckContext, model: Path) -> list[str]:
    """The first golden row that the retrained model answers otherwise, served as the bundle is."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(evidence.bundle.path, folder, dirs_exist_ok=True)
        shutil.copyfile(model, Path(folder, "model/model.skops"))
        said = evidence.bundle.manifest
        files = said["files"] | {"model/model.skops": file_digest(model)}
        here = replace(evidence.bundle, path=Path(folder), manifest=said | {"files": files})
        try:
            load(here, rehearsal=True)
        except BadInput as error:
            return [str(error)]
    return []
