"""Retrains from the recorded commit and the rows, and compares the result with the bundle."""

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
from engine.gate.checks.results import differences, shorten
from engine.problem.errors import EXIT_BAD_INPUT, BadInput
from engine.serving.model.predictor import load
from engine.training.record.write import RUN_METADATA
from engine.version import BadRelease, identity, installed

# Retraining uses the chosen parameters and does not repeat the search for them.
MOST_SECONDS = 3600
# The last characters of an error, and the places in the project's own code in a traceback.
LONGEST, PLACE = 600, re.compile(r'  File "(?:[^"]*/checkout/)([^"]+)", line (\d+)')
# What the run records and retraining must give again.
COMPARED = ("candidate", "parameters", "calibrated", "threshold", "data_digest")


def reproducible(context: CheckContext) -> Result:
    """A fresh process in a clean checkout gives the same numbers and golden predictions.

    Uncommitted work is retrained from the run's snapshot. That is a warning: a rehearsal may
    continue, `handoff accept` stops.
    """
    required = "retraining from the commit gives the same numbers and golden predictions"
    run, code = context.run, context.bundle.manifest["code"]
    from_snapshot = bool(code["dirty"] or not code["commit"])
    with tempfile.TemporaryDirectory() as folder:
        checkout, out = Path(folder, "checkout"), Path(folder, "out")
        if from_snapshot:
            shutil.unpack_archive(run.folder / SNAPSHOT, checkout)
        else:
            _check_out(code["commit"], checkout)
        if refusal := _engine_differs(context.bundle.manifest.get("engine"), checkout):
            return refusal
        _link_rows(context.problem.rows.source, checkout)
        _retrain(run, checkout, out)
        results = _compare(run.facts, json.loads((out / RUN_METADATA).read_text("utf-8")))
        results += _replay_golden(context, out / "model.skops")
    if results:
        return Result("refuse", shorten(results), required, _advice(context))
    commit = f"commit {str(code['commit'])[:12]}"
    source = "the snapshot of uncommitted work" if from_snapshot else commit
    golden = len(context.bundle.golden())
    measured = f"retrained from {source}: same numbers, {golden} golden predictions"
    if from_snapshot:
        advice = "Commit, then train and build again; only committed work can be signed."
        return Result("warn", measured, required, advice)
    return Result("pass", measured, required)


def _engine_differs(recorded: dict[str, str] | None, checkout: Path) -> Result | None:
    """A refusal if the clean checkout runs another engine than the bundle was built with.

    The commit alone does not show that: it does not hold an engine that is installed as a wheel.
    """
    folder = checkout / "engine"
    home = folder if folder.is_dir() else installed()
    try:
        current = identity(home) if home else None
    except BadRelease:  # a commit from before engines had versions
        current = None
    if recorded and current == recorded:
        return None
    return Result(
        "refuse",
        f"built with {_engine_name(recorded)}; the clean checkout runs {_engine_name(current)}",
        "the clean checkout runs the engine that the bundle was built with",
        "Commit the engine of this model, or install the pinned wheel; then train and build again.",
    )


def _engine_name(engine: dict[str, str] | None) -> str:
    return f"engine {engine['version']} ({engine['sha256'][:12]})" if engine else "no known engine"


def _advice(context: CheckContext) -> str:
    if causes := unportable(context.bundle.features_path):
        return (
            f"The feature code differs between runs: {'; '.join(causes)}. Remove that from "
            "poc/features.py, then train and build again."
        )
    return (
        "Train twice here and compare. If the two differ, set random_state in your own feature "
        "code or model. If not, the commit lacks a file that git ignores, or a package has "
        "another version."
    )


def _check_out(commit: str, checkout: Path) -> None:
    """The project as committed, in a folder without git and without other files."""
    done = subprocess.run(
        ["git", "archive", "--format=tar", "--end-of-options", commit],
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise BadInput(
            f"git has no commit {commit[:12]}: {done.stderr.decode(errors='replace').strip()}. "
            "Fetch it, or train and build again from a commit that is here.",
            code="unknown-commit",
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        try:
            archive.extractall(checkout, filter="data")
        except tarfile.FilterError as error:
            name, target = error.tarinfo.name, error.tarinfo.linkname
            raise BadInput(
                f"The committed file {name} is a link to {target}, which is outside the "
                "repository, so nobody else can train. Commit a link within the project or none "
                f"(`git rm --cached {name}`), then train and build again.",
                code="link-outside",
            ) from None


def _link_rows(source: str, checkout: Path) -> None:
    """Put the source's file where the checkout expects it, because git holds no data."""
    path = Path(source)
    if not is_file(source) or path.is_absolute() or not path.exists():
        return
    link = checkout / path
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(path.absolute())
    except OSError:  # on Windows, links need a permission
        shutil.copyfile(path, link)


def _retrain(run: TrainedRun, checkout: Path, out: Path) -> None:
    """Run `python -m poc retrain` in the checkout.

    Raises:
        BadInput: it failed or took too long.
    """
    metadata = (run.folder / RUN_METADATA).absolute()
    # The checkout's own code, whatever else is on the path here.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "poc", "retrain", str(metadata), str(out)],
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
            f"Retraining took longer than {MOST_SECONDS // 60} minutes and was stopped. Choose a "
            "candidate that trains faster.",
            code="retraining-timeout",
        ) from None
    if done.returncode:
        raise BadInput(_failure(done.returncode, done.stderr), code="retraining-failed")


def _failure(exit_code: int, stderr: str) -> str:
    """Why and where retraining failed, and the next step."""
    if exit_code < 0:
        return (
            f"Retraining was ended from outside (signal {-exit_code}), most often because memory "
            "was short. Close other programs, then check again."
        )
    lines = stderr.rstrip().splitlines()
    indented = [number for number, line in enumerate(lines) if line.startswith("  ")]
    error = " ".join(lines[indented[-1] + 1 if indented else 0 :])[-LONGEST:] or "no message"
    if exit_code == EXIT_BAD_INPUT:
        return f"Retraining from the committed files alone stopped: {error}"
    own_lines = PLACE.findall(stderr)
    where = " in {} line {}".format(*own_lines[-1]) if own_lines else ""
    return (
        f"Retraining from the committed files alone failed{where}: {error}. Most often a file "
        "that it needs is new or ignored by git: see `git status --ignored`, commit it, then train "
        "and build again."
    )


def _compare(recorded: Mapping[str, Any], retrained: Mapping[str, Any]) -> list[str]:
    """The recorded numbers that retraining did not give again."""
    chosen = next(one for one in recorded["trials"] if one["name"] == recorded["candidate"])
    before = {name: recorded.get(name) for name in COMPARED} | {"mean": chosen["mean"]}
    return differences(before, {name: retrained.get(name) for name in before}, "recorded")


def _replay_golden(context: CheckContext, model: Path) -> list[str]:
    """The first golden row whose prediction by the retrained model, as served, differs."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(context.bundle.path, folder, dirs_exist_ok=True)
        shutil.copyfile(model, Path(folder, "model/model.skops"))
        manifest = context.bundle.manifest
        files = manifest["files"] | {"model/model.skops": file_digest(model)}
        copy = replace(context.bundle, path=Path(folder), manifest=manifest | {"files": files})
        try:
            load(copy, rehearsal=True)
        except BadInput as error:
            return [str(error)]
    return []
