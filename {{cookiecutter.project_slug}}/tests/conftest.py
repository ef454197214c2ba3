"""Fixtures of several tests: the problem, its rows, a small bundle, a client of the server."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient
from threadpoolctl import threadpool_limits

import handoff.__main__
import poc.__main__
from data.contract import ROW
from engine.bundle import bundle as bundles
from engine.bundle.bundle import Bundle
from engine.contract.column import Column
from engine.data.columns import columns as describe
from engine.data.columns import json_rows
from engine.data.load import inputs, load
from engine.data.paths import is_file, is_query
from engine.data.split import split
from engine.problem.spec import PROBLEM_FILE, Problem, read
from engine.serving.http.app import Start
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.model.predictor import Predictor
from engine.serving.model.predictor import load as load_predictor
from serving.app import create_app

PROJECT = Path(__file__).parents[1]
# Enough rows to train every candidate, few enough to do it in seconds.
SAMPLE_ROWS = 1_000
# What `python -m poc train` and `python -m handoff build` read, besides the rows.
FILES = (PROBLEM_FILE, "poc/features.py", "requirements/serving.txt", "deploy/release.toml")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Small fits are faster on one thread."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="session")
def problem() -> Problem:
    """problem/problem.toml, validated."""
    return read(PROJECT / PROBLEM_FILE)


@pytest.fixture(scope="session")
def rows(problem: Problem) -> pd.DataFrame:
    """Every row of the source that problem.toml names, valid by data/contract.py."""
    source = problem.rows.source
    if is_query(source) and "DATABASE_URL" not in os.environ:
        pytest.skip(f"Set DATABASE_URL: {source} reads a database.")
    if is_file(source) and not (PROJECT / source).is_file():
        pytest.skip(f"{source} is not on this machine: git ignores data/raw.")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        return load(problem, ROW)


@pytest.fixture(scope="session")
def sample(rows: pd.DataFrame) -> pd.DataFrame:
    """At most 1,000 rows, evenly spread, so that they cover the whole time."""
    step = -(-len(rows) // SAMPLE_ROWS)
    return rows.iloc[::step].reset_index(drop=True)


@pytest.fixture(scope="session")
def columns(problem: Problem, sample: pd.DataFrame) -> tuple[Column, ...]:
    """The inputs of the model: name, type, range, categories, meaning."""
    return describe(problem, ROW, sample)


@pytest.fixture(scope="session")
def table(sample: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """The inputs of the sample, with the types that training and the server use."""
    return inputs(sample, columns)


@pytest.fixture(scope="session")
def requests(
    problem: Problem, sample: pd.DataFrame, columns: tuple[Column, ...]
) -> list[dict[str, Any]]:
    """The test rows of the sample as JSON, as a client sends them."""
    test = sample.iloc[split(problem, sample).test]
    return json_rows(test, columns)


@pytest.fixture(scope="session")
def workshop(
    problem: Problem, sample: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder like the project's, whose problem.toml names the sample as its source."""
    folder = tmp_path_factory.mktemp("workshop")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, folder / name)
    (folder / "data/raw").mkdir(parents=True)
    sample.to_parquet(folder / "data/raw/sample.parquet")
    text = (folder / PROBLEM_FILE).read_text(encoding="utf-8")
    source = f"source = {json.dumps('data/raw/sample.parquet')}"
    text = re.sub(r"^source\s*=.*$", source, text, flags=re.MULTILINE)
    (folder / PROBLEM_FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def bundle(workshop: Path) -> Bundle:
    """The bundle of a model trained on the sample, made by the team's own commands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workshop)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{(workshop / 'mlflow.db').as_posix()}")
        assert poc.__main__.main(["train"]) == 0
        assert handoff.__main__.main(["build"]) == 0
        [built] = (workshop / "build/bundles").iterdir()
        return bundles.read(built)


@pytest.fixture(scope="session")
def predictor(bundle: Bundle) -> Predictor:
    """The model of the sample's bundle, loaded as the server loads it."""
    return load_predictor(bundle, rehearsal=True)


@pytest.fixture
def log(bundle: Bundle, tmp_path: Path) -> Iterator[PredictionLog]:
    """The prediction log that `client` writes."""
    folder = tmp_path / "logs/predictions"
    with PredictionLog(folder, bundle.problem.columns.personal) as log:
        yield log


@pytest.fixture
def start(predictor: Predictor, log: PredictionLog) -> Start:
    """What `serving.app.create_app` needs: the model, and where to keep predictions and labels."""
    return Start(lambda: predictor, log, Labels(log.folder.parent / "labels"))


@pytest.fixture
def client(start: Start) -> Iterator[TestClient]:
    """A client of the server, with the routes of serving/app.py."""
    with TestClient(create_app(start)) as client:
        yield client
