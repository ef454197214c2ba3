"""The gate as people read it: in the terminal, in a pull request, as a page."""

from pathlib import Path
from typing import get_args

from engine.gate.checks.check import Finding, Group
from engine.gate.gate import Verdict
from engine.pages import page
from engine.pages.formatting import SIGNS, count, severity
from engine.pages.page import Block, Code, Gallery, Note, Section, Status, Table
from engine.pages.terminal import table

PAGE = Path("build/gate.html")
HEADER = ["check", "verdict", "measured", "required"]
QUESTIONS: dict[Group, str] = {
    "worth it": "Is the model worth having, for all whom it serves?",
    "honest": "Is the result what it looks like?",
    "runs the same": "Does production give the PoC's answers, in time, and could it be made again?",
    "safe to own": "May another team run this, and answer for it?",
}


def show(judgement: Verdict) -> None:
    """Print the gate's table, and what to do about each line that needs it."""
    rows: list[list[str]] = []
    for group in get_args(Group):
        for number, one in enumerate(_of(judgement, group)):
            # Each group is named once, at its first line.
            rows.append(["" if number else group, *_line(one)])
    table(f"gate: {_name(judgement)} {judgement.verdict}", ["group", *HEADER], rows)
    for one in (*judgement.refusals, *judgement.warnings):
        print(f"{one.check}: {one.next}")
    if judgement.skipped:
        print(f"not asked before that is mended: {', '.join(judgement.skipped)}")


def markdown(judgement: Verdict) -> str:
    """The same as Markdown, for the summary of a job or a comment on a pull request."""
    lines = [f"## Gate: {_name(judgement)} {judgement.verdict}", ""]
    lines += [f"| group | {' | '.join(HEADER)} |", "| --- " * (len(HEADER) + 1) + "|"]
    for one in judgement.findings:
        sign = SIGNS[severity(one.verdict) or "quiet"]
        said = [one.group, one.check, f"{sign} {one.verdict}", one.measured, one.required]
        lines.append(f"| {' | '.join(_escaped(word) for word in said)} |")
    for title, those in (("Refused", judgement.refusals), ("To look at", judgement.warnings)):
        lines += ["", f"### {title}", ""] if those else []
        lines += [f"- **{one.check}**: {_escaped(one.next)}" for one in those]
    if judgement.skipped:
        lines += ["", f"Not asked before that is mended: {', '.join(judgement.skipped)}."]
    return "\n".join(lines) + "\n"


def write(judgement: Verdict, path: Path = PAGE) -> Path:
    """The gate's page, as a whole or not at all; returns its path."""
    asked = [group for group in get_args(Group) if _of(judgement, group)]
    return page.write(
        path,
        f"The gate: {_name(judgement)}",
        lead(judgement),
        [
            Section(
                group.capitalize(),
                "both",
                f"{QUESTIONS[group]} {_counted(_of(judgement, group))}",
                blocks(_of(judgement, group), group),
                status=_status(_of(judgement, group)),
            )
            for group in asked
        ],
        verdict=judgement.verdict,
        footer="Measured by the gate itself; nothing that the bundle says of itself is believed.",
    )


def lead(judgement: Verdict) -> str:
    """The verdict and what follows from it, in a sentence or two."""
    named = ", ".join(one.check for one in judgement.refusals)
    asked = len(judgement.findings)
    if judgement.refusals:
        words = f"Refused by {named}. Below stands what was measured, and what to do."
        left = count(len(judgement.skipped), "further check")
        return f"{words} {left} had nothing to measure yet." if judgement.skipped else words
    look = ", ".join(one.check for one in judgement.warnings)
    dropped = ", ".join(one.check for one in judgement.findings if one.dropped)
    silent = ", ".join(
        one.check
        for one in judgement.findings
        if one.verdict == "not applicable" and not one.dropped
    )
    said = f"None of {asked} checks refuses the bundle"
    said += f"; not applicable to it: {silent}" if silent else ""
    said += f"; left out by the team: {dropped}." if dropped else "."
    return f"{said} A person should look at: {look}." if look else said


def groups(judgement: Verdict) -> list[Block]:
    """All groups one after the other, for a page that is about more than the gate."""
    return [
        block
        for group in get_args(Group)
        if _of(judgement, group)
        for block in blocks(_of(judgement, group), group)
    ]


def blocks(findings: list[Finding], caption: str) -> list[Block]:
    """A table of findings, what to do about those that need it, and their pictures."""
    found: list[Block] = [Table(caption, HEADER, [_line(one) for one in findings])]
    for verdict, sound in (("refuse", "bad"), ("warn", "warn")):
        for one in findings:
            if one.verdict == verdict and one.next:
                found += _advice(one, sound)
    if pictures := [one.picture for one in findings if one.picture]:
        found.append(Gallery(pictures))
    return found


def _advice(one: Finding, sound: str) -> list[Block]:
    words, _, rest = one.next.partition("\n")
    note: Block = Note(f"{one.check}: {words}", "bad" if sound == "bad" else "warn")
    return [note, Code(rest)] if rest else [note]


def _line(one: Finding) -> list[str]:
    return [one.check, one.verdict, one.measured, one.required]


def _of(judgement: Verdict, group: Group) -> list[Finding]:
    return [one for one in judgement.findings if one.group == group]


def _name(judgement: Verdict) -> str:
    return f"bundle {judgement.bundle_id[:12]}" if judgement.bundle_id else "no bundle"


def _counted(findings: list[Finding]) -> str:
    words = {"refuse": "refused", "warn": "to look at", "pass": "passed"}
    words["not applicable"] = "not applicable"
    said = [
        f"{number} {word}"
        for verdict, word in words.items()
        if (number := sum(one.verdict == verdict for one in findings))
    ]
    return f"{', '.join(said)}."


def _status(findings: list[Finding]) -> Status:
    verdicts = {one.verdict for one in findings}
    return "stopped" if "refuse" in verdicts else "warned" if "warn" in verdicts else "passed"


def _escaped(words: str) -> str:
    # A bar or a line break would end the cell.
    return words.replace("|", "\\|").replace("\n", "<br>")
