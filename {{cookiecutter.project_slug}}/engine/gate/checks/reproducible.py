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
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.bundle.build import SNAPSHOT, TrainedRun, load_model
from engine.bundle.golden import golden_answers
from engine.data.paths import is_file
from engine.gate.checks.check import CheckContext, Result, differences, link, shorten
from engine.problem.errors import EXIT_BAD_INPUT, BadInput
from engine.serving.model.table import frame
from engine.training.evaluate import predict
from engine.training.record.runs import RUN_METADATA
from engine.version import BadRelease, identity, installed

# Retraining uses the chosen parameters and does not repeat the search for them.
MOST_SECONDS = 3600
# The last characters of an error, and the places in the project's own code in a traceback.
LONGEST, PLACE = 600, re.compile(r'  File "(?:[^"]*/checkout/)([^"]+)", line (\d+)')
# What the run records and retraining must give again.
COMPARED = ("candidate", "parameters", "calibrated", "threshold", "data_digest")
ADVICE = "Remove code that check `safe` names. If two trainings differ, set random_state. If "
ADVICE += "not, the commit lacks a file that git ignores, or a package has another version."


def reproducible(context: CheckContext) -> Result:
    """A fresh process in a clean checkout gives the same numbers and golden predictions."""
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
        link_rows(context.problem.rows.source, checkout)
        _retrain(run, checkout, out)
        retrained = json.loads((out / RUN_METADATA).read_text("utf-8"))
        trials = {one["name"]: one for one in run.metadata["trials"]}
        recorded = {name: run.metadata.get(name) for name in COMPARED}
        recorded["mean"] = trials[run.metadata["candidate"]]["mean"]
        again = {name: retrained.get(name) for name in recorded}
        results = differences(recorded, again, "recorded")
        results += _replay_golden(context, out / "model.skops")
    if results:
        return Result("refuse", shorten(results), required, ADVICE)
    golden = f"same numbers, {len(context.bundle.golden())} golden predictions"
    if from_snapshot:
        advice = "Commit, then train and build again; only committed work can be signed."
        measured = f"retrained from the snapshot of uncommitted work: {golden}"
        return Result("warn", measured, required, advice)
    return Result("pass", f"retrained from commit {code['commit'][:12]}: {golden}", required)


def link_rows(source: str, checkout: Path) -> None:
    """Put a link to the file of rows into a checkout, because git holds no data.

    A database, and a file with an absolute path, are read where they are.
    """
    path = Path(source)
    if is_file(source) and not path.is_absolute() and path.exists():
        link(path, checkout / path)


def _engine_differs(recorded: dict[str, str] | None, checkout: Path) -> Result | None:
    """A refusal if the clean checkout runs another engine; no commit holds one from a wheel."""
    folder, current = checkout / "engine", None
    with suppress(BadRelease):  # a commit from before engines had versions
        home = folder if folder.is_dir() else installed()
        current = identity(home) if home else None
    if recorded and current == recorded:
        return None
    built, runs = (
        f"engine {one['version']} ({one['sha256'][:12]})" if one else "no known engine"
        for one in (recorded, current)
    )
    measured = f"built with {built}; the clean checkout runs {runs}"
    required = "the clean checkout runs the engine that the bundle was built with"
    advice = "Commit this engine, or install the pinned wheel; then train and build again."
    return Result("refuse", measured, required, advice)


def _check_out(commit: str, checkout: Path) -> None:
    """The project as committed, in a folder without git and without other files."""
    words = ["git", "archive", "--format=tar", "--end-of-options", commit]
    done = subprocess.run(words, capture_output=True, check=False, timeout=120)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        message = f"git has no commit {commit[:12]}: {reason}. Fetch it, or train and build again."
        raise BadInput(message, code="unknown-commit")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        try:
            archive.extractall(checkout, filter="data")
        except tarfile.FilterError as error:
            name, target = error.tarinfo.name, error.tarinfo.linkname
            message = f"The committed file {name} is a link to {target}, outside the repository. "
            message += f"Remove it (`git rm --cached {name}`), then train and build again."
            raise BadInput(message, code="link-outside") from None


def _retrain(run: TrainedRun, checkout: Path, out: Path) -> None:
    """Run `python -m poc retrain` in the checkout; BadInput if it fails or takes too long."""
    metadata = (run.folder / RUN_METADATA).absolute()
    # The checkout's own code, whatever else is on the path here.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    options: dict[str, Any] = {"cwd": checkout, "env": env | {"PYTHONDONTWRITEBYTECODE": "1"}}
    options |= {"capture_output": True, "encoding": "utf-8", "errors": "replace"}
    words = [sys.executable, "-m", "poc", "retrain", str(metadata), str(out)]
    try:
        done = subprocess.run(words, check=False, timeout=MOST_SECONDS, **options)
    except subprocess.TimeoutExpired:
        message = f"Retraining took longer than {MOST_SECONDS // 60} minutes and was stopped. "
        message += "Choose a candidate that trains faster."
        raise BadInput(message, code="retraining-timeout") from None
    if done.returncode:
        raise BadInput(_failure(done.returncode, done.stderr), code="retraining-failed")


def _failure(exit_code: int, stderr: str) -> str:
    if exit_code < 0:
        message = f"Retraining was ended from outside (signal {-exit_code}), most often for lack "
        return f"{message}of memory. Close other programs, then check again."
    lines = stderr.rstrip().splitlines()
    indented = [number for number, line in enumerate(lines) if line.startswith("  ")]
    error = " ".join(lines[indented[-1] + 1 if indented else 0 :])[-LONGEST:] or "no message"
    if exit_code == EXIT_BAD_INPUT:
        return f"Retraining from the committed files alone stopped: {error}"
    own_lines = PLACE.findall(stderr)
    where = " in {} line {}".format(*own_lines[-1]) if own_lines else ""
    message = f"Retraining from the committed files alone failed{where}: {error}. Most often git "
    return f"{message}ignores a file: see `git status --ignored`, commit it, then train again."


def _replay_golden(context: CheckContext, model_file: Path) -> list[str]:
    """The golden rows whose predictions by the retrained model differ."""
    bundle, task = context.bundle, context.problem.target.task
    golden, classes = bundle.golden(), context.dataset.targets.classes
    table = frame([one["row"] for one in golden], bundle.contract.inputs)
    scores = predict(load_model(model_file), table, task, classes)
    answers = golden_answers(scores, task, classes, bundle.threshold)
    return differences([one["answer"] for one in golden], answers, "golden row")
