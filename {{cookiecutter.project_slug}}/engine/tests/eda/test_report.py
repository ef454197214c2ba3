"""The EDA page of any table: its text, its charts, and no use of test outcomes."""

import re
import textwrap
import tomllib
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import eda.report
from eda.__main__ import main
from eda.report import report
from engine.data.paths import is_file
from engine.eda.profile import PICTURE_ROWS, SHOWN, Report, SectionMaker, measure
from engine.problem.spec import read
from engine.problem.tables import Columns
from engine.tests.eda.frames import Task, columns, mixed, problem

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def page_of(frame: pd.DataFrame, path: Path, task: Task = "binary", time: str | None = None) -> str:
    """The page about `frame` as text."""
    written = report(problem(task, time=time), frame, columns(frame), path)
    return written.path.read_text()


def words(html: str) -> str:
    """The text of a page in one line."""
    seen = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(seen))


@pytest.mark.parametrize("task", TASKS)
def test_report_every_column_type_and_task_has_charts(task: Task, tmp_path: Path) -> None:
    frame = mixed(task)
    html = page_of(frame, tmp_path / "index.html", task, "when")
    for name in frame.columns.drop("outcome"):
        assert html.count(f"<h3>{name}</h3>") >= 2
        assert f"<title>Distribution of {name}</title>" in html
        assert f"<title>outcome by {name}</title>" in html
    assert "nan" not in words(html).lower().split()


def test_report_missing_values_shares_are_right(tmp_path: Path) -> None:
    frame = mixed("binary", lost=0.0)
    frame.loc[:249, "noise"] = np.nan
    frame.loc[:2, "word"] = None
    text = words(page_of(frame, tmp_path / "index.html"))
    assert "2 of 9 inputs" in text
    assert "noise has the most (25 %)" in text
    assert "1,000 rows, 9 inputs, 3 % of values missing" in text
    assert re.search(r"word category 0\.3 %", text)


def test_report_nothing_missing_is_stated(tmp_path: Path) -> None:
    text = words(page_of(mixed("binary", lost=0.0), tmp_path / "index.html"))
    assert "No value is missing." in text


@pytest.mark.parametrize("task", TASKS)
def test_report_test_outcomes_changed_page_is_equal(task: Task, tmp_path: Path) -> None:
    frame = mixed(task)
    other = frame.copy()
    test = np.arange(len(frame)) >= 800
    other.loc[test, "outcome"] = frame.loc[test, "outcome"].to_numpy()[::-1]
    assert not other["outcome"].equals(frame["outcome"])
    first = page_of(frame, tmp_path / "a.html", task, "when")
    assert page_of(other, tmp_path / "b.html", task, "when") == first


def test_report_hostile_names_and_values_are_escaped(tmp_path: Path) -> None:
    hostile = '<script>alert("1")</script>'
    frame = mixed("binary").rename(columns={"noise": hostile})
    frame["word"] = frame["word"].replace("a", hostile)
    frame["copy"] = frame["outcome"].astype("str")
    html = page_of(frame.rename(columns={"copy": f"copy {hostile}"}), tmp_path / "index.html")
    assert "<script" not in html
    assert hostile in words(html)


def test_report_target_copy_has_line_that_excludes_it(tmp_path: Path) -> None:
    frame = mixed("binary")
    frame['the "truth"'] = frame["outcome"].astype("str")
    written = report(problem("binary"), frame, columns(frame), tmp_path / "index.html")
    assert written.suspects == ('the "truth"',)
    assert written.headline.endswith('the "truth" may leak the target.')
    (code,) = re.findall(r"<code>(.*?)</code>", written.path.read_text(), re.DOTALL)
    [(name, why)] = tomllib.loads(unescape(code))["columns"]["known_after"].items()
    assert name == 'the "truth"'
    assert "re-encodes" in why


def test_report_strong_suspect_has_line_for_known_after(tmp_path: Path) -> None:
    frame = mixed("binary")
    rng = np.random.default_rng(0)
    frame["strong"] = 6 * (frame["outcome"] == frame["outcome"].max()) + rng.normal(size=len(frame))
    written = report(problem("binary"), frame, columns(frame), tmp_path / "index.html")
    (code,) = re.findall(r"<code>(.*?)</code>", written.path.read_text(), re.DOTALL)
    assert list(tomllib.loads(unescape(code))["columns"]["known_after"]) == ["strong"]


def test_report_many_features_strongest_have_charts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 200)), columns=[f"x{i}" for i in range(200)])
    frame["outcome"] = frame["x150"] + rng.normal(size=300) > 0
    html = page_of(frame, tmp_path / "index.html")
    assert html.count("<title>Distribution of x") == SHOWN
    assert "<title>Distribution of x150</title>" in html
    assert f"The {SHOWN} of 200 features" in words(html)
    assert len(html.encode()) < 500_000


