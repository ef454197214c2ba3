"""Every chart, with any names and any number of values, and the number formats."""

import math
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from engine.pages import charts
from engine.pages.charts import Line
from engine.pages.drawing import WIDTH, scale, tick_texts, ticks, width_of
from engine.pages.formatting import count, listed, number, percent, seconds, subject

HOSTILE = '<script>alert("x")</script> & a name that is far too long for any axis'
NAN = math.nan


def every_chart(name: str) -> dict[str, str]:
    """One picture of each kind, with `name` wherever a chart takes text."""
    return {
        "bars": charts.bars(name, [(name, 3.0), ("b", -1.5), ("c", NAN)]),
        "shares": charts.shares(name, [name, "no"], [(name, [3, 1]), ("none", [0, 0])]),
        "dots": charts.interval_plot(
            name,
            [charts.Dot(name, 0.5, 0.4, 0.6), charts.Dot("b", NAN, NAN, NAN)],
            mark=0.3,
            label=name,
        ),
        "histogram": charts.histogram(name, [0.0, 1.0, 2.0, 4.0], [5, 0, 12_345]),
        "histogram of dates": charts.histogram(
            name, [f"2026-{month:02}-01" for month in range(1, 13)], list(range(11))
        ),
        "lines": charts.lines(
            name,
            [f"2026-{month:02}" for month in range(1, 13)],
            [Line(name, [1.0, NAN] * 6, [0.5, NAN] * 6, [1.5, NAN] * 6), Line("b", [2.0] * 12)],
            mark=1.0,
            label=name,
        ),
        "calibration": charts.calibration(name, [(0.1, 0.12), (0.9, 0.8)]),
        "nothing": charts.bars(name, []),
        "no dots": charts.interval_plot(name, []),
        "no line": charts.lines(name, [], [Line(name, [])]),
        "no bins": charts.calibration(name, []),
    }


KINDS = list(every_chart("weight"))


@pytest.mark.parametrize("kind", KINDS)
def test_chart_has_role_and_title_for_screen_readers(kind: str) -> None:
    svg = ElementTree.fromstring(every_chart("weight")[kind])  # noqa: S314  made right here
    assert svg.tag == "svg"
    assert svg.attrib["role"] == "img"
    assert svg.findtext("title") == "weight"


@pytest.mark.parametrize("kind", KINDS)
def test_chart_hostile_name_is_escaped(kind: str) -> None:
    svg = every_chart(HOSTILE)[kind]
    assert "<script" not in svg
    assert ElementTree.fromstring(svg).findtext("title") == HOSTILE  # noqa: S314


@pytest.mark.parametrize("kind", KINDS)
def test_chart_missing_values_are_not_drawn(kind: str) -> None:
    assert "nan" not in every_chart("weight")[kind].lower()


@pytest.mark.parametrize("name", ["x", "weight of the parcel in kilograms", HOSTILE, "重量" * 40])
def test_chart_texts_do_not_overlap_or_overflow(name: str) -> None:
    for kind, svg in every_chart(name).items():
        boxes = [_box(text) for text in ElementTree.fromstring(svg).iter("text")]  # noqa: S314
        for i, (left, right, y) in enumerate(boxes):
            assert left >= -1, kind
            assert right <= WIDTH + 1, kind
            for other_left, other_right, other_y in boxes[i + 1 :]:
                apart = right <= other_left or other_right <= left or abs(y - other_y) >= 11
                assert apart, (kind, svg)


def _box(text: ElementTree.Element) -> tuple[float, float, float]:
    wide, x, y = width_of(text.text or ""), float(text.attrib["x"]), float(text.attrib["y"])
    left = x - wide * {"middle": 0.5, "end": 1.0}.get(text.attrib.get("text-anchor", ""), 0.0)
    return left, left + wide, y


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (-3, 17), (0.001, 0.0014), (1, 891), (12_000, 4_300_000), (-1e-9, 1e-9)],
)
def test_ticks_few_round_and_within_range(low: float, high: float) -> None:
    values = ticks(low, high)
    steps = {round((b - a) / (values[1] - values[0]), 6) for a, b in pairwise(values)}
    assert 3 <= len(values) <= 5
    assert steps == {1.0}
    assert all(low - 1e-12 <= value <= high + 1e-12 for value in values)


TINY, HUGE = 1e-320, 1.7e308


@pytest.mark.parametrize(
    "values",
    [
        (TINY, 2 * TINY),
        (0.0, TINY),
        (TINY, 1e-299),
        (1e-13, 3e-13),
        (0.5, math.nextafter(0.5, 1)),
        (1e5, 1e5 + 1e-10),
        (-HUGE, HUGE),
        (0.9 * HUGE, HUGE),
    ],
)
def test_chart_values_at_float_limits_are_drawn(values: tuple[float, float]) -> None:
    for zero in (False, True):
        across = scale(values, 0.0, WIDTH, zero)
        ticked = ticks(across.low, across.high)
        assert len(set(ticked)) == len(ticked) > 0
        assert len(tick_texts(ticked)) == len(ticked)
        assert all(0.0 <= across(value) <= WIDTH for value in values)
    for svg in (
        charts.histogram("a", [*values], [3]),
        charts.lines("a", values, [Line("a", values)]),
        charts.bars("a", [("a", value) for value in values]),
    ):
        assert "nan" not in svg
        assert "inf" not in svg


def test_chart_same_values_same_picture() -> None:
    assert every_chart("weight") == every_chart("weight")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (3.0, "3"),
        (12345.6, "12,346"),
        (159.7, "160"),
        (999.96, "1,000"),
        (10.04, "10"),
        (0.0123456, "0.0123"),
        (-0.5, "−0.5"),
        (1_234_567, "1.23 M"),
        (0.00001234, "1.2e-05"),
        (None, "–"),
        (NAN, "–"),
        (math.inf, "∞"),
    ],
)
def test_number_is_formatted(value: float | None, written: str) -> None:
    assert number(value) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0, "0 %"),
        (0.0004, "<0.1 %"),
        (0.004, "0.4 %"),
        (0.41, "41 %"),
        (0.9996, ">99.9 %"),
        (1, "100 %"),
    ],
)
def test_percent_not_rounded_to_0_or_100(share: float, written: str) -> None:
    assert percent(share) == written


def test_seconds_count_listed_and_subject_are_formatted() -> None:
    assert [seconds(s) for s in (0.01, 1.24, 12.4)] == ["<0.1 s", "1.2 s", "12 s"]
    assert [seconds(s) for s in (60.2, 200.0)] == ["1 min", "3 min 20 s"]
    assert count(1, "row") == "1 row"
    assert count(20_000, "row") == "20,000 rows"
    assert count(2, "class", "classes") == "2 classes"
    assert [listed(list(words)) for words in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [subject(["a"], "rise"), subject(["a", "b"], "rise")] == ["a rises", "a and b rise"]
