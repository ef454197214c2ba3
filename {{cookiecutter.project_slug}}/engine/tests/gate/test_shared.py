"""What checks share: lists of faults, differences of documents, links, pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engine.gate.checks.check import (
    Finding,
    Result,
    differences,
    intervals,
    latencies,
    link,
    pass_without,
    shorten,
)
from engine.gate.checks.reproducible import link_rows
from engine.pages import charts
from engine.tests.gate.untrained import context_of, write


def test_pass_without_faults_passes_and_with_faults_refuses() -> None:
    assert pass_without([], "all equal", "equal", "again") == Result("pass", "all equal", "equal")
    refused = pass_without(["a", "b"], "all equal", "equal", "again")
    assert refused == Result("refuse", "a; b", "equal", "again")


@pytest.mark.parametrize(
    ("lines", "options", "text"),
    [
        (["a"], {}, "a"),
        (["a", "b", "c"], {}, "a; b; c"),
        (["a", "b", "c", "d", "e"], {}, "a; b; c; and 2 more"),
        (["a", "b", "c"], {"separator": ", ", "shown": 2}, "a, b, and 1 more"),
        ([], {}, ""),
    ],
)
def test_shorten_shows_the_first_and_counts_the_rest(
    lines: list[str], options: dict[str, Any], text: str
) -> None:
    assert shorten(lines, **options) == text


SAME: list[Any] = [1, 0.1, "a", None, True, [], {}, [1, 2.0], {"a": {"b": [1, {"c": 2}]}}]
LONG = "x" * 100
OTHER: list[tuple[Any, Any, list[str]]] = [
    (1, 2, ["d is 1, expected 2"]),
    (0.1, 0.2, ["d is 0.1, expected 0.2"]),
    (True, 1, ["d is True, expected 1"]),
    ("a", None, ["d is 'a', expected None"]),
    ({"a": 1}, {"a": 2}, ["d a is 1, expected 2"]),
    ({"a": 1}, {}, ["d a is 1, expected None"]),
    ({}, {"a": 1}, ["d a is None, expected 1"]),
    ({"a": 1, "c": 5}, {"b": 2, "a": 3},
     ["d b is None, expected 2", "d a is 1, expected 3", "d c is 5, expected None"]),
    ([1, 2, 3], [1, 5, 4], ["d 2 is 2, expected 5", "d 3 is 3, expected 4"]),
    ([1, 2], [1], ["d is 2 entries, expected 1 entries"]),
    ([1], {"a": 1}, ["d is 1 entries, expected {'a': 1}"]),
    ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["d a 1 b is 1, expected 2"]),
    (LONG, "a", [f"d is {LONG!r:.60}, expected 'a'"]),
]  # fmt: skip


@pytest.mark.parametrize("value", SAME, ids=str)
def test_differences_of_equal_documents_are_none(value: Any) -> None:
    assert differences(value, value, "d") == []


@pytest.mark.parametrize(("recorded", "computed", "lines"), OTHER, ids=str)
def test_differences_name_each_value_by_its_place(
    recorded: Any, computed: Any, lines: list[str]
) -> None:
    assert differences(recorded, computed, "d") == lines


def test_differences_of_scores_within_the_tolerance_are_none() -> None:
    assert differences({"score": 0.5}, {"score": 0.5 * (1 + 1e-7)}, "d") == []
    assert differences([1.0, 2.0], [1.0, 2.0 + 1e-4], "d") == ["d 2 is 2.0, expected 2.0001"]


def test_link_shows_the_original_whatever_stood_there(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file.txt").write_text("original")
    for name in ("folder", "folder/file.txt"):
        place = tmp_path / "deep/er" / Path(name).name
        for _ in range(2):
            link(tmp_path / name, place)
        assert place.is_symlink()
        assert place.resolve() == (tmp_path / name).resolve()
    stale = tmp_path / "stale.txt"
    stale.write_text("older")
    link(tmp_path / "folder/file.txt", stale)
    assert stale.read_text() == "original"


def test_link_from_another_folder_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.txt").write_text("1")
    link(Path("one.txt"), Path("below/one.txt"))
    assert Path("below/one.txt").read_text() == "1"


def test_link_where_links_are_forbidden_is_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows a link needs a permission."""

    def forbidden(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "symlink_to", forbidden)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file.txt").write_text("original")
    link(tmp_path / "folder", tmp_path / "a/copy")
    link(tmp_path / "folder/file.txt", tmp_path / "b/copy.txt")
    assert (tmp_path / "a/copy/file.txt").read_text() == "original"
    assert (tmp_path / "b/copy.txt").read_text() == "original"
    assert not (tmp_path / "a/copy").is_symlink()


