"""Refused requests are compared with all requests of the window, by reason and field."""

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine.monitoring.refused import ADVICE, MINIMUM_REQUESTS, USUAL_SHARE
from engine.monitoring.result import REFUSED, Finding, Result
from engine.tests.monitoring.made import (
    NOW,
    bundle_of,
    days_ago,
    frozen,
    rows,
    write_lines,
    write_log,
)
from monitoring.check import check

BUNDLE = "b" * 64


def record(
    requests: int, counts: dict[str, int], at: datetime = NOW, **changed: Any
) -> dict[str, Any]:
    """A line of the server's counts: refused requests by field, all for the reason `invalid`."""
    named = [{"reason": "invalid", "field": f, "requests": n} for f, n in counts.items()]
    made = {"record_id": str(at), "at": at.isoformat(), "bundle": BUNDLE, "rehearsal": False}
    return made | {"requests": requests, "counts": named} | changed


def checked(logs: Path, answered: int, records: list[dict[str, Any]], minutes: int = 1) -> Result:
    """The result for so many answered requests, one a minute, and these counts."""
    for number in range(answered):
        at = days_ago(1 + minutes * number / 1440)
        write_log(logs, rows(2, number), [0.1, 0.9], at=at, segment=str(number))
    if records:
        write_lines(logs / "refused/one.jsonl", records)
    return check(bundle_of(frozen()), logs, now=NOW)


def refused(result: Result) -> list[Finding]:
    return [one for one in result.rows if one.check == REFUSED]


def test_refused_every_request_is_an_alarm_by_field_without_any_prediction(tmp_path: Path) -> None:
    """A new bundle that every client breaks on has logged no prediction at all."""
    result = checked(tmp_path, 0, [record(1_314, {"weather": 1_314, "items": 20})])
    assert result.verdict == "refused"
    [worst, least] = refused(result)
    assert (worst.subject, worst.measured, worst.verdict) == ("invalid, weather", 1.0, "refused")
    assert worst.advice == ADVICE
    assert (least.subject, least.measured) == ("invalid, items", 20 / 1_314)
    assert least.threshold is not None
    assert least.threshold > USUAL_SHARE
    assert (least.verdict, least.advice) == ("ok", "")
    assert result.headline.startswith("refused requests: invalid, weather (100 %)")


def test_refused_share_counts_requests_not_rows(tmp_path: Path) -> None:
    """A request of two rows has one time in the log."""
    [finding] = refused(checked(tmp_path, 60, [record(60, {"items": 60})]))
    assert finding.measured == 0.5
    assert finding.detail == "60 of 120 requests"


@pytest.mark.parametrize(("requests", "wrong"), [(6, False), (7, True)])
def test_refused_threshold_knows_its_traffic(tmp_path: Path, requests: int, wrong: bool) -> None:
    """A share of 1 % refuses 7 or more of 150 requests less than once in 1,000 times."""
    chance = 1 - sum(math.comb(150, k) * 0.01**k * 0.99 ** (150 - k) for k in range(7))
    assert chance < 0.001 < chance + math.comb(150, 6) * 0.01**6 * 0.99**144
    counts = {"items": requests, "other": 150 - requests}
    findings = {one.subject: one for one in refused(checked(tmp_path, 0, [record(150, counts)]))}
    assert findings["invalid, items"].wrong == wrong


def test_refused_few_requests_are_insufficient_data(tmp_path: Path) -> None:
    [finding] = refused(checked(tmp_path, 0, [record(MINIMUM_REQUESTS - 1, {"items": 99})]))
    assert (finding.verdict, finding.measured) == ("insufficient data", None)
    assert finding.advice


def test_refused_without_counts_is_insufficient_data(tmp_path: Path) -> None:
    """A server that counts nothing is not one that refuses nothing."""
    [finding] = refused(checked(tmp_path, 1, []))
    assert (finding.verdict, finding.measured) == ("insufficient data", None)
    assert "no counts" in finding.detail


def test_refused_nothing_is_ok(tmp_path: Path) -> None:
    """The record of the server's start is older than the window, and still proves the counting."""
    start = record(0, {}, days_ago(300))
    [finding] = refused(checked(tmp_path, MINIMUM_REQUESTS, [start]))
    assert (finding.measured, finding.verdict) == (0.0, "ok")


def test_refused_counts_of_others_and_repeated_ones_do_not_count(tmp_path: Path) -> None:
    """Another bundle, a rehearsal, before and after the window; a record that came twice."""
    mine = record(200, {"items": 200}, days_ago(1), record_id="mine")
    others = [
        {**mine, "record_id": "other", "bundle": "c" * 64},
        {**mine, "record_id": "rehearsal", "rehearsal": True},
        record(200, {"items": 200}, days_ago(8), record_id="old"),
        record(200, {"items": 200}, days_ago(-1), record_id="new"),
    ]
    [finding] = refused(checked(tmp_path, 0, [mine, *others, mine]))
    assert finding.detail == "200 of 200 requests"