def test_report_of_a_thousand_columns_is_short_and_counts_what_it_leaves_out(
    tmp_path: Path,
) -> None:
    """Long names, gaps, issues and exclusions in all of them: lists end, with how many follow."""
    rng, stem = np.random.default_rng(0), "a measurement with a rather long name, in units"
    values = rng.normal(size=(120, 1_000)).round(2)
    values[rng.random(values.shape) < 0.1] = np.nan
    frame = pd.DataFrame(values, columns=[f"{stem} {i:03}" for i in range(1_000)])
    frame.iloc[:, 100:300] = 1.0
    frame["outcome"] = rng.random(120) > 0.5
    excluded = dict.fromkeys(frame.columns[600:1_000], "a copy of another")
    one = problem("binary")
    one = one.model_copy(update={"columns": Columns(excluded=excluded)})
    inputs = columns(frame.drop(columns=[*excluded]))
    html = report(one, frame, inputs, tmp_path / "index.html").path.read_text()
    text = words(html)
    assert "100 more inputs: see data/contract.py" in text
    assert "The first 30 of 401." in text
    assert "397 more" in text
    assert len(html.encode()) < 500_000


def test_report_many_rows_are_sampled_with_note(tmp_path: Path) -> None:
    rows = PICTURE_ROWS + 10_000
    frame = pd.DataFrame({"when": pd.date_range("2026-01-01", periods=rows, freq="min", unit="us")})
    frame["x"] = np.arange(rows) % 97 * 1.0
    frame["outcome"] = frame["x"] > 90
    text = words(page_of(frame, tmp_path / "index.html", time="when"))
    assert f"use {PICTURE_ROWS:,} random rows" in text
    assert f"{rows:,} rows, 2 inputs" in text


@pytest.mark.parametrize("task", TASKS)
def test_measure_random_split_sample_has_train_and_test_rows(task: Task) -> None:
    frame = mixed(task, rows=PICTURE_ROWS + 20_000, lost=0.0)[["signal", "outcome"]]
    seen = measure(problem(task), frame, columns(frame))
    assert len(seen.sample) == PICTURE_ROWS
    assert 0.79 < len(seen.learn) / PICTURE_ROWS < 0.81


def test_report_duplicates_are_counted_with_contradictions(tmp_path: Path) -> None:
    frame = mixed("binary", rows=200, lost=0.0)[["signal", "outcome"]]
    again = frame.head(20).assign(outcome=~frame["outcome"].head(20))
    text = words(page_of(pd.concat([frame, again], ignore_index=True), tmp_path / "index.html"))
    assert "9 % of rows (20) repeat the inputs" in text
    assert "with another outcome" in text


def test_report_rows_cannot_be_split_is_stated(tmp_path: Path) -> None:
    frame = mixed("multiclass", rows=300, lost=0.0)
    frame["outcome"] = frame["outcome"].astype("str")
    frame.loc[0, "outcome"] = "seldom"  # cannot be on both sides
    text = words(page_of(frame, tmp_path / "index.html", "multiclass"))
    assert "There is no test set yet" in text
    assert "seldom: fewer than 30 training rows" in text


def test_report_excluded_column_has_reason_and_no_chart(tmp_path: Path) -> None:
    frame = mixed("binary")
    frame["came"] = frame["outcome"] * 1.0
    late = Columns(known_after={"came": "when it has come"}, personal={"name": "names a person"})
    questions = problem("binary").model_copy(update={"columns": late})
    described = [c for c in columns(frame) if c.name not in questions.kept_out]
    html = report(questions, frame, described, tmp_path / "index.html").path.read_text()
    text = words(html)
    assert re.search(r"came known too late: when it has come >?(9|100)", text)
    # Not measured: the column holds personal data.
    assert "name names a person –" in text
    assert "<h3>came</h3>" not in html
    assert "came may leak the target" not in text


def test_report_twenty_classes_are_all_named(tmp_path: Path) -> None:
    frame = mixed("regression", rows=2_000)
    frame["outcome"] = pd.qcut(frame["outcome"], 20, labels=False).map("class {}".format)
    frame["outcome"] = frame["outcome"].astype("str")
    html = page_of(frame, tmp_path / "index.html", "multiclass")
    target = html[html.index('id="target"') : html.index('id="leakage-suspects"')]
    assert all(f">class {i}<" in target for i in range(20))
    assert "20 classes" in words(target)


