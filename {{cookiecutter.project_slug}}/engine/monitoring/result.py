"""The result of a monitoring check: its findings, a sentence, a table and a picture of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from markupsafe import Markup

from engine.monitoring.live import LivePredictions
from engine.monitoring.log import ENDINGS, LogState
from engine.pages import charts, terminal
from engine.pages.formatting import count, listed, number, percent
from engine.problem.metrics import Interval

Verdict = Literal["ok", "insufficient data", "drift", "degraded", "refused"]

# From good to bad. 'Insufficient data' is not 'ok': the answer is unknown.
SEVERITY: tuple[Verdict, ...] = ("ok", "insufficient data", "drift", "degraded", "refused")
REFUSED = "refused requests"
SHARES = ("missing", "unseen", "range", REFUSED)
MOST_IN_PICTURE = 12
HEADER = ("check", "measured", "threshold", "verdict", "detail", "what to do")


@dataclass(frozen=True)
class Finding:
    """One check: the measured value, the value from which on it is wrong, and the next step.

    `check` names the kind, `subject` the column, the metric of a performance, or reason and field
    of refused requests ('' for the score). `measured` and `threshold` share a unit; None where
    they cannot be computed. The end of an `interval` that is compared may lie beyond a threshold
    which the value itself reached.
    """

    check: str
    subject: str
    measured: float | None
    threshold: float | None
    verdict: Verdict
    detail: str
    advice: str = ""
    interval: Interval | None = None

    @property
    def wrong(self) -> bool:
        """Whether somebody must act on it."""
        return self.verdict in ("drift", "degraded", "refused")

    @property
    def about(self) -> str:
        """The column, the score, the performance, the log or refused requests."""
        whole = {"score": "the score", "performance": "the performance", "log": "the log"}
        whole[REFUSED] = REFUSED
        return whole.get(self.check, self.subject)


@dataclass(frozen=True)
class Result:
    """The findings, the worst first.

    `counted` are the live rows that were compared; `log` is what else the log holds.
    """

    verdict: Verdict
    headline: str
    rows: tuple[Finding, ...]
    bundle: str
    since: datetime
    counted: int
    log: LogState

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """The findings that somebody must act on."""
        return tuple(finding for finding in self.rows if finding.wrong)

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return asdict(self) | {"since": self.since.isoformat()}


def summarise(findings: Sequence[Finding], live: LivePredictions) -> Result:
    """The result of a check: its findings, the worst first, and a sentence about them."""
    unread = [_unread(live.log.unread)] if live.log.unread else []
    rows = tuple(sorted([*unread, *findings], key=lambda one: -SEVERITY.index(one.verdict)))
    counted, since = live.counts.rows, live.window.begin.replace(tzinfo=UTC)
    headline = _headline(rows, counted, live.log.rehearsal)
    verdict = rows[0].verdict if rows else "insufficient data"
    return Result(verdict, headline, rows, live.bundle.id, since, counted, live.log)


def _unread(files: Sequence[str]) -> Finding:
    """Files in the log's folder that are no segments: the records in them do not count."""
    detail = f"the log's folder holds {count(len(files), 'file')} that are not read: "
    detail += listed(list(files), 4)
    advice = f"rename segments to *{' or *'.join(ENDINGS)}; move other files away"
    return Finding("log", "", None, None, "insufficient data", detail, advice)


def _headline(findings: Sequence[Finding], rows: int, rehearsal: bool) -> str:
    """The result in a sentence; unknown results are in it like wrong ones."""
    over = f"over {count(rows, 'rehearsed row' if rehearsal else 'row')}"
    drifted = list(dict.fromkeys(one.about for one in findings if one.verdict == "drift"))
    compared = {one.about for one in findings if one.verdict != "insufficient data"}
    unknown = {one.about: one.detail for one in findings if one.about not in compared}
    broken = [one for one in findings if one.verdict == "refused"]
    refused = [f"{one.subject} ({percent(one.measured)})" for one in broken]
    clauses = [f"refused requests: {listed(refused, 4)}"] if refused else []
    clauses += [
        f"{one.subject} is degraded: {_measured(one)}, {one.detail}"
        for one in findings
        if one.verdict == "degraded"
    ]
    if drifted:
        clauses.append(f"drift in {listed(drifted, 4)} {over}")
    elif compared - {"the performance", REFUSED}:
        clauses.append(f"no drift {over}")
    fine = [one for one in findings if (one.check, one.verdict) == ("performance", "ok")]
    clauses += [f"{one.subject} not degraded" for one in fine]
    if unknown:
        subjects = f" for {listed(list(unknown), 4)}" if compared else ""
        clauses.append(f"insufficient data{subjects}: {next(iter(unknown.values()))}")
    return "; ".join(clauses)


def print_table(result: Result) -> None:
    """Print every wrong finding, and of each other column the check nearest its threshold."""
    shown, given = [], set[str]()
    for one in selection(result.rows):
        amounts = _measured(one), _amount(one, one.threshold)
        advice = "as above" if one.advice and one.advice in given else one.advice
        shown.append((_name(one), *amounts, one.verdict, one.detail, advice))
        given.add(one.advice)
    title = f"bundle {result.bundle[:12]} since {result.since:%Y-%m-%d %H:%M}: "
    terminal.table(title + count(len(result.rows), "check"), HEADER, shown)
    if result.log.truncated:
        print(f"skipped {count(result.log.truncated, 'truncated line')} at the end of a segment")
    if result.log.repeated:
        print(f"counted once: {count(result.log.repeated, 'record')} that repeat another")
    is_named = result.headline.startswith(result.verdict)
    print(result.headline if is_named else f"{result.verdict}: {result.headline}")


def picture(result: Result) -> Markup:
    """How near each column came to its threshold; those nearest, or beyond, come first."""
    others = ("performance", REFUSED)
    drift = [one for one in selection(result.rows) if one.check not in others and one.threshold]
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
    if finding.check in ("performance", REFUSED) and finding.subject:
        return f"{finding.check} ({finding.subject})"
    return f"{finding.subject}: {finding.check}" if finding.subject else finding.check


def _measured(finding: Finding) -> str:
    """The measured value with its interval, if it has one."""
    return with_ends(finding.interval) if finding.interval else _amount(finding, finding.measured)


def with_ends(one: Interval) -> str:
    """A value and its interval for people: 0.8 (0.7 to 0.9)."""
    return f"{number(one.value)} ({number(one.low)} to {number(one.high)})"


def _amount(finding: Finding, value: float | None) -> str:
    return percent(value) if finding.check in SHARES else number(value)
