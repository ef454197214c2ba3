"""Writes docs/mutations.md: what was planted, which check must refuse it, what the gate said."""

import re
from pathlib import Path

from journey import ROOT
from tests.mutations.catalogue import Clean, Fault, checks
from tests.mutations.trial import Outcome

PAGE = ROOT / "docs/mutations.md"
LONGEST = 150

HEAD = """\
# A gate that closes

A gate is worth what it refuses. So faults as people really make them are planted in whole projects,
each is trained, built and handed to `python -m handoff check`, and the check that is meant for it
must refuse it, by name and without help from the others. Honest work must pass untouched.

This page is written by `make mutations`, from what the gate said in that run:
**{summary}**.
{checks}
A selection that touches every check runs in `make test`. The catalogue is code, a function a fault:
[tests/mutations/faults](../tests/mutations/faults).

"""

CHECKS_RUN = {
    False: "Every check was asked of every case.",
    True: "Asked were the checks that need no process of their own, and a fault's own (`--quick`).",
}


def write(outcomes: list[Outcome], seconds: float, *, quick: bool, page: Path = PAGE) -> Path:
    """Write the page; the table of faults is in the order of the gate's checks."""
    faults = [(one.case, one) for one in outcomes if isinstance(one.case, Fault)]
    honest = [(one.case, one) for one in outcomes if isinstance(one.case, Clean)]
    lines = ["## Planted faults", ""]
    for check in checks():
        lines += [f"### {check}", "", "| planted | data set | verdict | what the gate said |"]
        lines += ["| --- | --- | --- | --- |"]
        for fault, outcome in faults:
            if fault.check == check:
                verdict = "**wrong**" if outcome.wrong else "refused"
                measured = _short(outcome.wrong or outcome.measured)
                lines.append(f"| {_cell(fault.about)} | {fault.home} | {verdict} | {measured} |")
        lines.append("")
    lines += ["## Honest work", "", "| what | case | verdict |", "| --- | --- | --- |"]
    for case, outcome in honest:
        verdict = f"**wrong**: {_short(outcome.wrong)}" if outcome.wrong else "passed"
        lines.append(f"| {_cell(case.about)} | {case.name.replace('_', ' ')} | {verdict} |")
    text = (
        HEAD.format(summary=summary(outcomes, seconds), checks=CHECKS_RUN[quick])
        + "\n".join(lines)
        + "\n"
    )
    page.write_text(text, encoding="utf-8")
    return page


def summary(outcomes: list[Outcome], seconds: float) -> str:
    """How many faults were refused and clean cases passed, and how long all of it took."""
    faults = [one for one in outcomes if isinstance(one.case, Fault)]
    honest = [one for one in outcomes if isinstance(one.case, Clean)]
    refused = sum(not one.wrong for one in faults)
    passed = sum(not one.wrong for one in honest)
    homes = {one.case.home for one in faults}
    return (
        f"{refused} of {len(faults)} faults over {len(homes)} data sets refused, {passed} of "
        f"{len(honest)} clean cases passed, in {seconds / 60:.0f} minutes"
    )


def _short(text: str) -> str:
    """One cell's worth: no path of this machine, no long digest, no line break, and an end."""
    for what, instead in (
        (r"\S*/bundles/[0-9a-f]{64}", ""),
        (r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1"),
        (r"(?<![\w.])/(?:[^\s/\"']+/)+", ""),  # the folders of an absolute path
        (r"[~^]{3,}", ""),  # where a traceback points at
    ):
        text = re.sub(what, instead, text)
    line = " ".join(text.split())
    return _cell(line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