def test_report_target_with_long_tail_has_warning(tmp_path: Path) -> None:
    frame = mixed("regression", rows=500)
    frame.loc[::125, "outcome"] = 1e6
    text = words(page_of(frame, tmp_path / "a.html", "regression"))
    assert "The 1 % of rows furthest from the mean" in text
    frame = mixed("regression", rows=500)
    frame.loc[:249, "outcome"] = 0.0
    assert "Consider two models" in words(page_of(frame, tmp_path / "b.html", "regression"))


@pytest.mark.parametrize("names", [["größe", "日本語", "a b/c<d>"], ["x.y", "[0]", "%s {}"]])
def test_report_unusual_column_names_are_shown(names: list[str], tmp_path: Path) -> None:
    frame = mixed("binary").rename(
        columns=dict(zip(["signal", "noise", "word"], names, strict=True))
    )
    text = words(page_of(frame, tmp_path / "index.html", time="when"))
    assert all(name in text for name in names)


def test_report_drifting_features_are_named(tmp_path: Path) -> None:
    frame = mixed("binary", rows=600, lost=0.0)
    rows = np.arange(len(frame))
    frame["rising"] = rows * 1.0
    text = words(page_of(frame, tmp_path / "one.html", time="when"))
    assert "rising changes over time" in text
    for i in range(4):
        frame[f"rising {i}"] = rows + i * 0.5 * rows
    text = words(page_of(frame, tmp_path / "many.html", time="when"))
    assert "change over time most, of 5 features" in text


def test_report_empty_constant_and_unique_columns_are_named(tmp_path: Path) -> None:
    frame = mixed("binary", rows=60)
    frame["empty"] = np.nan
    frame["same"] = 7.0
    frame["own"] = pd.Series([f"passenger {i}" for i in range(60)], dtype="str")
    text = words(page_of(frame, tmp_path / "index.html"))
    assert "empty has no value at all" in text
    assert "same is always 7" in text
    assert "own is different in almost every row" in text


@pytest.mark.parametrize("task", TASKS)
def test_report_same_rows_same_page(task: Task, tmp_path: Path) -> None:
    first, second = (page_of(mixed(task), tmp_path / name, task) for name in ("a.html", "b.html"))
    assert first == second


def test_report_needs_neither_network_nor_script(tmp_path: Path) -> None:
    html = page_of(mixed("multiclass"), tmp_path / "index.html", "multiclass", "when")
    assert not re.search(r"<script|<link rel=\"stylesheet|https?://|url\(|@import", html)
    assert html.count("<svg") == html.count("<title>") - 1 - html.count("</title></rect>") > 10


def test_report_has_picture_for_journey(tmp_path: Path) -> None:
    written = report(
        problem("binary"), mixed("binary"), columns(mixed("binary")), tmp_path / "a.html"
    )
    assert isinstance(written, Report)
    assert written.picture.startswith("<svg")
    assert "signal" in written.headline


def test_command_report_writes_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = read().rows.source
    if is_file(source) and not Path(source).is_file():
        pytest.skip(f"{source} is not on this machine")
    out = tmp_path / "deep" / "index.html"
    assert main(["report", "--out", str(out)]) == 0
    assert out.read_text().startswith("<!doctype html>")
    assert str(out) in capsys.readouterr().out


# --- what a team changes -------------------------------------------------------------------------


def documented() -> tuple[SectionMaker, ...]:
    """The SECTIONS of the docstring's example."""
    [example] = re.findall(r"(?:^ {4}.*\n\n*)+", str(eda.report.__doc__), re.MULTILINE)
    module: dict[str, Any] = vars(eda.report).copy()
    exec(textwrap.dedent(example), module)  # noqa: S102  our own documentation
    sections: tuple[SectionMaker, ...] = module["SECTIONS"]
    return sections


def titles(html: str) -> list[str]:
    return re.findall(r"<h2[^>]*>(.*?)</h2>", html)


def test_sections_own_section_follows_docstring_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The docstring of eda/report.py shows how to add a section; a dropped line has no section."""
    frame = mixed("binary")
    before = titles(page_of(frame, tmp_path / "before.html", time="when"))
    monkeypatch.setattr(eda.report, "SECTIONS", documented()[1:])
    html = page_of(frame, tmp_path / "after.html", time="when")
    assert titles(html) == [*before[1:], "Size"]
    assert "MB of memory." in words(html)


def test_sections_none_is_omitted(tmp_path: Path) -> None:
    """Rows without a time have no section about time."""
    frame = mixed("binary")
    assert "Over time" in titles(page_of(frame, tmp_path / "with.html", time="when"))
    assert "Over time" not in titles(page_of(frame, tmp_path / "without.html"))
