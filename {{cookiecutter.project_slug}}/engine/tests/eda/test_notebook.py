"""Notebooks run without a browser, their page needs no network, and errors name the cell."""

import re
import runpy
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from eda.__main__ import EXPLORE, main
from engine.data.paths import is_file
from engine.eda.notebooks.cells import cells, run
from engine.eda.notebooks.page import show, write
from engine.pages import charts
from engine.pages.page import Figure, Note, Section
from engine.problem.errors import BadInput
from engine.problem.files import MissingFile
from engine.problem.spec import read

HEAD = "import marimo\n\napp = marimo.App()\n\n"


def notebook(path: Path, *bodies: str, head: str = HEAD) -> Path:
    """A marimo notebook with one cell a body; names pass between cells as in marimo."""
    sections_ = []
    for body in bodies:
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        sections_.append(f"@app.cell\ndef _():\n{lines}    return\n\n\n")
    path.write_text(head + "".join(sections_) + "if __name__ == '__main__':\n    app.run()\n")
    return path


def words(path: Path) -> str:
    seen = re.sub(r"<style>.*?</style>|<[^>]+>", " ", path.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(seen))


@pytest.fixture
def rows_are_here() -> None:
    """The shipped notebook needs the rows of problem.toml."""
    source = read().rows.source
    if is_file(source) and not Path(source).is_file():
        pytest.skip(f"{source} is not on this machine")


@pytest.mark.usefixtures("rows_are_here")
def test_explore_as_script_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "eda.explore"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("rows_are_here")
def test_explore_other_feature_chosen_is_used() -> None:
    app = runpy.run_path(str(EXPLORE))["app"]
    outputs, defined = app.run()
    assert len(outputs) >= 8
    first = defined["profile"].columns[0].name
    _, other = app.run(
        defs={"chosen": type("Chosen", (), {"value": first}), "names": defined["names"]}
    )
    assert other["feature"].name == first


