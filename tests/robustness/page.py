"""Writes docs/robustness.md: each input that was tried, and its result."""

from itertools import groupby
from pathlib import Path

from journey import ROOT
from tests.robustness.trial import Outcome

PAGE = ROOT / "docs/robustness.md"
HEAD = """\
# Inputs from the field

Tables, logs and requests as people really have them. Each case states what is right and is tried in
a project of its own by `python -m tests.robustness`, which writes this page; `make test` tries them
too. Its last run: **{right} of {all} right**, of {kinds} kinds.
"""


def write(outcomes: list[Outcome]) -> Path:
    """Write the page; the kinds in the order of their modules."""
    lines = []
    for kind, group in groupby(outcomes, key=lambda one: one.case.kind):
        lines += ["", f"## {kind}", "", "| case | what is right | result |", "| --- | --- | --- |"]
        for one in group:
            about = one.case.about.replace("|", "\\|")
            result = "**wrong**" if one.wrong else "right"
            lines.append(f"| {one.case.name.replace('_', ' ')} | {about} | {result} |")
    right = sum(not one.wrong for one in outcomes)
    kinds = len({one.case.kind for one in outcomes})
    head = HEAD.format(right=right, all=len(outcomes), kinds=kinds)
    PAGE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return PAGE
