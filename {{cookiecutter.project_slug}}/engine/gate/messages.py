"""The messages of the gate's commands: the result and the next step."""

from collections.abc import Sequence
from pathlib import Path

from engine.bundle.record import TEAMS, unsigned
from engine.gate.accept import Signature
from engine.gate.gate import Verdict


def after_check(
    verdict: Verdict, recorded: Path | None, page: Path, invalidated: Sequence[str]
) -> str:
    """The verdict, its files and the next step.

    `recorded` is the verdict's file, None if there is no intact bundle. `invalidated` are the teams
    whose signatures belong to the verdict that this one replaces.
    """
    where = f"recorded in {recorded}" if recorded else "not recorded"
    lines = [f"verdict: {verdict.outcome}, {where}; page: {page}"]
    if invalidated:
        # A live bundle does not start again until its new verdict is signed.
        text = f"The signatures of {' and '.join(invalidated)} belong to the replaced verdict."
        lines.append(f"{text} Sign again, or restore it with `git restore handoff/records`.")
    if dropped := [one.check for one in verdict.findings if one.dropped]:
        lines.append(f"left out by the team: {', '.join(dropped)}")
    if verdict.outcome == "passed":
        # Nobody can sign before the next step of `reproducible`.
        advice = (one.next for one in verdict.warnings if one.check == "reproducible")
        sign = "python -m handoff accept --as data-scientist, and --as ml-engineer"
        lines.append(f"next: {next(advice, sign)}")
    return "\n".join(lines)


def after_signature(signature: Signature) -> str:
    """Who signed, and the next step: release the bundle, or the other team's signature."""
    lines = [f"signed for {signature.team} by {signature.person}: {signature.file}"]
    if signature.published:
        lines.append(f"both teams have signed: published to {signature.published}")
        name = signature.published.name
        lines.append(f'next: to release it, set champion = "{name}" in deploy/release.toml')
    else:
        [other] = set(TEAMS) - {signature.team}
        reason = unsigned(signature.file.parent.name, other)
        lines.append(f"next: commit the signature; then {other} signs ({reason})")
    return "\n".join(lines)
