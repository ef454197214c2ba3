"""The verdict in the terminal, as Markdown for a pull request, and as a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from engine.gate.checks.check import Finding, Group, Outcome
from engine.gate.gate import Verdict
from engine.pages import page
from engine.pages.formatting import SIGNS, count, severity
from engine.pages.page import Block, Code, Gallery, Note, Section, Status, Table
from engine.pages.terminal import table
from engine.problem.files import write_atomically

PAGE = Path("build/gate.html")
HEADER = ["check", "verdict", "measured", "required"]
QUESTIONS: dict[Group, str] = {
    "worth it": "Is the model good enough, for every group?",
    "honest": "Are the figures true?",
    "runs the same": "Does the server predict what training predicted, in time, and can the model "
    "be trained again?",
    "safe to own": "Can another team run and support this?",
}
NOTES: tuple[tuple[Outcome, Literal["bad", "warn"]], ...] = (("refuse", "bad"), ("warn", "warn"))
COUNTED = {"refuse": "refused", "warn": "with a warning", "pass": "passed"}
COUNTED["not applicable"] = "not applicable"


def show(verdict: Verdict) -> None:
    """Print the verdict as a table, and the next step of each refusal and warning."""
    rows = [
        # Each group is named once, in its first line.
        ["" if number else group, *_row(one)]
        for group in get_args(Group)
        for number, one in enumerate(_of(verdict, group))
    ]
    table(f"gate: {_name(verdict)} {verdict.outcome}", ["group", *HEADER], rows)
    for one in (*verdict.refusals, *verdict.warnings):
        print(f"{one.check}: {one.next}")
    if verdict.skipped:
        print(_skipped(verdict))


def markdown(verdict: Verdict) -> str:
    """The verdict as Markdown, for a job's summary or a comment on a pull request."""
    lines = [f"## Gate: {_name(verdict)} {verdict.outcome}", ""]
    lines += [f"| group | {' | '.join(HEADER)} |", "| --- " * (len(HEADER) + 1) + "|"]
    for one in verdict.findings:
        outcome = f"{SIGNS[severity(one.outcome) or 'quiet']} {one.outcome}"
        cells = [one.group, one.check, outcome, one.measured, one.required]
        lines.append(f"| {' | '.join(_escaped(cell) for cell in cells)} |")
    for title, findings in (("Refused", verdict.refusals), ("Warnings", verdict.warnings)):
        if findings:
            lines += ["", f"### {title}", ""]
            lines += [f"- **{one.check}**: {_escaped(one.next)}" for one in findings]
    if verdict.skipped:
        lines += ["", _skipped(verdict)]
    return "\n".join(lines) + "\n"


def write(verdict: Verdict, path: Path = PAGE) -> Path:
    """Write the verdict's page, completely or not at all; returns its path."""
    sections = []
    for group in get_args(Group):
        if findings := _of(verdict, group):
            sentence = f"{QUESTIONS[group]} {_counted(findings)}"
            content = blocks(findings, group)
            status = _status(findings)
            sections.append(Section(group.capitalize(), "both", sentence, content, status=status))
    html = page.render(
        f"The gate: {_name(verdict)}",
        lead(verdict),
        sections,
        verdict=verdict.outcome,
        footer="The gate recomputes every figure; it trusts none in the bundle.",
    )
    return write_atomically(path, html)


def lead(verdict: Verdict) -> str:
    """The verdict in a sentence or two."""
    if verdict.refusals:
        text = f"Refused by {_names(verdict.refusals)}. Each refusal below names the next step."
        number = count(len(verdict.skipped), "check")
        return f"{text} {number} did not run." if verdict.skipped else text
    dropped = [one for one in verdict.findings if one.dropped]
    inapplicable = [
        one for one in verdict.findings if one.outcome == "not applicable" and not one.dropped
    ]
    ran = len(verdict.findings) - len(dropped) - len(inapplicable)
    sentences = [f"Passed: {count(ran, 'check')} ran, none refused."]
    for label, findings in (
        ("Warnings to review", verdict.warnings),
        ("Not applicable", inapplicable),
        ("Left out by the team", dropped),
    ):
        sentences += [f"{label}: {_names(findings)}."] if findings else []
    return " ".join(sentences)


def groups(verdict: Verdict) -> list[Block]:
    """The blocks of all groups, for a page that shows more than the gate."""
    return [
        block
        for group in get_args(Group)
        if (findings := _of(verdict, group))
        for block in blocks(findings, group)
    ]


def blocks(findings: Sequence[Finding], caption: str) -> list[Block]:
    """A table of findings, the next steps, and the pictures."""
    content: list[Block] = [Table(caption, HEADER, [_row(one) for one in findings])]
    for outcome, severe in NOTES:
        for one in findings:
            if one.outcome == outcome and one.next:
                sentence, _, lines = one.next.partition("\n")
                content.append(Note(f"{one.check}: {sentence}", severe))
                content += [Code(lines)] if lines else []
    if pictures := [one.picture for one in findings if one.picture]:
        content.append(Gallery(pictures))
    return content


def _row(one: Finding) -> list[str]:
    return [one.check, one.outcome, one.measured, one.required]


def _of(verdict: Verdict, group: Group) -> list[Finding]:
    return [one for one in verdict.findings if one.group == group]


def _name(verdict: Verdict) -> str:
    return f"bundle {verdict.bundle_id[:12]}" if verdict.bundle_id else "no bundle"


def _names(findings: Sequence[Finding]) -> str:
    return ", ".join(one.check for one in findings)


def _skipped(verdict: Verdict) -> str:
    return f"Not run, because an earlier check refused: {', '.join(verdict.skipped)}."


def _counted(findings: Sequence[Finding]) -> str:
    numbers = {word: sum(one.outcome == key for one in findings) for key, word in COUNTED.items()}
    return ", ".join(f"{number} {word}" for word, number in numbers.items() if number) + "."


def _status(findings: Sequence[Finding]) -> Status:
    outcomes = {one.outcome for one in findings}
    return "stopped" if "refuse" in outcomes else "warned" if "warn" in outcomes else "passed"


def _escaped(text: str) -> str:
    # A bar or a line break would end the cell.
    return text.replace("|", "\\|").replace("\n", "<br>")
