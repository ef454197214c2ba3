"""Each text about a verdict has all of its findings, in the order of the groups."""

from pathlib import Path
from typing import Any

import pytest

from engine.gate.checks.check import Finding, Group, Outcome, intervals
from engine.gate.gate import Verdict
from engine.gate.page import QUESTIONS, after_check, blocks, lead, markdown, show, write
from engine.pages.formatting import SIGNS, severity
from engine.pages.page import Code, Gallery, Note, Section, Table

ID = "0123456789ab" + "c" * 52
PICTURE = intervals("title", {"one": {"value": 1.0, "low": 0.0, "high": 2.0}}, "caption")


def finding(check: str, outcome: Outcome = "pass", group: Group = "honest", **more: Any) -> Finding:
    next_step = f"fix {check}" if outcome in ("refuse", "warn") else ""
    values: dict[str, Any] = {"measured": f"m {check}", "required": f"r {check}", "next": next_step}
    return Finding(outcome, **values | more, check=check, group=group)


PASSED = finding("a"), finding("b", group="safe to own")
MIXED = (
    finding("own", "warn", "safe to own", next="look\nline 1\nline 2"),
    finding("no", "refuse", picture=PICTURE, because="w no"),
    finding("maybe", "warn", picture=PICTURE),
    finding("none", "not applicable", "worth it"),
    finding("left", "not applicable", "worth it", dropped="we have none"),
    finding("yes", "pass", "worth it"),
)


def verdict(*findings: Finding, skipped: tuple[str, ...] = ()) -> Verdict:
    return Verdict(ID, findings, skipped)


def test_show_prints_a_row_a_finding_and_then_the_next_steps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(verdict(*MIXED, skipped=("late", "later")))
    lines = capsys.readouterr().out.splitlines()
    assert "bundle 0123456789ab refused" in lines[0] + lines[1]
    rows = [line.split() for line in lines if " r " in line]
    names = [one.check for group in QUESTIONS for one in MIXED if one.group == group]
    assert [next(word for word in row if word in names) for row in rows] == names
    firsts = [line for line in lines if line.strip().startswith(("worth it", "honest", "safe"))]
    assert len(firsts) == 3
    assert all(sum(group in line for line in lines) == 1 for group in ("worth it", "safe to own"))
    steps = lines[lines.index("no refused") :]
    assert [one.strip() for one in steps[1:5]] == ["m no", "w no", "fix no", "own: look"]
    assert "maybe: fix maybe" in steps
    assert "late, later" in steps[-1]


def test_show_of_a_damaged_bundle_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    show(Verdict(None, (finding("complete", "refuse"),)))
    text = capsys.readouterr().out
    assert "no bundle refused" in text
    assert "Not run" not in text


def test_markdown_has_a_row_a_finding_and_the_next_steps_below() -> None:
    text = markdown(verdict(*MIXED, skipped=("late",)))
    lines = text.splitlines()
    assert lines[0] == "## Gate: bundle 0123456789ab refused"
    assert lines[2] == "| group | check | verdict | measured | required |"
    assert lines[3] == "| --- " * 5 + "|"
    expected = []
    for one in MIXED:
        sign = SIGNS[severity(one.outcome) or "quiet"]
        cells = [one.group, one.check, f"{sign} {one.outcome}", one.measured, one.required]
        expected.append(f"| {' | '.join(cells)} |")
    assert lines[4:10] == expected
    assert {line.split(" | ")[2][0] for line in expected} == set(SIGNS.values())
    assert lines[10:14] == ["", "### Refused", "", "- **no**: m no. w no. fix no"]
    assert lines[14:17] == ["", "### Warnings", ""]
    assert lines[17:19] == ["- **own**: look<br>line 1<br>line 2", "- **maybe**: fix maybe"]
    assert lines[19] == ""
    assert lines[20].endswith(": late.")
    assert text.endswith(".\n")


def test_markdown_of_a_passed_verdict_has_no_steps() -> None:
    lines = markdown(verdict(*PASSED)).splitlines()
    assert lines[0].endswith(" passed")
    assert not [line for line in lines if line.startswith(("###", "Not run", "- "))]
    assert len(lines) == 6
    special = finding("a", measured="1 | 2\n3", required="<b>")
    assert "| 1 \\| 2<br>3 | <b> |" in markdown(verdict(special))


