"""Values inside the files that people write: each is one error where it is read."""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.problem.files import toml
from engine.problem.spec import PROBLEM_FILE
from engine.tests.edges.commands import Runner
from engine.tests.edges.values import NOT_UTF8, VALUES, place
from engine.tests.project import STAGES
from engine.training.retrain import NEEDED

SOURCE = re.compile("^source = .*$", re.MULTILINE)
SOURCES = tuple(value for value in VALUES["source"] if NOT_UTF8 not in value)
# (what stands in problem.toml, what stands there instead)
CHANGES = (
    ("label_delay_days = ", "label_delay_days = 1000000000 # "),
    ("label_delay_days = ", "label_delay_days = -1 # "),
    ("label_delay_days = ", "label_delay_days = 1e3 # "),
    ("window_days = ", f"window_days = {10**30} # "),
    ("minimum_rows = ", f"minimum_rows = {10**30} # "),
    ("minimum = ", "minimum = nan # "),
    ("minimum = ", "minimum = 1e999 # "),
    ("minimum = ", "minimum = 1979-05-27 # "),
    ("metric = ", "metric = ['roc_auc'] # "),
    ("metric = ", "metric.a.b.c = 'roc_auc' # "),
    ("[decision]", "decision = 1\n[[decisions]]"),
    ("[rows]", "[[rows]]"),
    ('column = "distance_km"', 'column = "distance"'),
)


@pytest.fixture
def problem(command: Runner) -> Path:
    folder = command.folder / "problem"
    folder.mkdir()
    shutil.copy(STAGES / PROBLEM_FILE, folder)
    return folder / PROBLEM_FILE.name


def test_a_source_in_the_problem_that_is_none_is_one_error(command: Runner, problem: Path) -> None:
    there, text = place(command.folder), problem.read_text(encoding="utf-8")
    wrong = {}
    for pattern in SOURCES:
        source = f"source = {toml(pattern.format(**there))}"
        [was] = SOURCE.findall(text)
        problem.write_text(text.replace(was, source), encoding="utf-8")
        before = command.files()
        outcome = command("eda", "report")
        if not outcome.is_one_error() or command.files() != before:
            wrong[pattern[:40]] = outcome
    assert not wrong


def test_a_value_in_the_problem_of_another_type_is_one_error(
    command: Runner, problem: Path
) -> None:
    text, wrong = problem.read_text(encoding="utf-8"), {}
    for old, new in CHANGES:
        assert old in text
        problem.write_text(text.replace(old, new, 1), encoding="utf-8")
        outcome = command("problem", "check")
        if not outcome.is_one_error():
            wrong[new] = outcome
    assert not wrong


@pytest.mark.parametrize("name", NEEDED)
def test_a_fact_of_another_type_is_one_error(name: str, command: Runner, problem: Path) -> None:
    good = {
        "candidate": "a",
        "parameters": {},
        "calibrated": False,
        "data_digest": "0" * 64,
        "seed": 0,
    }
    invalid: tuple[Any, ...] = (None, 1.5, [], [[1]], 10**400)
    wrong = {}
    for value in invalid:
        (command.folder / "training.json").write_text(json.dumps(good | {name: value}))
        outcome = command("poc", "retrain", "training.json", "out")
        if not outcome.is_one_error() or (command.folder / "out").exists():
            wrong[repr(value)[:20]] = outcome
    assert not wrong


QUERIES = (
    "",
    ";",
    "-- nothing",
    "SELECT",
    "SELECT 1 AS a, 2 AS a",
    'SELECT 1 AS ""',
    "SELECT x'ff' AS late",
    "SELECT CAST(x'ff' AS TEXT) AS late",
    "SELECT 1 AS late WHERE 0",
    "SELECT 1e999 AS late",
    "DROP TABLE t",
    "DELETE FROM t",
    "SELECT * FROM t; SELECT * FROM t",
    "PRAGMA nonsense",
    "SELECT load_extension('a')",
    "SELECT zeroblob(2000000000) AS late",
    "%s :name {}",
)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_that_gives_no_table_is_one_error(query: str, command: Runner) -> None:
    with sqlite3.connect(command.folder / "rows.db") as connection:
        connection.execute("CREATE TABLE t (late, a)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(1, 2)] * 3)
    connection.close()
    (command.folder / "rows.sql").write_text(query)
    before = command.files()
    words = ("data", "adopt", "rows.sql", "--target", "late")
    outcome = command(*words, DATABASE_URL="sqlite:///rows.db")
    assert outcome.is_one_error(), outcome
    assert command.files() == before


CELLS = (
    f"x = {'(' * 250}1{')' * 250}",
    f"x = {'-' * 99_999}1",
    f"x = {'[' * 5000}{']' * 5000}",
    f"x = {'9' * 9000}",
    "x = (",
    "x = 1\n  y = 2",
    "raise SystemExit(0)",
    "x = '\\ud800'\nprint(x)\nraise ValueError(x)",
)


@pytest.mark.parametrize("code", CELLS, ids=lambda code: ascii(code)[:30])
def test_a_notebook_that_does_not_run_is_one_error(code: str, command: Runner) -> None:
    head = "import marimo\napp = marimo.App()\n"
    (command.folder / "notebook.py").write_text(f"{head}{code}\n", encoding="utf-8")
    before = command.files()
    outcome = command("eda", "notebook", "notebook.py", "--out", "page.html")
    assert outcome.is_one_error(), outcome
    assert command.files() == before
