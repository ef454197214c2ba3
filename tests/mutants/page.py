"""Writes docs/mutants.md: how many changes of the engine's code its tests notice."""

import math
from pathlib import Path

from journey import ROOT
from tests.mutants.survivors import reason
from tests.mutants.trial import Trial

PAGE = ROOT / "docs/mutants.md"
Z = 1.96  # 95 %

HEAD = """\
# What the engine's tests notice

`make mutants` changes the engine's code at random, one place at a time, and runs the tests of that
room: a comparison turned, a number one larger, an argument left out. Words of messages are not
changed, because tests assert codes and facts. At least 85 % of the changes must make a test fail.
The changes are a random sample (seed {seed}); the interval is Wilson's, for 95 %.

| room | changes | noticed | share | interval |
| --- | --- | --- | --- | --- |
"""


def interval(noticed: int, all_of_them: int) -> tuple[float, float]:
    """Wilson's interval for a share (E. B. Wilson, JASA 22, 1927), at 95 %."""
    share, square = noticed / all_of_them, Z * Z / all_of_them
    middle = share + square / 2
    reach = Z * math.sqrt(share * (1 - share) / all_of_them + square / (4 * all_of_them))
    return (middle - reach) / (1 + square), (middle + reach) / (1 + square)


def line(name: str, trials: list[Trial]) -> str:
    """One room as a row of the table."""
    noticed = sum(trial.noticed for trial in trials)
    low, high = interval(noticed, len(trials))
    share = noticed / len(trials)
    return f"| {name} | {len(trials)} | {noticed} | {share:.0%} | {low:.0%} to {high:.0%} |"


def write(results: dict[str, list[Trial]], seed: int) -> Path:
    """Write the table, and each change that was not noticed with its reason."""
    lines = [line(name, trials) for name, trials in results.items()]
    lines += [
        "",
        "## Not noticed",
        "",
        "| function | code | changed to | why no test has to notice |",
    ]
    lines += ["| --- | --- | --- | --- |"]
    for trials in results.values():
        for one in (trial.mutant for trial in trials if not trial.noticed):
            cells = (
                one.where,
                f"`{one.before}`",
                f"`{one.after}`",
                reason(one) or "**no reason yet**",
            )
            row = " | ".join(cell.replace("|", "\\|") for cell in cells)
            lines.append(f"| {row} |")
    PAGE.write_text(HEAD.format(seed=seed) + "\n".join(lines) + "\n", encoding="utf-8")
    return PAGE
