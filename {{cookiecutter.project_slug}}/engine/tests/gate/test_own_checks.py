"""A team adds and drops checks, as the docstring of handoff/gate.py shows."""

import json
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import handoff.gate
from engine.gate.checks.check import Check, CheckContext, Result
from engine.gate.gate import record, team_checks, validate, without
from engine.gate.page import lead, markdown, write
from engine.gate.standard import REQUIRED, STANDARD_CHECKS
from engine.problem.errors import BadInput
from engine.tests.gate.conftest import Make
from handoff.__main__ import main

REASON = "we have none"


def documented(number: int, **changes: str) -> tuple[Check, ...]:
    """The CHECKS of the docstring's example of that number, with changes to its text."""
    examples = re.findall(r"(?:^ {4}.*\n\n*)+", str(handoff.gate.__doc__), re.MULTILINE)
    text = textwrap.dedent(examples[number - 1])
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    module: dict[str, Any] = vars(handoff.gate).copy()
    exec(text, module)  # noqa: S102  our own documentation
    return team_checks(module["CHECKS"])


def quick(checks: Sequence[Check]) -> list[Check]:
    """The checks that start no process."""
    return [check for check in checks if not check.slow_note]


def own(run: Callable[[CheckContext], Any]) -> Check:
    return Check("own", "safe to own", run)


@pytest.mark.parametrize(("limit", "outcome"), [("5", "passed"), ("0", "refused")])
def test_own_check_of_the_docstring_decides(workshop: Make, limit: str, outcome: str) -> None:
    """The docstring's example passes a small model and refuses a larger one."""
    made = workshop("regression")
    checks = documented(1, **{"megabytes <= 5": f"megabytes <= {limit}"})
    verdict = validate(made.bundle, made.definition, quick(checks))
    assert verdict.outcome == outcome
    assert verdict.findings[-1].check == "small enough"
    assert verdict.findings[-1].next == "train fewer or smaller trees"
    assert [one.check for one in verdict.refusals] == ["small enough"] * (outcome == "refused")


def test_own_check_refusal_sets_the_exit_code(
    workshop: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = workshop("regression")
    slow = [check.name for check in STANDARD_CHECKS if check.slow_note]
    checks = without(STANDARD_CHECKS, dict.fromkeys(slow, REASON))
    refuses = own(lambda _: Result("refuse", "too new", "a week old", "wait"))
    monkeypatch.setattr("handoff.gate.CHECKS", (*checks, refuses))
    monkeypatch.setattr("poc.model.MODEL", made.definition)
    assert main(["check", "--json", str(made.bundle)]) == 3
    findings = {one["check"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["own"]["verdict"] == "refuse"
    assert findings["notebooks"]["verdict"] == "not applicable"


def _crash(_: CheckContext) -> Result:
    raise ZeroDivisionError("no rows")


def _exit(_: CheckContext) -> Result:
    sys.exit(0)  # as the `main` of a command does


WITHOUT_RESULT: dict[str, Callable[[CheckContext], Any]] = {
    "crash": _crash,
    "exit": _exit,
    "a yes": lambda _: True,
    "nothing": lambda _: None,
    "another word": lambda _: Result("passed", "", ""),  # type: ignore[arg-type]
    "a number": lambda _: Result("pass", 5, ""),  # type: ignore[arg-type]
    "no requirement": lambda _: Result("pass", "", None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("run", WITHOUT_RESULT.values(), ids=WITHOUT_RESULT)
def test_own_check_without_a_valid_result_refuses(
    workshop: Make, run: Callable[[CheckContext], Any]
) -> None:
    made = workshop("regression")
    verdict = validate(made.bundle, made.definition, [own(run)])
    assert verdict.outcome == "refused"
    assert "the check failed" in verdict.findings[0].measured


# --- checks that are left out --------------------------------------------------------------------


def test_dropped_check_is_shown_with_its_reason(workshop: Make, tmp_path: Path) -> None:
    """verdict.json, the summary and the page show it; it does not run."""
    made = workshop("regression")
    checks = documented(2)
    progress: list[str] = []
    verdict = validate(made.bundle, made.definition, [*quick(checks), checks[-1]], progress.append)
    assert verdict.outcome == "passed"
    assert not any("notebooks" in line for line in progress)
    path = record(verdict, tmp_path)
    last = json.loads(path.read_text())["findings"][-1]
    assert (last["check"], last["verdict"], last["dropped"]) == (
        *("notebooks", "not applicable"),
        REASON,
    )
    assert REASON in last["measured"]
    [line] = [line for line in markdown(verdict).splitlines() if "| notebooks |" in line]
    assert "not applicable" in line
    assert REASON in line
    assert REASON in write(verdict, tmp_path / "gate.html").read_text()
    assert lead(verdict).endswith("Left out by the team: notebooks.")


@pytest.mark.parametrize("damage", ["model_card.md", "manifest.json"])
def test_dropped_check_is_shown_on_an_early_refusal(workshop: Make, damage: str) -> None:
    made = workshop("regression")
    if damage == "manifest.json":
        made.edit_json(damage, lambda value: value.update(seed=7))
    else:
        (made.bundle / damage).write_text("another")
    verdict = validate(made.bundle, made.definition, documented(2))
    assert verdict.outcome == "refused"
    assert verdict.findings[-1].dropped == REASON
    assert "notebooks" not in verdict.skipped


LISTS: dict[str, tuple[Callable[[], object], str]] = {
    "an unknown name": (
        lambda: without(STANDARD_CHECKS, {"notebook": REASON}),
        "unknown-check",
    ),
    "no reason": (
        lambda: without(STANDARD_CHECKS, {"notebooks": " "}),
        "no-reason",
    ),
    "one name twice": (
        lambda: team_checks((*STANDARD_CHECKS, Check("leakage", "honest", _crash))),
        "duplicate-check",
    ),
    "an unknown group": (
        lambda: team_checks((*STANDARD_CHECKS, Check("own", "quality", _crash))),  # type: ignore[arg-type]
        "unknown-group",
    ),
    "a check gone without a word": (
        lambda: team_checks(STANDARD_CHECKS[:-1]),
        "missing-check",
    ),
    "another check by a required name": (
        lambda: team_checks([own_if(one, "safe") for one in STANDARD_CHECKS]),
        "replaced-check",
    ),
    **{
        f"without {name}": (
            lambda name=name: without(STANDARD_CHECKS, {name: REASON}),  # type: ignore[misc]
            "required-check",
        )
        for name in REQUIRED
    },
}


def own_if(check: Check, name: str) -> Check:
    """A check of our own by that name in place of the standard one."""
    return Check(name, check.group, _crash) if check.name == name else check


@pytest.mark.parametrize("what", LISTS)
def test_check_list_with_a_mistake_is_refused(what: str) -> None:
    make, code = LISTS[what]
    with pytest.raises(BadInput) as refused:
        make()
    assert refused.value.code == code


def test_validate_two_checks_of_one_name_are_refused(workshop: Make) -> None:
    made = workshop("regression")
    with pytest.raises(BadInput, match=r"\bown\b") as refused:
        validate(made.bundle, made.definition, [own(_crash), own(_crash)])
    assert refused.value.code == "duplicate-check"
