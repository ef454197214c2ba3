"""The gate runs every notebook, names the cell that fails, and keeps no file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.gate.checks.check import Result
from engine.gate.checks.notebooks import run_notebooks
from engine.tests.project import source

MARIMO = """import marimo

app = marimo.App()


@app.cell
def _():
    x = {value}
    x
    return (x,)


@app.cell
def _(x):
    {last}
    return


if __name__ == "__main__":
    app.run()
"""


def jupyter(path: Path, *cells: str, **fields: Any) -> None:
    """A notebook as Jupyter saves it without outputs; `fields` change its cells."""
    words = {"cell_type": "markdown", "id": "words", "metadata": {}, "source": "# Words"}
    code: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    made = [{**code, "id": f"cell-{i}", "source": text, **fields} for i, text in enumerate(cells)]
    notebook = {"cells": [words, *made], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, indent=1))


def files(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `python -m eda notebook` needs, without the notebook that comes with it."""
    for name in ("engine", "problem", "data", "eda"):
        ignored = shutil.ignore_patterns("__pycache__", "raw", "examples", "explore.py")
        shutil.copytree(source(name), tmp_path / name, ignore=ignored)
    return tmp_path


def test_notebooks_absent_is_not_applicable(tmp_path: Path) -> None:
    (tmp_path / "eda").mkdir()
    (tmp_path / "eda/plain.py").write_text("x = 1\n")
    assert run_notebooks(tmp_path).outcome == "not applicable"


def test_notebooks_that_run_pass_and_keep_no_files(project: Path) -> None:
    (project / "data/raw").mkdir()
    (project / "data/raw/rows.csv").write_text("a\n1\n")
    (project / "poc").mkdir()
    (project / "poc/rough.py").write_text(MARIMO.format(value="1", last="open('made.txt', 'w')"))
    jupyter(
        project / "eda/look.ipynb",
        "%cd ..",
        "import pandas as pd\nfrom engine.problem.spec import read\nread().decision.name",
        "pd.read_csv('data/raw/rows.csv').to_csv('eda/made.csv')",
    )
    before = files(project)
    result = run_notebooks(project)
    assert result.outcome == "pass", result.measured
    assert "2 notebooks ran: eda/look.ipynb, poc/rough.py" in result.measured
    assert files(project) == before


def fails(cells: tuple[str, ...], seconds: int = 60) -> Callable[[Path], Result]:
    """A check of a project with one .ipynb of these cells."""

    def check(root: Path) -> Result:
        jupyter(root / "eda/look.ipynb", *cells)
        return run_notebooks(root, seconds)

    return check


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (fails(("x = 1", "x / 0")), "cell 3 (“x / 0”): ZeroDivisionError: division by zero"),
        (
            fails(("print(total)", "total = 2")),
            "cell 2 (“print(total)”): NameError: name 'total' is not defined",
        ),
        (fails(("while True:\n    pass",), 5), "cell 2 (“while True:”): not finished after 5 s"),
        (fails(("import os\nos._exit(1)",)), "cell 2 (“import os”): the kernel ended"),
    ],
)
def test_notebooks_failing_ipynb_is_refused_by_cell(
    check: Callable[[Path], Result], fault: str, tmp_path: Path
) -> None:
    result = check(tmp_path)
    assert result.outcome == "refuse"
    assert f"eda/look.ipynb, {fault}" in result.measured
    assert "Run All Cells" in result.next


def test_notebooks_committed_outputs_are_refused(tmp_path: Path) -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": "old"}
    jupyter(tmp_path / "eda/a.ipynb", "print('new')", execution_count=7)
    jupyter(tmp_path / "eda/b.ipynb", "print('new')", outputs=[printed])
    result = run_notebooks(tmp_path)
    assert result.outcome == "refuse"
    assert "eda/a.ipynb, cell 2: committed with outputs or run numbers" in result.measured
    assert "eda/b.ipynb, cell 2: committed with outputs or run numbers" in result.measured


def test_notebooks_unreadable_ipynb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "poc").mkdir()
    (tmp_path / "poc/broken.ipynb").write_text("{not a notebook")
    result = run_notebooks(tmp_path)
    assert result.outcome == "refuse"
    assert "poc/broken.ipynb: Jupyter cannot read it" in result.measured


@pytest.mark.parametrize(
    ("value", "last", "fault"),
    [
        ("1", "x / 0", "eda/mine.py: cell 2, line 15: ZeroDivisionError"),
        ("1", "while x: pass", "eda/mine.py: not finished after 8 s"),
    ],
)
def test_notebooks_failing_marimo_is_refused_by_cell(
    value: str, last: str, fault: str, project: Path
) -> None:
    (project / "eda/mine.py").write_text(MARIMO.format(value=value, last=last))
    result = run_notebooks(project, 8 if "while" in last else 60)
    assert result.outcome == "refuse"
    assert fault in result.measured


def test_notebooks_changed_raw_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "data/raw/rows.csv").write_text("a\n1\n")
    jupyter(tmp_path / "eda/look.ipynb", "open('../data/raw/rows.csv', 'a').write('2')")
    result = run_notebooks(tmp_path)
    assert result.outcome == "refuse"
    assert "changed data/raw" in result.measured
