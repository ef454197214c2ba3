"""Compares what is live with what the bundle promised, and says what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from engine.bundle.bundle import Bundle
from engine.bundle.counting import count
from engine.monitoring import drift, performance
from engine.monitoring.finding import SEVERITY, Finding, Verdict, worst
from engine.monitoring.log import live_table, open_log
from engine.pages.wording import count as counted
from engine.pages.wording import listed
from engine.problem.errors import BadInput


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
    torn: int

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
            "torn": self.torn,
            "rows": [finding.to_json() for finding in self.rows],
        }


def check(
    bundle: Bundle, log: Path, since: datetime | None = None, now: datetime | None = None
) -> Result:
    """Judge the answers of `bundle` in the folder `log` against the bundle's reference.

    Without `since` the last `window_days` of the problem are judged. Times know their offset;
    `now` is for judging a day gone by.

    Raises:
        BadInput: `since` is not in the past, there is no log, or it holds what the bundle's
            contract does not allow.
    """
    problem = bundle.problem
    if missing := {"rows", "features", "performance"} - bundle.reference.keys():
        names = ", ".join(sorted(missing))
        raise BadInput(
            f"expected {names} in reference.json of bundle {bundle.id[:12]}, found "
            "none; build the bundle anew with `python -m handoff build`"
        )
    now = now or datetime.now(UTC)
    since = since or now - timedelta(days=problem.monitoring.window_days)
    if since >= now:
        raise BadInput(
            f"expected a time before now ({now:%Y-%m-%dT%H:%M:%S%z}) for --since, got "
            f"{since.isoformat()}; give an earlier time"
        )
    begin, end = (moment.astimezone(UTC).replace(tzinfo=None) for moment in (since, now))
    with duckdb.connect() as connection:
        opened = open_log(connection, log, bundle.id)
        live = live_table(connection, bundle.reference, begin)
        try:
            counts = count(connection, live, bundle.reference)
        except duckdb.ConversionException as error:
            raise BadInput(
                f"expected the log in {log} to hold the numbers that the contract asks for; "
                f"{str(error).splitlines()[0]}; find who else writes there, and move it out"
            ) from None
        findings = (
            *drift.judge(bundle.reference, counts, problem.monitoring.minimum_rows),
            performance.judge(connection, bundle, begin, end),
        )
    rows = tuple(sorted(findings, key=lambda one: -SEVERITY.index(one.verdict)))
    return Result(
        verdict=worst(rows),
        headline=_headline(rows, counts.rows, opened.rehearsal),
        rows=rows,
        bundle=bundle.id,
        since=since,
        counted=counts.rows,
        rehearsal=opened.rehearsal,
        torn=opened.torn,
    )


def _headline(findings: Sequence[Finding], rows: int, rehearsal: bool) -> str:
    """The result in a sentence; what nobody knows yet is said as loudly as what is wrong."""
    over = f"over {counted(rows, 'rehearsed row' if rehearsal else 'row')}"
    drifted = list(dict.fromkeys(one.about for one in findings if one.verdict == "drift"))
    known = {one.about for one in findings if one.verdict != "insufficient data"}
    unknown = {one.about: one.detail for one in findings if one.about not in known}
    said = [f"{one.subject} is worse: {one.detail}" for one in findings if one.verdict == "worse"]
    if drifted:
        said.append(f"drift in {_few(drifted)} {over}")
    elif known - {"the performance"}:
        said.append(f"no drift {over}")
    fine = [one for one in findings if (one.check, one.verdict) == ("performance", "ok")]
    said += [f"{one.subject} no worse" for one in fine]
    if unknown:
        what = f" for {_few(list(unknown))}" if known else ""
        said.append(f"insufficient data{what}: {next(iter(unknown.values()))}")
    return "; ".join(said)


def _few(names: list[str]) -> str:
    return listed(names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"])
