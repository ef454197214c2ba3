"""Shows a result of the monitor: a table in the terminal, a picture on a page."""

from collections.abc import Sequence

from markupsafe import Markup

from engine.monitoring.finding import Finding
from engine.monitoring.result import Result
from engine.pages import charts, terminal
from engine.pages.formatting import count, number, percent

SHARES = ("missing", "unseen", "range")
MOST_IN_PICTURE = 12
HEADER = ("check", "measured", "threshold", "verdict", "found", "what to do")


def print_table(result: Result) -> None:
    """Print what is wrong in full, and of each quiet column the check nearest its threshold."""
    shown = [
        (
            name(finding),
            _amount(finding, finding.measured),
            _amount(finding, finding.threshold),
            finding.verdict,
            finding.detail,
            finding.advice,
        )
        for finding in telling(result.rows)
    ]
    title = f"bundle {result.bundle[:12]} since {result.since:%Y-%m-%d %H:%M}: "
    terminal.table(title + count(len(result.rows), "check"), HEADER, shown)
    if result.truncated:
        print(f"passed over {count(result.truncated, 'half line')} at the end of a segment")
    print(
        result.headline
        if result.headline.startswith(result.verdict)
        else f"{result.verdict}: {result.headline}"
    )


def picture(result: Result) -> Markup:
    """How near each column came to its threshold; those nearest, or beyond, come first."""
    drift = [one for one in telling(result.rows) if one.check != "performance" and one.threshold]
    ranked = sorted(drift, key=nearness, reverse=True)[:MOST_IN_PICTURE]
    rows = [charts.Dot(name(one), nearness(one), 0.0, nearness(one)) for one in ranked]
    return charts.interval_plot(
        "Drift against its threshold",
        rows,
        label="of the threshold",
        mark=1.0,
        show=percent,
        description=result.headline,
    )


def telling(findings: Sequence[Finding]) -> list[Finding]:
    """Every finding that is wrong; of whatever is not, the one nearest its threshold."""
    loud = [finding for finding in findings if finding.wrong]
    nearest: dict[str, Finding] = {}
    for finding in sorted(findings, key=nearness):
        nearest[finding.about] = finding
    said = {finding.about for finding in loud}
    return loud + [one for one in findings if one is nearest[one.about] and one.about not in said]


def nearness(finding: Finding) -> float:
    """What was measured as a share of its threshold; 0 where there is none to tell."""
    return (finding.measured or 0.0) / finding.threshold if finding.threshold else 0.0


def name(finding: Finding) -> str:
    """The finding's check and what it looked at."""
    if finding.check == "performance":
        return f"performance ({finding.subject})"
    return f"{finding.subject}: {finding.check}" if finding.subject else finding.check


def _amount(finding: Finding, value: float | None) -> str:
    return percent(value) if finding.check in SHARES else number(value)
