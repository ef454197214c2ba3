"""The verdict in the terminal, in a pull request and on the page."""

import json
from pathlib import Path

import pytest

from engine.gate.checks.check import Check, CheckContext, Result
from engine.gate.gate import STANDARD_CHECKS, Verdict, validate
from engine.gate.page import lead, markdown, show, write
from engine.problem.errors import BadInput
from engine.tests.gate.conftest import Make
from engine.tests.gate.made import QUICK, Workshop
from handoff.__main__ import main


@pytest.fixture
def mixed(workshop: Make) -> Verdict:
    """A verdict with a refusal, a warning, a pass, and a check that is not applicable."""
    made = workshop("regression")
    checks = (
        Check("problem complete", "worth it", lambda _: Result("pass", "3 | 4", "<b>all</b>")),
        Check("champion", "worth it", lambda _: Result("not applicable", "none", "better")),
        Check("leakage", "honest", lambda _: Result("refuse", "days", "no leak", "add:\ndays = 1")),
        Check("budget", "runs the same", lambda _: Result("warn", "9 ms", "10 ms", "look at it")),
    )
    return validate(made.bundle, made.definition, checks)


def test_markdown_has_every_finding_and_next_step(mixed: Verdict) -> None:
    text = markdown(mixed)
    assert text.splitlines()[0].endswith(" refused")
    assert "| worth it | problem complete | ✓ pass | 3 \\| 4 |" in text
    assert "- **leakage**: days. add:<br>days = 1" in text
    assert text.index("### Refused") < text.index("### Warnings")


def test_show_names_each_group_once(mixed: Verdict, capsys: pytest.CaptureFixture[str]) -> None:
    show(mixed)
    text = capsys.readouterr().out
    assert text.count("worth it") == 1
    assert "leakage refused\n  days\n  add:" in text


def test_write_page_begins_with_the_verdict_and_needs_no_network(
    mixed: Verdict, tmp_path: Path
) -> None:
    html = write(mixed, tmp_path / "gate.html").read_text()
    assert html.index("refused") < html.index("3 | 4")
    assert "Refused by leakage." in lead(mixed)
    assert "&lt;b&gt;all&lt;/b&gt;" in html
    assert "<script" not in html
    assert "https://" not in html
    assert len(html) < 500_000


def test_write_sound_work_has_its_pictures(workshop: Make, tmp_path: Path) -> None:
    verdict = workshop("binary").validate()
    # Checks that are not applicable do not count as passed.
    assert "Not applicable: champion" in lead(verdict)
    assert verdict.outcome == "passed"
    html = write(verdict, tmp_path / "gate.html").read_text()
    assert html.count("<svg") == 3  # against the baselines, by group, calibration
    assert [path.name for path in tmp_path.glob("*.html*")] == ["gate.html"]


def test_validate_crashing_check_refuses(workshop: Make) -> None:
    made = workshop("regression")

    def crash(context: CheckContext) -> Result:
        raise ZeroDivisionError("no rows")

    verdict = validate(made.bundle, made.definition, [Check("budget", "runs the same", crash)])
    assert verdict.outcome == "refused"
    assert "ZeroDivisionError('no rows')" in verdict.findings[0].measured


def test_validate_skipped_checks_refuse(workshop: Make) -> None:
    made = workshop("regression")
    made.edit_json("manifest.json", lambda value: value.update(seed=7))
    verdict = validate(made.bundle, made.definition, STANDARD_CHECKS)
    assert verdict.outcome == "refused"
    assert set(verdict.skipped) == {one.name for one in STANDARD_CHECKS} - {"current", "complete"}
    assert "reproducible" in markdown(verdict)


def test_validate_slow_check_reports_its_note(workshop: Make) -> None:
    made = workshop("regression")
    text: list[str] = []
    slow = Check("budget", "runs the same", lambda _: Result("pass", "", ""), "sending requests")
    validate(made.bundle, made.definition, [slow, QUICK[0]], text.append)
    assert text == ["  problem complete", "  budget: sending requests …"]


def test_check_command_refusal_exits_with_3_and_writes_the_page(
    workshop: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: Workshop = workshop("regression")
    monkeypatch.setattr("poc.model.MODEL", made.definition)
    made.edit_json("manifest.json", lambda value: value.update(seed=7))
    assert main(["check", "--json", str(made.bundle)]) == 3
    text = json.loads(capsys.readouterr().out)
    assert text["verdict"] == "refused"
    assert "seed" in text["findings"][0]["measured"]
    assert Path("build/gate.html").exists()
    assert main(["check", "--markdown", str(made.bundle)]) == 3
    assert capsys.readouterr().out.startswith("## Gate: bundle ")
    with pytest.raises(BadInput):
        main(["check", "no such bundle"])
