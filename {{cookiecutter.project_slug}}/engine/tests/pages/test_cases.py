"""Icon arrays show a thousand cases; a matrix shows what each outcome earns."""

import re
from xml.etree import ElementTree

import pytest

from engine.pages.charts import ICONS, CaseGroup, icon_array, matrix, thousand
from engine.pages.drawing import WIDTH, width_of

LONG = "<b>a group with a name that is far too long for any line of a legend</b>"


@pytest.mark.parametrize(
    "rows", [[1, 1, 1], [1, 999_999], [3, 0, 4], [0.2, 0.3], [2, 2, 2, 1], [1e-9, 1]]
)
def test_thousand_counts_add_up_within_one(rows: list[float]) -> None:
    counts = thousand(rows)
    assert sum(counts) == ICONS
    assert all(abs(n - ICONS * part / sum(rows)) < 1 for n, part in zip(counts, rows, strict=True))


def test_thousand_no_rows_all_zero() -> None:
    assert thousand([0, 0]) == [0, 0]
    assert thousand([]) == []


def test_icon_array_one_mark_a_case_wrong_ones_crossed() -> None:
    svg = icon_array("Cases", [CaseGroup("right", 3, 1), CaseGroup("wrong", 1, 5, wrong=True)])
    # One more of each in the legend.
    assert svg.count("h0") == 751
    assert svg.count("m-2.5-2.5") == 251
    assert "750 right" in svg
    assert "250 wrong" in svg


def test_cases_long_hostile_name_is_cut_and_escaped() -> None:
    for svg in (
        icon_array(LONG, [CaseGroup(LONG, 1, 1)], description=LONG),
        matrix(LONG, [LONG, "b"], [(LONG, [1.0, -1.0])], description=LONG),
    ):
        assert "<b>" not in svg
        drawn = ElementTree.fromstring(svg)  # noqa: S314  made right here
        assert drawn.findtext("title") == LONG
        assert all(width_of(text.text or "") <= WIDTH for text in drawn.iter("text"))


def test_matrix_amounts_have_class_and_sign() -> None:
    svg = matrix("Payoffs", ["yes", "no"], [("act", [8.0, -2.0]), ("wait", [0.0, 0.0])])
    assert re.findall(r'class="(gain|loss|even)"', svg) == ["gain", "loss", "even", "even"]
    assert re.findall(r"large[^>]*>([^<]+)<", svg) == ["+8", "−2", "0", "0"]
