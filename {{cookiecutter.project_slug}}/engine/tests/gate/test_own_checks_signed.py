"""A team's own and dropped checks count for a signature as the standard ones do."""

import json

import pytest

from engine.bundle.record import RECORDS, VERDICT, refusal
from engine.gate.accept import accept
from engine.gate.checks.check import Result
from engine.gate.gate import record, validate, without
from engine.problem.errors import BadInput
from engine.tests.gate.made import MODEL, QUICK, Workshop
from engine.tests.gate.signing import DATA_SCIENCE, ML_ENGINEERING, commit_all
from engine.tests.gate.test_own_checks import REASON, own


def test_accept_check_added_after_the_verdict_is_refused(passed: Workshop) -> None:
    passes = own(lambda _: Result("pass", "", ""))
    with pytest.raises(BadInput, match=r"\bown\b") as refused:
        accept(passed.bundle, DATA_SCIENCE, MODEL, [*QUICK, passes])
    assert refused.value.code == "other-checks"
    assert not list(RECORDS.rglob("*.toml"))
    record(validate(passed.bundle, MODEL, [*QUICK, passes]))
    commit_all()
    assert accept(passed.bundle, DATA_SCIENCE, MODEL, [*QUICK, passes]).published is None
    assert accept(passed.bundle, ML_ENGINEERING, MODEL, [*QUICK, passes]).published
    assert refusal(passed.bundle.name) is None


def test_accept_refusing_own_check_is_refused(passed: Workshop) -> None:
    """Even if the recorded verdict is passed."""
    checks = [*QUICK, own(lambda _: Result("pass", "", ""))]
    record(validate(passed.bundle, MODEL, checks))
    commit_all()
    checks[-1] = own(lambda _: Result("refuse", "too new", "", "wait"))
    with pytest.raises(BadInput, match=r"\btoo new\b") as refused:
        accept(passed.bundle, DATA_SCIENCE, MODEL, checks)
    assert refused.value.code == "refused-again"


@pytest.mark.parametrize("later", [{"documented": "another reason"}, {}], ids=["another", "none"])
def test_accept_check_dropped_or_restored_after_the_verdict_is_refused(
    passed: Workshop, later: dict[str, str]
) -> None:
    dropped = without(QUICK, {"documented": REASON})
    record(validate(passed.bundle, MODEL, dropped))
    commit_all()
    with pytest.raises(BadInput, match=r"\bdocumented\b") as refused:
        accept(passed.bundle, DATA_SCIENCE, MODEL, without(QUICK, later))
    assert refused.value.code == "other-checks"
    assert accept(passed.bundle, DATA_SCIENCE, MODEL, dropped).published is None
    verdict = json.loads((RECORDS / passed.bundle.name / VERDICT).read_text())
    assert [one["dropped"] for one in verdict["findings"] if "dropped" in one] == [REASON]
