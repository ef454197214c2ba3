"""The interface of a check, and what checks share: comparisons, lists of faults, pictures."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic.dataclasses import dataclass as validated
from sklearn.pipeline import Pipeline

from engine.bundle.archive import same
from engine.bundle.build import TrainedRun, fetch, load_model
from engine.bundle.bundle import Bundle
from engine.bundle.evaluation import TestPredictions, TrainingResult, evaluate, predict_test
from engine.pages import charts
from engine.pages.page import Figure
from engine.problem.errors import BadInput
from engine.problem.spec import Problem
from engine.serving.model.predictor import Predictor, load, prepare
from engine.training.candidates import ModelDefinition
from engine.training.dataset import Dataset

Outcome = Literal["pass", "warn", "refuse", "not applicable"]
Group = Literal["worth it", "honest", "runs the same", "safe to own"]


@validated(frozen=True)
class Result:
    """The validated result of a check; `next` is the next step, empty where there is none."""

    outcome: Outcome
    measured: str
    required: str
    next: str = ""
    picture: Figure | None = None


@validated(frozen=True)
class Finding(Result):
    """A row of the verdict; `dropped` is the team's reason for not running the check.

    `because` says what a refusal prevents.
    """

    check: str = ""
    group: Group = "worth it"
    dropped: str = ""
    because: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding as verdict.json holds it, without the picture."""
        value = {"check": self.check, "group": self.group, "verdict": self.outcome}
        value |= {"measured": self.measured, "required": self.required, "next": self.next}
        return value | ({"dropped": self.dropped} if self.dropped else {})


@dataclass(frozen=True)
class CheckContext:
    """A verified bundle and the project's rows; the gate makes predictions and evaluation anew."""

    bundle: Bundle
    definition: ModelDefinition
    dataset: Dataset

    @property
    def problem(self) -> Problem:
        """The problem as it stands in the repository."""
        return self.dataset.problem

    @property
    def training_result(self) -> TrainingResult:
        """The values of the bundle that only training knows."""
        evaluation = self.bundle.evaluation
        name = evaluation.get("candidate", {}).get("name", "")
        times = evaluation.get("test_evaluations")
        return TrainingResult(name, self.bundle.threshold, times if type(times) is int else 0)

    @cached_property
    def model(self) -> Pipeline:
        """The model as training runs it."""
        return load_model(self.bundle.model_path)

    @cached_property
    def predictions(self) -> TestPredictions:
        """The model's predictions of the test rows."""
        return predict_test(self.dataset, self.model)

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """The evaluation of the model, computed by the gate."""
        return evaluate(self.predictions, self.training_result, self.definition.candidates)

    @cached_property
    def run(self) -> TrainedRun:
        """The training run that the bundle names; BadInput where MLflow has no such run."""
        return fetch(self.bundle.manifest["run_id"])

    @cached_property
    def predictor(self) -> Predictor:
        """The model as the server runs it, on its fast path where that is the same.

        Where golden rows differ, the pipeline itself: `parity` refuses it, others still measure.
        """
        try:
            return load(self.bundle, rehearsal=True)
        except BadInput as error:
            if error.code != "golden-row-differs":
                raise
            return prepare(self.bundle, rehearsal=True)


@dataclass(frozen=True)
class Check:
    """A named check of the gate.

    `slow_note`: what a check does that starts processes. `dropped`: the reason for not running it.
    `because`: what goes wrong in production where it would refuse, in one sentence.
    """

    name: str
    group: Group
    run: Callable[[CheckContext], Result]
    slow_note: str = ""
    dropped: str = ""
    because: str = ""


def pass_without(faults: Sequence[str], measured: str, required: str, advice: str) -> Result:
    """Refused with the first faults and the advice; passed with `measured` where there is none."""
    if faults:
        return Result("refuse", shorten(faults), required, advice)
    return Result("pass", measured, required)


def shorten(lines: Sequence[str], separator: str = "; ", shown: int = 3) -> str:
    """The first lines, and the number of the others, which mostly repeat the same fault."""
    more = [f"and {len(lines) - shown} more"] if len(lines) > shown else []
    return separator.join([*lines[:shown], *more])


def link(original: Path, place: Path) -> None:
    """Put a link to a file or folder in `place`, or a copy where links need a permission."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    try:
        place.symlink_to(original.absolute(), target_is_directory=original.is_dir())
    except OSError:  # on Windows
        copy = shutil.copytree if original.is_dir() else shutil.copyfile
        copy(original, place)


def differences(recorded: Any, computed: Any, where: str) -> list[str]:
    """Every value in which two JSON documents differ, scores within the tolerance of serving."""
    both, lines = (recorded, computed), []
    if all(isinstance(one, list) for one in both) and len(recorded) == len(computed):
        recorded, computed = (dict(enumerate(one, start=1)) for one in both)
    if isinstance(recorded, dict) and isinstance(computed, dict):
        for key in [*computed, *(key for key in recorded if key not in computed)]:
            lines += differences(recorded.get(key), computed.get(key), f"{where} {key}")
    elif not same(computed, recorded):
        shown = [f"{len(v)} entries" if isinstance(v, list) else f"{v!r:.60}" for v in both]
        lines.append(f"{where} is {shown[0]}, expected {shown[1]}")
    return lines


def intervals(
    title: str, rows: Mapping[str, Mapping[str, Any]], caption: str, mark: float | None = None
) -> Figure:
    """Named values with their intervals (`value`, `low`, `high`); `mark` is a vertical line."""
    plotted = []
    for name, one in rows.items():
        plotted.append(charts.Dot(name.replace("_", " "), one["value"], one["low"], one["high"]))
    return Figure(charts.interval_plot(title, plotted, mark=mark), caption)


def latencies(times_ms: Sequence[float], note: str) -> Figure:
    """The histogram of the times of single requests; the last bin holds the slowest 1 % too."""
    title = "Response time of requests of one row, ms"
    top = max(float(np.quantile(times_ms, 0.99)), 1.0)
    counts, edges = np.histogram(np.minimum(times_ms, top), 24, (0, top))
    picture = charts.histogram(title, edges.tolist(), counts.astype(float).tolist())
    return Figure(picture, f"{title}. {note}")
