"""What the commands of the gate print: the outcome, and the next step."""

from collections.abc import Sequence
from pathlib import Path

from engine.bundle.record import TEAMS, unsigned
from engine.gate.accept import Signature
from engine.gate.gate import Verdict


def after_check(
    judgement: Verdict, recorded: Path | None, page: Path, invalidated: Sequence[str]
) -> str:
    """Verdict, files and next step.

    Args:
        recorded: the verdict's file; None if there is no intact bundle that it could belong to.
        invalidated: teams whose signatures belong to the verdict that this one replaces.
    """
    where = f"in {recorded}" if recorded else "recorded nowhere"
    lines = [f"verdict: {judgement.verdict}, {where}; page: {page}"]
    if invalidated:
        # A live bundle does not start again until its new verdict is signed.
        lines.append(
            f"this verdict takes the place of the one that {' and '.join(invalidated)} signed for: "
            "sign again, or take that one back with `git restore handoff/records`"
        )
    if left_out := [one.check for one in judgement.findings if one.dropped]:
        lines.append(f"left out by the team: {', '.join(left_out)}")
    if judgement.verdict == "passed":
        lines.append(f"next: {_next_step(judgement)}")
    return "\n".join(lines)


def _next_step(judgement: Verdict) -> str:
    """Sign; or first what the check `reproducible` asks for, without which nobody can."""
    asked = (one.next for one in judgement.warnings if one.check == "reproducible")
    return next(asked, "python -m handoff accept --as data-scientist, and --as ml-engineer")


def after_signature(signature: Signature) -> str:
    """Who signed, and the next step: release the bundle, or the other team's signature."""
    lines = [f"signed for {signature.team} by {signature.person}: {signature.file}"]
    if signature.published:
        name = signature.published.name
        lines.append(f"both teams have signed: published to {signature.published}")
        lines.append(f'to release it, set champion = "{name}" in deploy/release.toml')
    else:
        [other] = set(TEAMS) - {signature.team}
        missing = unsigned(signature.file.parent.name, other)
        lines.append(
            f"commit the signature; the other team's opens the gate, and is missing: {missing}"
        )
    return "\n".join(lines)
