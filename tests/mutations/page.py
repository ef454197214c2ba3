"""Writes docs/mutations.md: each fault, the check that must refuse it, and what it measured."""

import re
from pathlib import Path

from journey import ROOT
from tests.mutations.catalogue import Clean, Fault, checks
from tests.mutations.trial import Outcome

PAGE = ROOT / "docs/mutations.md"
LONGEST = 150

HEAD = """\
# The gate's failing and passing cases

Faults that people really make are planted in whole projects. Each project is trained, built and
checked with `python -m handoff check`. The check that is meant for the fault must refuse it, and no
other check may. Honest work must pass.

`make mutations` writes this page. Its last run: **{summary}**.
{checks}
`make test` runs a selection that covers every check. Each fault is a function in
[tests/mutations/faults](../tests/mutations/faults).

"""

CHECKS_RUN = {
    False: "Every check ran on every case.",
    True: "Only the checks that start no process and the check of each fault ran (`--quick`).",
}


def write(outcomes: list[Outcome], seconds: float, *, quick: bool, page: Path = PAGE) -> Path:
    """Write the page; the table of faults is in the order of the gate's checks."""
    faults = [(one.case, one) for one in outcomes if isinstance(one.case, Fault)]
    honest = [(one.case, one) for one in outcomes if isinstance(one.case, Clean)]
    lines = ["## Planted faults", ""]
    for check in checks():
        lines += [f"### {check}", "", "| fault | data set | verdict | measured |"]
        lines += ["| --- | --- | --- | --- |"]
        for fault, outcome in faults:
            if fault.check == check:
                verdict = "**wrong**" if outcome.wrong else "refused"
                measured = _short(outcome.wrong or outcome.measured)
                lines.append(f"| {_cell(fault.about)} | {fault.home} | {verdict} | {measured} |")
        lines.append("")
    lines += ["## Honest work", "", "| work | case | verdict |", "| --- | --- | --- |"]
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
