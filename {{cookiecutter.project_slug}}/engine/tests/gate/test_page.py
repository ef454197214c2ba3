"""The verdict reads the same in the terminal, in a pull request and on the page."""

import json
from pathlib import Path

import pytest

from engine.gate.checks.check import Check, CheckContext, Result
from engine.gate.gate import Verdict, validate
from engine.gate.page import lead, markdown, show, write
from engine.gate.standard import STANDARD_CHECKS
from engine.problem.errors import BadInput
from engine.tests.gate.conftest import Make
from engine.tests.gate.made import QUICK, Workshop
from handoff.__main__ import main


@pytest.fixture
def judged(workshop: Make) -> Verdict:
    """A refusal, a warning, a pass, and one that does not apply."""
    made = workshop("regression")
    checks = (
        Check("framed", "worth it", lambda _: Result("pass", "3 | 4", "<b>all</b>")),
        Check("champion", "worth it", lambda _: Result("not applicable", "none", "better")),
        Check("leakage", "honest", lambda _: Result("refuse", "days", "no leak", "add:\ndays = 1")),
        Check("budget", "runs the same", lambda _: Result("warn", "9 ms", "10 ms", "look at it")),
    )
    return validate(made.bundle, made.definition, checks)


def test_a_pull_request_sees_every_line_and_what_to_do(judged: Verdict) -> None:
    said = markdown(judged)
    assert said.splitlines()[0].endswith(" refused")
    assert "| worth it | framed | ✓ pass | 3 \\| 4 |" in said
    assert "- **leakage**: add:<br>days = 1" in said
    assert said.index("### Refused") < said.index("### To look at")


def test_the_terminal_names_each_group_once(
    judged: Verdict, capsys: pytest.CaptureFixture[str]
) -> None:
    show(judged)
    said = capsys.readouterr().out
    assert said.count("worth it") == 1
    assert "leakage: add:" in said


def test_the_page_begins_with_the_verdict_and_needs_no_network(
    judged: Verdict, tmp_path: Path
) -> None:
    html = write(judged, tmp_path / "gate.html").read_text()
    assert html.index("refused") < html.index("3 | 4")
    assert "Refused by leakage." in lead(judged)
    assert "&lt;b&gt;all&lt;/b&gt;" in html
    assert "<script" not in html
    assert "https://" not in html
    assert len(html) < 500_000


def test_the_pictures_of_sound_work_are_on_its_page(workshop: Make, tmp_path: Path) -> None:
    judgement = workshop("binary").validate()
    # What could not be asked is never counted among what let the bundle through.
    assert "not applicable to it: champion" in lead(judgement)
    assert judgement.verdict == "passed"
    html = write(judgement, tmp_path / "gate.html").read_text()
    assert html.count("<svg") == 3  # against the baselines, by group, calibration
    assert [path.name for path in tmp_path.glob("*.html*")] == ["gate.html"]


def test_a_check_that_crashes_is_a_refusal(workshop: Make) -> None:
    made = workshop("regression")

    def crash(evidence: CheckContext) -> Result:
        raise ZeroDivisionError("no rows")

    judgement = validate(made.bundle, made.definition, [Check("budget", "runs the same", crash)])
    assert judgement.verdict == "refused"
    assert "ZeroDivisionError('no rows')" in judgement.findings[0].measured


def test_what_was_not_asked_has_not_passed(workshop: Make) -> None:
    made = workshop("regression")
    made.edit_json("manifest.json", lambda said: said.update(seed=7))
    judgement = validate(made.bundle, made.definition, STANDARD_CHECKS)
    assert judgement.verdict == "refused"
    assert set(judgement.skipped) == {one.name for one in STANDARD_CHECKS} - {"current", "complete"}
    assert "reproducible" in markdown(judgement)


def test_a_long_check_says_what_it_does(workshop: Make) -> None:
    made = workshop("regression")
    said: list[str] = []
    slow = Check("budget", "runs the same", lambda _: Result("pass", "", ""), "asking the server")
    validate(made.bundle, made.definition, [slow, QUICK[0]], said.append)
    assert said == ["  framed", "  budget: asking the server …"]


def test_the_command_refuses_with_code_3_and_leaves_the_page(
    workshop: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: Workshop = workshop("regression")
    monkeypatch.setattr("poc.model.MODEL", made.definition)
    made.edit_json("manifest.json", lambda said: said.update(seed=7))
    assert main(["check", "--json", str(made.bundle)]) == 3
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "refused"
    assert "seed" in said["findings"][0]["measured"]
    assert Path("build/gate.html").exists()
    assert main(["check", "--markdown", str(made.bundle)]) == 3
    assert capsys.readouterr().out.startswith("## Gate: bundle ")
    with pytest.raises(BadInput):
        main(["check", "no such bundle"])
