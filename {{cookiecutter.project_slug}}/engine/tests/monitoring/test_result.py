"""A result names the worst first, hides no unknown, and shows what is nearest its threshold."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from engine.monitoring.log import LogState
from engine.monitoring.result import (
    MOST_IN_PICTURE,
    Finding,
    Result,
    Verdict,
    picture,
    print_table,
    selection,
    summarise,
)
from engine.problem.metrics import Interval
from engine.tests.monitoring.made import NOW

QUIET = LogState(rehearsal=False, truncated=0, repeated=0, unread=())
FINE = Finding("distribution", "items", 0.05, 0.1, "ok", "fine")
UNKNOWN = Finding("missing", "days", None, None, "insufficient data", "too few days", "wait")
DRIFTED = Finding("range", "weight", 0.5, 0.02, "drift", "9 above 7", "ask")
WORSE = Finding(
    *("performance", "ROC AUC", 0.6, 0.7, "degraded", "it fell", "roll back"),
    interval=Interval(0.6, 0.5, 0.65),
)
SENT = Finding("refused requests", "invalid, items", 0.12, 0.03, "refused", "12 of 100", "find it")
NO_LABEL = Finding("performance", "ROC AUC", None, None, "insufficient data", "no labels", "send")
GOOD = Finding("performance", "ROC AUC", 0.8, 0.7, "ok", "as before")


def score(verdict: Verdict) -> Finding:
    return Finding("score", "", 0.05, 0.1, verdict, "", "")


def of(*findings: Finding, log: LogState = QUIET, rows: int = 1_234) -> Result:
    """The result of these findings over so many rows."""
    live: Any = SimpleNamespace(
        counts=SimpleNamespace(rows=rows),
        window=SimpleNamespace(begin=NOW.replace(tzinfo=None)),
        bundle=SimpleNamespace(id="c" * 64),
        log=log,
    )
    return summarise(findings, live)


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "insufficient data"),
        ([FINE, GOOD], "ok"),
        ([FINE, UNKNOWN], "insufficient data"),
        ([FINE, DRIFTED, UNKNOWN], "drift"),
        ([UNKNOWN, DRIFTED, WORSE, FINE], "degraded"),
        ([UNKNOWN, DRIFTED, WORSE, SENT], "refused"),
    ],
)
def test_verdict_is_the_worst_and_comes_first(findings: list[Finding], verdict: Verdict) -> None:
    result = of(*findings)
    assert result.verdict == verdict
    order = ["refused", "degraded", "drift", "insufficient data", "ok"]
    assert [one.verdict for one in result.rows] == sorted(
        (one.verdict for one in findings), key=order.index
    )
    assert set(result.wrong) == {DRIFTED, WORSE, SENT} & set(findings)


def test_equally_bad_findings_keep_their_order() -> None:
    others = [Finding("range", name, 0.5, 0.1, "drift", "") for name in "zay"]
    assert [one.subject for one in of(FINE, *others).rows] == ["z", "a", "y", "items"]


def test_result_has_the_facts_of_its_run() -> None:
    log = LogState(rehearsal=True, truncated=2, repeated=3, unread=("predictions/old",))
    result = of(FINE, log=log)
    assert (result.bundle, result.counted, result.since, result.log) == ("c" * 64, 1_234, NOW, log)
    values = json.loads(json.dumps(result.to_json()))
    assert values["since"] == NOW.isoformat()
    assert (values["verdict"], values["counted"]) == ("insufficient data", 1_234)
    assert values["log"]["unread"] == ["predictions/old"]
    assert values["rows"][1]["measured"] == 0.05


def test_file_that_is_not_read_is_a_finding_beside_the_others() -> None:
    unread = tuple(f"predictions/{n}.txt" for n in range(6))
    result = of(FINE, log=LogState(rehearsal=False, truncated=0, repeated=0, unread=unread))
    first, *_ = result.rows
    assert (first.check, first.subject, first.about) == ("log", "", "the log")
    assert (first.verdict, first.measured, first.threshold) == ("insufficient data", None, None)
    assert "6 files" in first.detail
    assert "predictions/0.txt, predictions/1.txt, predictions/2.txt and 3 more" in first.detail
    assert "*.jsonl.zst" in first.advice
    assert "insufficient data for the log: " in result.headline
    assert "no drift over 1,234 rows" in result.headline


@pytest.mark.parametrize(
    ("findings", "parts"),
    [
        ([FINE, GOOD], ["no drift over 1,234 rows", "ROC AUC not degraded"]),
        ([score("drift"), GOOD], ["drift in the score over 1,234 rows", "ROC AUC not degraded"]),
        (
            [DRIFTED, DRIFTED, FINE, WORSE],
            ["ROC AUC is degraded: 0.6 (0.5 to 0.65), it fell", "drift in weight over 1,234 rows"],
        ),
        ([SENT, FINE], ["refused requests: invalid, items (12 %)", "no drift over 1,234 rows"]),
        (
            [FINE, NO_LABEL],
            ["no drift over 1,234 rows", "insufficient data for the performance: no labels"],
        ),
        (
            [FINE, UNKNOWN, NO_LABEL],
            [
                "no drift over 1,234 rows",
                "insufficient data for days and the performance: too few days",
            ],
        ),
        ([UNKNOWN, NO_LABEL], ["insufficient data: too few days"]),
        ([UNKNOWN, GOOD], ["ROC AUC not degraded", "insufficient data for days: too few days"]),
        # One check of a column is enough: the column is compared.
        (
            [FINE, Finding("range", "items", None, None, "insufficient data", "few")],
            ["no drift over 1,234 rows"],
        ),
        ([WORSE], ["ROC AUC is degraded: 0.6 (0.5 to 0.65), it fell"]),
        ([], [""]),
    ],
)
def test_headline_has_each_fact_once(findings: list[Finding], parts: list[str]) -> None:
    assert of(*findings).headline.split("; ") == parts


def test_headline_of_many_columns_names_three() -> None:
    drifted = [Finding("range", name, 0.5, 0.1, "drift", "") for name in "abcde"]
    unknown = [Finding("range", name, None, None, "insufficient data", "few") for name in "vwxyz"]
    headline = of(*drifted, *unknown).headline
    assert "drift in a, b, c and 2 more over" in headline
    assert "insufficient data for v, w, x and 2 more: few" in headline


@pytest.mark.parametrize(("rows", "words"), [(1, "1 rehearsed row"), (2, "2 rehearsed rows")])
def test_headline_counts_rehearsed_rows_as_such(rows: int, words: str) -> None:
    log = LogState(rehearsal=True, truncated=0, repeated=0, unread=())
    assert of(FINE, log=log, rows=rows).headline == f"no drift over {words}"


def printed(result: Result, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_table(result)
    return [re.sub(r"\s+", " ", line).strip() for line in capsys.readouterr().out.splitlines()]


def test_table_has_each_amount_in_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    share = Finding("missing", "days", 0.25, 0.5, "ok", "some")
    lines = printed(of(share, DRIFTED, WORSE, FINE, score("ok"), SENT), capsys)
    assert lines[0].startswith("bundle cccccccccccc since 2026-11-23 12:00: 6 checks")
    text = "\n".join(lines)
    assert re.search(r"check measured threshold verdict detail what to do", text)
    measured = r"0\.6 \(0\.5 to 0\.65\)"
    assert re.search(rf"performance \(ROC AUC\) {measured} 0\.7 .* ?degraded it fell roll", text)
    assert re.search(r"refused requests \(invalid, items\) 12 % 3 % .* ?refused 12 of 100", text)
    assert re.search(r"weight: range 50 % 2 % .* ?drift 9 above 7 ask", text)
    assert re.search(r"days: missing 25 % 50 % .* ?ok some", text)
    assert re.search(r"items: distribution 0\.05 0\.1 .* ?ok fine", text)
    assert re.search(r"^score 0\.05 0\.1 .* ?ok", text, re.MULTILINE)
    assert not re.search("skipped|counted once", text)


def test_table_ends_with_the_headline_and_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    log = LogState(rehearsal=False, truncated=1, repeated=1_500, unread=())
    lines = printed(of(FINE, GOOD, log=log), capsys)
    assert lines[-1] == "ok: no drift over 1,234 rows; ROC AUC not degraded"
    assert lines[-2].startswith("counted once: 1,500 records")
    assert lines[-3].startswith("skipped 1 truncated line")
    # A headline that begins with its verdict needs no other.
    assert printed(of(DRIFTED), capsys)[-1] == "drift in weight over 1,234 rows"
    assert printed(of(UNKNOWN), capsys)[-1] == "insufficient data: too few days"


def test_selection_has_every_alarm_and_of_others_the_nearest() -> None:
    near = Finding("range", "items", 0.09, 0.1, "ok", "")
    unknown = Finding("missing", "items", None, None, "insufficient data", "")
    second = Finding("missing", "weight", 0.03, 0.02, "drift", "")
    calm = Finding("distribution", "weight", 0.01, 0.1, "ok", "")
    shown = selection([DRIFTED, second, UNKNOWN, unknown, FINE, near, calm, score("ok")])
    assert shown == [DRIFTED, second, UNKNOWN, near, score("ok")]


def test_picture_has_the_nearest_first_and_no_performance() -> None:
    many = [
        Finding("range", f"c{number:02}", number / 10, 1.0, "ok", "")
        for number in range(1, MOST_IN_PICTURE + 3)
    ]
    drawn = str(picture(of(*many, DRIFTED, UNKNOWN, GOOD)))
    names = re.findall(r">(weight|c\d\d|days|performance[^<]*): range<", drawn)
    nearest = [f"c{number:02}" for number in range(MOST_IN_PICTURE + 2, 3, -1)]
    assert names == ["weight", *nearest[: MOST_IN_PICTURE - 1]]
    assert ">2500 %<" in drawn.replace(",", "").replace(" ", " ")
    assert "drift in weight over 1,234 rows" in drawn
    assert "ROC AUC<" not in drawn


def test_picture_has_its_mark_where_a_threshold_is_reached() -> None:
    at = Finding("range", "x", 0.5, 0.5, "drift", "")
    drawn = str(picture(of(at, replace(at, subject="y", measured=2.0))))
    positions = re.findall(r'circle cx="([\d.]+)"', drawn)
    assert re.findall(r'd="M([\d.]+) 0L[\d. ]+" class="mark"', drawn) == [positions[1]]
    lines = re.findall(r'd="M([\d.]+) [\d.]+L([\d.]+) [\d.]+" class="whisker', drawn)
    zero = re.findall(r'x="([\d.]+)"[^>]*>0 %<', drawn)
    assert lines == [(zero[0], place) for place in positions]
    assert ">of the threshold<" in drawn


def test_picture_of_nothing_to_compare_is_drawn() -> None:
    assert str(picture(of(UNKNOWN))).startswith("<svg")


def test_table_has_each_advice_once(capsys: pytest.CaptureFixture[str]) -> None:
    advice = "ask the owner"
    drifted = [Finding("range", name, 0.5, 0.1, "drift", "", advice) for name in "abc"]
    text = " ".join(printed(of(*drifted), capsys))
    assert (text.count(advice), text.count("as above")) == (1, 2)
