"""The result of a monitoring check: its findings and a sentence about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.monitoring.finding import SEVERITY, Finding, Verdict, worst
from engine.monitoring.live import LivePredictions
from engine.pages.formatting import count as counted
from engine.pages.formatting import listed


@dataclass(frozen=True)
class Result:
    """What the monitor found, the worst first.

    `counted` are the live rows that were judged, `torn` the half lines that were passed over.
    `rehearsal` says that they are rehearsals: the bundle has not answered in earnest.
    """

    verdict: Verdict
    headline: str
    rows: tuple[Finding, ...]
    bundle: str
    since: datetime
    counted: int
    rehearsal: bool
    truncated: int

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """The findings that somebody must look at."""
        return tuple(finding for finding in self.rows if finding.wrong)

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "verdict": self.verdict,
            "headline": self.headline,
            "bundle": self.bundle,
            "since": self.since.isoformat(),
            "counted": self.counted,
            "rehearsal": self.rehearsal,
            "torn": self.truncated,
            "rows": [finding.to_json() for finding in self.rows],
        }


def summarise(findings: Sequence[Finding], live: LivePredictions) -> Result:
    """The result of a check: its findings, the worst first, and a sentence about them."""
    rows = tuple(sorted(findings, key=lambda one: -SEVERITY.index(one.verdict)))
    return Result(
        verdict=worst(rows),
        headline=_headline(rows, live.counts.rows, live.rehearsal),
        rows=rows,
        bundle=live.bundle.id,
        since=live.window.begin.replace(tzinfo=UTC),
        counted=live.counts.rows,
        rehearsal=live.rehearsal,
        truncated=live.truncated,
    )


def _headline(findings: Sequence[Finding], rows: int, rehearsal: bool) -> str:
    """The result in a sentence; what nobody knows yet is said as loudly as what is wrong."""
    over = f"over {counted(rows, 'rehearsed row' if rehearsal else 'row')}"
    drifted = list(dict.fromkeys(one.about for one in findings if one.verdict == "drift"))
    known = {one.about for one in findings if one.verdict != "insufficient data"}
    unknown = {one.about: one.detail for one in findings if one.about not in known}
    parts = [f"{one.subject} is worse: {one.detail}" for one in findings if one.verdict == "worse"]
    if drifted:
        parts.append(f"drift in {_few(drifted)} {over}")
    elif known - {"the performance"}:
        parts.append(f"no drift {over}")
    fine = [one for one in findings if (one.check, one.verdict) == ("performance", "ok")]
    parts += [f"{one.subject} no worse" for one in fine]
    if unknown:
        what = f" for {_few(list(unknown))}" if known else ""
        parts.append(f"insufficient data{what}: {next(iter(unknown.values()))}")
    return "; ".join(parts)


def _few(names: list[str]) -> str:
    return listed(names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"])
