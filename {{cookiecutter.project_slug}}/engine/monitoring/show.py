"""Shows a result of the monitor: a table in the terminal, a picture on a page."""

from collections.abc import Sequence

from markupsafe import Markup

from engine.monitoring.result import Finding, Result
from engine.pages import charts, terminal
from engine.pages.formatting import count, number, percent

SHARES = ("missing", "unseen", "range")
MOST_IN_PICTURE = 12
HEADER = ("check", "measured", "threshold", "verdict", "detail", "what to do")


def print_table(result: Result) -> None:
    """Print every wrong finding, and of each other column the check nearest its threshold."""
    shown = []
    for one in selection(result.rows):
        amounts = _amount(one, one.measured), _amount(one, one.threshold)
        shown.append((_name(one), *amounts, one.verdict, one.detail, one.advice))
    title = f"bundle {result.bundle[:12]} since {result.since:%Y-%m-%d %H:%M}: "
    terminal.table(title + count(len(result.rows), "check"), HEADER, shown)
    if result.truncated:
        print(f"skipped {count(result.truncated, 'truncated line')} at the end of a segment")
    is_named = result.headline.startswith(result.verdict)
    print(result.headline if is_named else f"{result.verdict}: {result.headline}")


def picture(result: Result) -> Markup:
    """How near each column came to its threshold; those nearest, or beyond, come first."""
    drift = [one for one in selection(result.rows) if one.check != "performance" and one.threshold]
    ranked = sorted(drift, key=_nearness, reverse=True)[:MOST_IN_PICTURE]
    rows = [charts.Dot(_name(one), _nearness(one), 0.0, _nearness(one)) for one in ranked]
    labels = {"label": "of the threshold", "description": result.headline}
    return charts.interval_plot(
        "Drift against its threshold", rows, mark=1.0, show=percent, **labels
    )


def selection(findings: Sequence[Finding]) -> list[Finding]:
    """Every wrong finding; of each other subject, the one nearest its threshold."""
    wrong = [finding for finding in findings if finding.wrong]
    nearest = {finding.about: finding for finding in sorted(findings, key=_nearness)}
    quiet = nearest.keys() - {finding.about for finding in wrong}
    return wrong + [one for one in findings if one.about in quiet and one is nearest[one.about]]


def _nearness(finding: Finding) -> float:
    """The measured value as a share of its threshold; 0 where there is none."""
    return (finding.measured or 0.0) / finding.threshold if finding.threshold else 0.0


def _name(finding: Finding) -> str:
    if finding.check == "performance":
        return f"performance ({finding.subject})"
    return f"{finding.subject}: {finding.check}" if finding.subject else finding.check


def _amount(finding: Finding, value: float | None) -> str:
    return percent(value) if finding.check in SHARES else number(value)