@pytest.mark.parametrize(
    ("findings", "skipped", "facts"),
    [
        (PASSED, (), ["Passed: 2 checks ran, none refused."]),
        ((finding("no", "refuse"), finding("no too", "refuse")), (), ["Refused by no, no too."]),
        ((finding("no", "refuse"),), ("a", "b"), ["Refused by no.", "2 checks did not run."]),
        (
            (*MIXED[2:], *PASSED),
            (),
            [
                "Passed: 4 checks ran",
                "Warnings to review: maybe.",
                "Not applicable: none.",
                "Left out by the team: left.",
            ],
        ),
    ],
)
def test_lead_counts_what_ran_and_names_the_rest(
    findings: tuple[Finding, ...], skipped: tuple[str, ...], facts: list[str]
) -> None:
    text = lead(verdict(*findings, skipped=skipped))
    assert [fact for fact in facts if fact not in text] == []
    for label in ("Warnings to review", "Not applicable", "Left out by the team", "did not run"):
        assert (label in text) == any(label in fact for fact in facts)


def sections_of(given: Verdict, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `write` gives to the page."""
    rendered: dict[str, Any] = {}

    def render(title: str, lead: str, sections: list[Section], **words: str) -> str:
        rendered.update(words, title=title, lead=lead, sections=sections)
        return "<html>"

    monkeypatch.setattr("engine.pages.page.render", render)
    path = write(given, folder / "gate.html")
    assert path.read_text() == "<html>"
    return rendered


def test_write_has_a_section_a_group_with_its_worst_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = sections_of(verdict(*MIXED), tmp_path, monkeypatch)
    assert "bundle 0123456789ab" in rendered["title"]
    assert rendered["verdict"] == "refused"
    assert rendered["footer"]
    assert rendered["lead"] == lead(verdict(*MIXED))
    sections: list[Section] = rendered["sections"]
    assert [one.title for one in sections] == ["Worth it", "Honest", "Safe to own"]
    assert [one.status for one in sections] == ["passed", "stopped", "warned"]
    assert {one.owner for one in sections} == {"both"}
    assert [one.sentence for one in sections] == [
        f"{QUESTIONS['worth it']} 1 passed, 2 not applicable.",
        f"{QUESTIONS['honest']} 1 refused, 1 with a warning.",
        f"{QUESTIONS['safe to own']} 1 with a warning.",
    ]
    [table] = [one for one in sections[1].blocks if isinstance(one, Table)]
    assert [row[0] for row in table.rows] == ["no", "maybe"]
    idle = verdict(finding("none", "not applicable"))
    [only] = sections_of(idle, tmp_path, monkeypatch)["sections"]
    assert only.status == "passed"


def test_blocks_are_a_table_then_refusals_then_warnings_then_pictures() -> None:
    results = blocks([MIXED[0], MIXED[1], MIXED[2], MIXED[3], MIXED[5]], "checks")
    table, *notes, pictures = results
    assert isinstance(table, Table)
    assert [list(row) for row in table.rows] == [
        [one.check, one.outcome, one.measured, one.required] for one in (*MIXED[:4], MIXED[5])
    ]
    assert notes == [
        Note("no: m no", "bad"),
        Note("w no"),
        Note("fix no"),
        Note("own: look", "warn"),
        Code("line 1\nline 2"),
        Note("maybe: fix maybe", "warn"),
    ]
    assert pictures == Gallery([PICTURE, PICTURE])
    assert len(blocks([*PASSED], "checks")) == 1
    hint = finding("none", "not applicable", next="set a limit")
    assert len(blocks([hint], "checks")) == 1


def test_after_check_of_a_passed_verdict_names_the_signatures() -> None:
    text = after_check(verdict(*PASSED), Path("records/verdict.json"), Path("gate.html"), [])
    first, last = text.splitlines()
    assert first == "verdict: passed, recorded in records/verdict.json; page: gate.html"
    assert "handoff accept" in last


def test_after_check_of_a_warning_of_reproducible_names_its_step_first() -> None:
    """Nobody can sign a bundle of uncommitted work."""
    warned = finding("reproducible", "warn", next="Commit first."), finding("a", "warn")
    text = after_check(verdict(*warned), None, Path("gate.html"), [])
    assert text.splitlines()[0] == "verdict: passed, not recorded; page: gate.html"
    assert text.splitlines()[-1] == "next: Commit first."
    other = after_check(verdict(finding("a", "warn")), None, Path("gate.html"), [])
    assert "handoff accept" in other


def test_after_check_of_a_refusal_has_no_signatures() -> None:
    text = after_check(verdict(*MIXED), None, Path("gate.html"), ["ml-engineering", "data-science"])
    assert text.startswith("verdict: refused")
    assert "ml-engineering and data-science" in text
    assert "git restore" in text
    assert "left out by the team: left" in text.splitlines()
    assert "next:" not in text
