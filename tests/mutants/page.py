"""Writes docs/mutants.md: how many changes of the engine's code its tests notice."""

import math
from pathlib import Path

from journey import ROOT
from tests.mutants.survivors import reason
from tests.mutants.trial import PROJECT, Trial

PAGE = ROOT / "docs/mutants.md"
Z = 1.96  # 95 %
BAR = "\\|"  # a bar would end the cell

HEAD = """\
# What the engine's tests notice

`make mutants` changes the engine's code at random, one place at a time, and runs the tests of that
room: a comparison turned, a number one larger, an argument left out. Words of messages are not
changed, because tests assert codes and facts. At least 85 % of the changes must make a test fail.
The changes are a random sample, drawn by the seed; the interval is Wilson's, for 95 %. A run for
some rooms (`python -m tests.mutants ROOM`) replaces their lines.
"""
TABLE = """
| room | changes | noticed | share | interval | seed | engine |
| --- | --- | --- | --- | --- | --- | --- |
"""
MISSED = """
## Not noticed

| room | function | code | changed to | why no test has to notice |
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
    """Write each room's line, and each change that was not noticed with its reason.

    Lines of rooms that are not in `results` stay.
    """
    version = (PROJECT / "engine/VERSION").read_text("utf-8").strip()
    counted = _lines(TABLE, set(results))
    counted += [f"{line(name, trials)} {seed} | {version} |" for name, trials in results.items()]
    missed = _lines(MISSED, set(results))
    for name, trials in results.items():
        for one in (trial.mutant for trial in trials if not trial.noticed):
            # A changed default argument is in the first line of its function.
            code = [f"`{text.splitlines()[0]}`" for text in (one.before, one.after)]
            cells = (name, one.where, *code, reason(one) or "**no reason yet**")
            missed.append(f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |")
    text = HEAD + TABLE + "\n".join(sorted(counted)) + "\n" + MISSED + "\n".join(sorted(missed))
    PAGE.write_text(f"{text}\n", encoding="utf-8")
    return PAGE


def _lines(heading: str, but: set[str]) -> list[str]:
    """The lines below a heading of the page as it is, without those of some rooms."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    rows = text.partition(heading)[2].partition("\n\n")[0].splitlines()
    return [row for row in rows if row and row.split(" ", 2)[1] not in but]