def test_link_rows_is_for_a_file_of_the_project_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file elsewhere, a database and a file that is not there leave the checkout as it is."""
    monkeypatch.chdir(tmp_path)
    checkout, own, other = tmp_path / "checkout", Path("data/rows.csv"), tmp_path / "other.csv"
    own.parent.mkdir()
    for file in (own, other):
        file.write_text("a,b")
    for source in (str(other), "sqlite:///rows.db", "data/absent.csv"):
        link_rows(source, checkout)
    assert not checkout.exists()
    assert other.read_text() == "a,b"
    link_rows(str(own), checkout)
    assert (checkout / own).read_text() == "a,b"


def test_finding_in_json_has_no_picture_and_a_reason_only_if_dropped() -> None:
    picture = intervals("t", {"a": {"value": 1.0, "low": 0.5, "high": 2.0}}, "c")
    result = Finding("warn", "m", "r", "n", picture, check="split", group="honest")
    value = {"check": "split", "group": "honest", "verdict": "warn", "measured": "m"}
    value |= {"required": "r", "next": "n"}
    assert result.to_json() == value
    dropped = Finding("not applicable", "m", "r", check="split", group="honest", dropped="why")
    assert dropped.to_json() == value | {"verdict": "not applicable", "next": "", "dropped": "why"}


@pytest.mark.parametrize("values", [("passed", "", ""), ("pass", 5, ""), ("pass", "", None)])
def test_result_of_another_type_is_an_error(values: tuple[Any, Any, Any]) -> None:
    with pytest.raises(ValidationError):
        Result(*values)


def test_intervals_are_plotted_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    plotted: list[Any] = []
    monkeypatch.setattr(
        charts, "interval_plot", lambda *given, **more: plotted.append((*given, more))
    )
    rows = {"a_b": {"value": 0.5, "low": 0.25, "high": 0.75}}
    intervals("A title", rows, "c", 0.6)
    intervals("A title", rows, "c")
    dots = [charts.Dot("a b", 0.5, 0.25, 0.75)]
    assert plotted == [("A title", dots, {"mark": 0.6}), ("A title", dots, {"mark": None})]


def test_latencies_are_counted_up_to_the_99th_percentile(monkeypatch: pytest.MonkeyPatch) -> None:
    plotted: list[Any] = []
    monkeypatch.setattr(charts, "histogram", lambda *given: plotted.append(given))
    times = [*np.linspace(1, 10, 199), 1000.0]
    latencies(times, "")
    latencies([0.1, 0.2], "")
    (_, edges, counts), (_, few_edges, few) = plotted
    assert edges[0] == 0
    assert edges[-1] == pytest.approx(np.quantile(times, 0.99))
    assert len(counts) == len(edges) - 1 == 24
    assert sum(counts) == 200
    assert (few_edges[-1], sum(few)) == (1.0, 2)


def test_intervals_hold_each_name_and_the_caption() -> None:
    rows = {"my_model": {"value": 0.5, "low": 0.25, "high": 0.75}}
    plain, marked = intervals("A title", rows, "the caption"), intervals("A title", rows, "c", 0.6)
    assert plain.caption == "the caption"
    assert "my model" in str(plain.svg)
    assert str(plain.svg) != str(marked.svg)


def test_latencies_last_bin_holds_the_slowest_too() -> None:
    times = [*np.linspace(1, 10, 99), 1000.0]
    figure = latencies(times, "The budget is 50 ms.")
    assert figure.caption.endswith("The budget is 50 ms.")
    assert "1,000" not in str(figure.svg)
    assert "1000" not in str(figure.svg)
    assert latencies([0.1, 0.2], "").svg  # the scale is at least a millisecond wide


@pytest.mark.parametrize(
    ("evaluation", "expected"),
    [
        ({}, ("", None, 0)),
        ({"candidate": {"name": "linear"}, "threshold": 0.5, "test_evaluations": 3},
         ("linear", 0.5, 3)),
        ({"candidate": {}, "test_evaluations": True}, ("", None, 0)),
        ({"test_evaluations": "9"}, ("", None, 0)),
    ],
)  # fmt: skip
def test_training_result_is_read_from_the_bundle(
    empty: Path, evaluation: dict[str, Any], expected: tuple[str, float | None, int]
) -> None:
    write("binary")
    context = context_of()
    context.bundle.evaluation.update(evaluation)
    result = context.training_result
    assert (result.candidate, result.threshold, result.test_evaluations) == expected
    assert context.problem is context.dataset.problem
