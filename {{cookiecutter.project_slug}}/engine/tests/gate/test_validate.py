"""Checks run in their order, and each that does not pass has its place in the verdict."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.record import RECORDS, VERDICT
from engine.gate.checks.check import Check, CheckContext, Result
from engine.gate.gate import STANDARD_CHECKS, record, validate
from engine.problem.errors import BadInput
from engine.tests.gate.made import MODEL
from engine.tests.gate.test_built import built


def noting(name: str, ran: list[str], outcome: Any) -> Callable[[CheckContext], Result]:
    """What a check runs: it notes its name, and has this outcome."""

    def run(_: CheckContext) -> Result:
        ran.append(name)
        return Result(outcome, "m", "r", "n")

    return run


def passing(name: str, ran: list[str], outcome: Any = "pass", slow: str = "") -> Check:
    return Check(name, "honest", noting(name, ran, outcome), slow)


def standard(name: str, ran: list[str], outcome: Any = "pass") -> Check:
    """A check of our own in place of the standard one of that name."""
    [one] = [one for one in STANDARD_CHECKS if one.name == name]
    return replace(one, run=noting(name, ran, outcome))


@pytest.mark.parametrize("first", ["complete", "current"])
def test_validate_first_checks_run_first_and_block_the_others(empty: Path, first: str) -> None:
    path, ran = built("regression").bundle.path, list[str]()
    other = {"complete": "current", "current": "complete"}[first]
    checks = [passing("slow", ran, slow="a process"), passing("own", ran),
              standard(other, ran), standard(first, ran)]  # fmt: skip
    verdict = validate(path, MODEL, checks)
    assert ran == [other, first, "own", "slow"]
    assert [one.check for one in verdict.findings] == ["slow", "own", other, first]
    assert (verdict.outcome, verdict.skipped) == ("passed", ())
    ran.clear()
    checks[-1] = standard(first, ran, "refuse")
    verdict = validate(path, MODEL, checks)
    assert ran == [other, first]
    assert (verdict.outcome, verdict.skipped) == ("refused", ("slow", "own"))
    assert [one.check for one in verdict.refusals] == [first]


def test_validate_damaged_bundle_has_one_finding_and_skips_the_rest(empty: Path) -> None:
    path, ran = built("regression").bundle.path, list[str]()
    (path / "golden.jsonl").write_text("")
    dropped = replace(passing("left", ran), dropped="we have none")
    checks = [passing("own", ran), dropped, standard("complete", ran)]
    verdict = validate(path, MODEL, checks)
    assert ran == []
    assert verdict.bundle_id is None
    assert [(one.check, one.outcome) for one in verdict.findings] == [
        ("complete", "refuse"), ("left", "not applicable"),
    ]  # fmt: skip
    assert "golden.jsonl" in verdict.findings[0].measured
    assert verdict.findings[0].next
    assert verdict.skipped == ("own",)
    with pytest.raises(BadInput) as refused:
        validate(path.parent / "nothing", MODEL, checks)
    assert refused.value.code == "not-a-bundle"


def test_validate_check_that_fails_is_a_refusal_with_its_place(empty: Path) -> None:
    path = built("regression").bundle.path

    def bad(_: CheckContext) -> Result:
        raise BadInput("no such column; add it", code="unknown-column")

    def crash(_: CheckContext) -> Result:
        raise ZeroDivisionError("no rows")

    checks = [replace(passing(name, []), run=run) for name, run in (("bad", bad), ("c", crash))]
    first, second = validate(path, MODEL, checks).findings
    assert (first.outcome, first.measured) == ("refuse", "no such column; add it")
    assert first.next
    assert second.outcome == "refuse"
    assert second.measured.startswith("the check failed")
    assert "ZeroDivisionError('no rows')" in second.measured
    assert second.next
    assert second.required


def test_record_writes_the_verdict_with_its_time(empty: Path) -> None:
    path, ran = built("regression").bundle.path, list[str]()
    warned = passing("b", ran, "warn")
    verdict = validate(path, MODEL, [passing("a", ran), warned])
    file = record(verdict)
    assert file == RECORDS / path.name / VERDICT
    value = json.loads(file.read_text())
    assert value.pop("judged_at").endswith("+00:00")
    assert value == verdict.to_json()
    assert value["bundle"] == path.name
    assert [one["verdict"] for one in value["findings"]] == ["pass", "warn"]
    assert [one.check for one in verdict.warnings] == ["b"]
    assert record(verdict, Path("elsewhere")) == Path("elsewhere") / path.name / VERDICT
    other = replace(verdict, bundle_id=None)
    with pytest.raises(ValueError, match="recorded"):
        record(other)