@pytest.mark.usefixtures("rows_are_here")
def test_notebook_page_needs_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "explore.html"
    assert main(["notebook", "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    html = out.read_text()
    assert not re.search(r"<script|<link rel=\"stylesheet|https?://|url\(|@import", html)
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", html)
    assert html.count("<svg") >= 4
    assert len(html.encode()) < 500_000
    assert "Each row is one case of the question" in words(out)


@pytest.mark.usefixtures("rows_are_here")
def test_notebook_page_in_browser_has_visible_charts(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("no Chromium on this machine")
    out = write(EXPLORE, tmp_path / "explore.html")
    # Read what the browser built: the pictures' sizes, which only a laid-out page knows.
    probe = out.with_name("probe.html")
    counting = (
        "<script>document.title = [...document.querySelectorAll('svg.chart')]"
        ".filter(s => s.getBoundingClientRect().height > 20).length</script></body>"
    )
    probe.write_text(out.read_text().replace("</body>", counting))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    done = subprocess.run(
        [browser, *flags, f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom", probe.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    shown = re.search(r"<title>(\d+)</title>", done.stdout)
    assert shown
    assert int(shown[1]) == out.read_text().count("<svg") >= 4


def test_write_each_kind_of_output_is_shown(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "kinds.py",
        "import pandas as pd\npd.DataFrame({'size': [1.5, None], 'of': ['<b>a</b>', 'b']})",
        "import pandas as pd2\npd2.Series([1, 2], name='counts')",
        "print('said ' + 'aloud')\nNone",
        "{'a': [1, 2]}",
        "import marimo as mo\nmo.md('# A *fine* title\\n\\nFirst words.\\n\\n- one\\n- two')",
        "import marimo as mo2\nmo2.ui.slider(1, 9, value=4)",
        "from matplotlib.figure import Figure\nf = Figure()\nf.add_subplot().plot([1, 2])\nf",
    )
    html = (out := write(path, tmp_path / "out.html")).read_text()
    text = words(out)
    assert "2 rows, 2 columns" in text
    assert "<b>a</b>" in text  # escaped on the page
    assert "<b>a" not in html
    assert "counts" in text
    assert "It prints: said aloud" in text
    assert "{'a': [1, 2]}" in text
    assert ">A fine title</h2>" in html
    assert "First words. • one • two" in text
    assert "Its value is 4." in text
    assert html.count('src="data:image/png;base64,') == 1


def test_write_long_table_is_cut_with_note(tmp_path: Path) -> None:
    path = notebook(tmp_path / "long.py", "import pandas as pd\npd.DataFrame({'x': range(10_000)})")
    text = words(write(path, tmp_path / "out.html"))
    assert "10,000 rows, 1 column; shown: the first 20 rows" in text
    assert "9,999" not in text


def test_write_hidden_code_is_not_shown(tmp_path: Path) -> None:
    path = notebook(tmp_path / "code.py", "# why\nx = 1  # one\nx + 1")
    path.write_text(
        path.read_text().replace(
            "if __name__",
            "@app.cell(hide_code=True)\ndef _():\n    y_hidden = 2\n    return\n\n\nif __name__",
        )
    )
    (first, second) = cells(path)
    assert first.code == "# why\nx = 1  # one\nx + 1"
    assert second.hidden
    text = words(write(path, tmp_path / "out.html"))
    assert "# why x = 1 # one x + 1" in text
    assert "y_hidden" not in text


def test_run_function_prints_text_belongs_to_calling_cell(tmp_path: Path) -> None:
    path = notebook(tmp_path / "says.py", "def say():\n    print('hello')", "print('first')", "2")
    text = path.read_text().replace("def _():\n    2", "def _(say):\n    say()")
    path.write_text(
        text.replace("    print('hello')\n    return", "    print('hello')\n    return (say,)")
    )
    assert [ran.printed.strip() for ran in run(path)] == ["", "first", "hello"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("a = 1\nb = a / 0", "cell 2, line 15: ZeroDivisionError"),
        ("missing_name + 1", "cell 2, line 14: NameError"),
        ("raise SystemExit('over')", "cell 2, line 14: SystemExit"),
        ("import nowhere_to_be_found", "cell 2, line 14: ModuleNotFoundError"),
    ],
)
def test_write_cell_fails_names_cell_and_line_without_a_page(
    body: str, place: str, tmp_path: Path
) -> None:
    path = notebook(tmp_path / "bad.py", "x = 1\nx", body, "3")
    with pytest.raises(BadInput, match=place) as caught:
        write(path, tmp_path / "out.html")
    assert caught.value.code == "notebook-cell-failed"
    assert not (tmp_path / "out.html").exists()


def test_run_cell_stops_the_others_is_refused(tmp_path: Path) -> None:
    path = notebook(tmp_path / "stops.py", "import marimo as mo\nmo.stop(True)", "3")
    text = path.read_text().replace("stop(True)\n    return", "stop(True)\n    return (mo,)")
    path.write_text(text.replace("def _():\n    3", "def _(mo):\n    mo.md('x')"))
    with pytest.raises(BadInput, match="of 2 cells") as caught:
        run(path)
    assert caught.value.code == "notebook-stopped"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = 1\n", "not-a-notebook"),
        ("", "not-a-notebook"),
        ("import marimo\napp = marimo.App()\ndef (\n", "notebook-syntax"),
    ],
)
def test_cells_file_without_notebook_is_refused(text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        cells(path)
    assert caught.value.code == code


def test_cells_without_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        cells(tmp_path / "nowhere.py")


def test_run_name_defined_twice_is_refused(tmp_path: Path) -> None:
    path = notebook(tmp_path / "twice.py", "x = 1", "x = 2")
    with pytest.raises(BadInput) as caught:
        run(path)
    assert caught.value.code == "notebook-cell-failed"


def test_show_in_editor_is_one_iframe() -> None:
    figure = Figure(charts.bars("Sizes", [("a", 1.0)]), "Said.")
    html = show(
        Section("Title", "data scientist", "Sentence."), figure, Note("Last.")
    )._repr_html_()
    assert html.startswith("<iframe title=")
    inside = unescape(html)
    assert "<svg" in inside
    assert "Sentence." in inside
    assert "Last." in inside
    assert not re.search(r"https?://", inside)
