"""The verdict in the terminal, as Markdown for a pull request, and as a page."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from engine.gate.checks.check import Finding, Group, Outcome
from engine.gate.gate import Verdict
from engine.pages import page
from engine.pages.formatting import SIGNS, count, severity
from engine.pages.page import Block, Code, Gallery, Note, Section, Status, Table
from engine.pages.terminal import table
from engine.problem.errors import command
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
COUNTED: dict[Outcome, tuple[str, Status]] = {
    "refuse": ("refused", "stopped"),
    "warn": ("with a warning", "warned"),
    "pass": ("passed", "passed"),
    "not applicable": ("not applicable", "passed"),
}


def show(verdict: Verdict) -> None:
    """Print the verdict as a table, and the next step of each refusal and warning."""
    rows = []
    for group, findings in _grouped(verdict):
        # Each group is named once, in its first line.
        rows += [["" if row else group, *_row(one)] for row, one in enumerate(findings)]
    table(f"gate: {_name(verdict)} {verdict.outcome}", ["group", *HEADER], rows)
    for one in verdict.refusals:
        print(f"{one.check} refused", *_reading(one), sep="\n  ")
    for one in verdict.warnings:
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
            lines += [f"- **{one.check}**: {_escaped(_text(one))}" for one in findings]
    if verdict.skipped:
        lines += ["", _skipped(verdict)]
    return "\n".join(lines) + "\n"


def write(verdict: Verdict, path: Path = PAGE) -> Path:
    """Write the verdict's page, completely or not at all; returns its path."""
    sections = []
    for group, findings in _grouped(verdict):
        numbers = Counter(one.outcome for one in findings)
        present = [key for key in COUNTED if numbers[key]]
        counted = ", ".join(f"{numbers[key]} {COUNTED[key][0]}" for key in present)
        title, sentence = group.capitalize(), f"{QUESTIONS[group]} {counted}."
        content, status = blocks(findings, f"checks: {group}"), COUNTED[present[0]][1]
        sections.append(Section(title, "both", sentence, content, status=status))
    title, footer = f"The gate: {_name(verdict)}", "The gate recomputes every figure."
    html = page.render(title, lead(verdict), sections, verdict=verdict.outcome, footer=footer)
    return write_atomically(path, html)


def after_check(
    verdict: Verdict,
    recorded: Path | None,
    page: Path,
    invalidated: Sequence[str],
    *,
    accepted: bool = False,
) -> str:
    """The verdict, its files and the next step; `invalidated` teams signed the verdict before.

    `accepted`: both teams have signed for this bundle, so that its recorded verdict stays.
    """
    where = f"recorded in {recorded}" if recorded else "not recorded"
    lines = [f"verdict: {verdict.outcome}, {where}; page: {page}"]
    if accepted:
        text = "Both teams have accepted this bundle: its signed verdict stays. To check your "
        lines.append(
            f"{text}present work, run `{command('poc train')}` and `{command('handoff build')}`."
        )
    if invalidated:
        # A live bundle does not start again until its new verdict is signed.
        text = f"The signatures of {' and '.join(invalidated)} belong to the replaced verdict."
        lines.append(f"{text} Sign again, or restore it with `git restore handoff/records`.")
    if dropped := [one.check for one in verdict.findings if one.dropped]:
        lines.append(f"left out by the team: {', '.join(dropped)}")
    if verdict.outcome == "passed" and not accepted:
        # Nobody can sign before the next step of `reproducible`.
        advice = (one.next for one in verdict.warnings if one.check == "reproducible")
        sign = f"{command('handoff accept --as data-scientist')}, and --as ml-engineer"
        lines.append(f"next: {next(advice, sign)}")
    return "\n".join(lines)


def lead(verdict: Verdict) -> str:
    """The verdict in a sentence or two."""
    if verdict.refusals:
        text = f"Refused by {_names(verdict.refusals)}. Each refusal below names the next step."
        number = count(len(verdict.skipped), "check")
        return f"{text} {number} did not run." if verdict.skipped else text
    idle = [one for one in verdict.findings if one.outcome == "not applicable"]
    text = f"Passed: {count(len(verdict.findings) - len(idle), 'check')} ran, none refused."
    named = {
        "Warnings to review": verdict.warnings,
        "Not applicable": [one for one in idle if not one.dropped],
        "Left out by the team": [one for one in idle if one.dropped],
    }
    return text + "".join(f" {label}: {_names(rows)}." for label, rows in named.items() if rows)


def blocks(findings: Sequence[Finding], caption: str) -> list[Block]:
    """A table of findings, the next steps of refusals and then warnings, and the pictures."""
    content: list[Block] = [Table(caption, HEADER, [_row(one) for one in findings])]
    steps = [one for one in findings if one.outcome in ("refuse", "warn") and one.next]
    for one in sorted(steps, key=lambda one: one.outcome):
        text, _, lines = one.next.partition("\n")
        first, *others = [*_reading(one)[:-1], text] if one.outcome == "refuse" else [text]
        content.append(Note(f"{one.check}: {first}", severity(one.outcome)))
        content += [*map(Note, others), *([Code(lines)] if lines else [])]
    if pictures := [one.picture for one in findings if one.picture]:
        content.append(Gallery(pictures))
    return content


def _reading(one: Finding) -> list[str]:
    """What is wrong, why it matters, and the next step."""
    return [part for part in (one.measured, one.because, one.next) if part]


def _text(one: Finding) -> str:
    """A refusal whole, because its readers decide; of a warning the next step."""
    sentences = (part if part.endswith((".", ":")) else f"{part}." for part in _reading(one)[:-1])
    return " ".join([*sentences, one.next]) if one.outcome == "refuse" else one.next


def _row(one: Finding) -> list[str]:
    return [one.check, one.outcome, one.measured, one.required]


def _grouped(verdict: Verdict) -> list[tuple[Group, list[Finding]]]:
    """The groups that have findings, each with its findings."""
    groups = {one: [f for f in verdict.findings if f.group == one] for one in get_args(Group)}
    return [(group, findings) for group, findings in groups.items() if findings]


def _name(verdict: Verdict) -> str:
    return f"bundle {verdict.bundle_id[:12]}" if verdict.bundle_id else "no bundle"


def _names(findings: Sequence[Finding]) -> str:
    return ", ".join(one.check for one in findings)


def _skipped(verdict: Verdict) -> str:
    return f"Not run, because an earlier check refused: {', '.join(verdict.skipped)}."


def _escaped(text: str) -> str:
    # A bar or a line break would end the cell.
    return text.replace("|", "\\|").replace("\n", "<br>")
