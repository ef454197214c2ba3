"""What the monitor says about one thing it checked, in few words with one meaning each."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["ok", "insufficient data", "drift", "worse"]

# From good to bad. 'Insufficient data' is not 'ok': nobody knows yet.
SEVERITY: tuple[Verdict, ...] = ("ok", "insufficient data", "drift", "worse")
WRONG: tuple[Verdict, ...] = ("drift", "worse")


@dataclass(frozen=True)
class Finding:
    """One check: what was measured, from which value on it is wrong, and what to do.

    `check` names the kind, `subject` the column, or the metric of a performance ('' for the
    score). `measured` and `threshold` share a unit; None means that there is none to tell.
    """

    check: str
    subject: str
    measured: float | None
    threshold: float | None
    verdict: Verdict
    detail: str
    advice: str = ""

    @property
    def wrong(self) -> bool:
        """Whether somebody must look at it."""
        return self.verdict in WRONG

    @property
    def about(self) -> str:
        """What was looked at: a column, the score or the performance."""
        whole = {"score": "the score", "performance": "the performance"}
        return whole.get(self.check, self.subject)

    def to_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)


def worst(findings: Sequence[Finding]) -> Verdict:
    """The verdict over all: the worst of them; over nothing it is 'insufficient data'."""
    if not findings:
        return "insufficient data"
    return max((finding.verdict for finding in findings), key=SEVERITY.index)
