"""A project, a model and a run that nobody had to train, made in a moment."""

from pathlib import Path
from typing import Any

import skops.io
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from engine.bundle.build import TrainedRun
from engine.problem.spec import PROBLEM_FILE, Task, read
from engine.tests.gate.made import MODEL
from engine.tests.gate.untrained import run_of
from engine.training.candidates import ModelDefinition
from engine.training.dataset import SEED, Dataset, gather
from engine.training.record.runs import FEATURES_FILE
from poc.model import candidates

LINEAR = 2


def fitted(task: Task, which: int = LINEAR) -> tuple[Dataset, Pipeline]:
    """The rows of the working directory's project, and a candidate fitted on the training rows."""
    dataset = gather(read(), MODEL.contract)
    model = candidates(dataset.columns, task, SEED)[which].model
    return dataset, clone(model).fit(dataset.inputs(dataset.train), dataset.targets.labels)


def run(task: Task, **changes: Any) -> tuple[TrainedRun, Dataset, ModelDefinition]:
    """The run that such a model may come from, evaluated three times."""
    dataset, model = fitted(task)
    file = Path("model.skops")
    skops.io.dump(model, file)
    metadata = {"candidate": "linear", "threshold": 0.25 if task == "binary" else None, "seed": 7}
    code = {"commit": "c" * 40, "dirty": False}
    metadata |= {"data_digest": dataset.digest, "code": code} | changes
    made = run_of(metadata, 3)
    given = {"model": model, "model_file": file}
    given |= {"problem_text": PROBLEM_FILE.read_text(), "features_text": FEATURES_FILE.read_text()}
    return TrainedRun(**{**vars(made), **given}), dataset, MODEL
