"""The gate: its checks, how a team leaves one out with a reason, and the verdict."""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from threadpoolctl import threadpool_limits

from engine.bundle import bundle as bundles
from engine.bundle.record import RECORDS, VERDICT
from engine.gate.checks.check import Check, CheckContext, Finding, Group, Result
from engine.gate.standard import REQUIRED
from engine.gate.standard import STANDARD_CHECKS as STANDARD_CHECKS  # noqa: PLC0414  # public name
from engine.pages.formatting import listed
from engine.problem.errors import BadInput, command
from engine.problem.files import location_of, write_atomically
from engine.problem.spec import read as read_problem
from engine.training.candidates import ModelDefinition
from engine.training.dataset import gather
from engine.training.parallel import THREADS

LIST = "CHECKS in handoff/gate.py"
# If one of these refuses, the other checks would compare with other files, or not at all.
FIRST = ("complete", "current")

Progress = Callable[[str], None]


def without(checks: Sequence[Check], reasons: Mapping[str, str]) -> tuple[Check, ...]:
    """The same checks; those in `reasons` are not run, and not applicable with the team's reason.

    BadInput: no check has that name, the reason is empty, or all other checks depend on it.
    """
    names = [check.name for check in checks]
    for name, reason in reasons.items():
        out = f"{LIST} leaves out {name!r}"
        if name not in names:
            message = f"{out}, which is no check. The checks are {listed(names)}."
            raise BadInput(message, code="unknown-check")
        if name in REQUIRED:
            message = f"{out}, on which all other checks depend. Keep {listed([*REQUIRED])}."
            raise BadInput(message, code="required-check")
        if not reason.strip():
            raise BadInput(f"{out} without a reason. Write one, for both teams.", code="no-reason")
    return tuple(replace(check, dropped=reasons.get(check.name, check.dropped)) for check in checks)


def check_names(checks: Sequence[Check]) -> None:
    """Raise BadInput if two checks have one name, or if a check has no valid group."""
    numbers = Counter(check.name for check in checks)
    if repeated := [name for name, number in numbers.items() if number > 1]:
        message = f"{LIST} has two checks of the name {listed(repeated)}. Rename your own."
        raise BadInput(message, code="duplicate-check")
    for check in checks:
        if check.group not in get_args(Group):
            message = f"{LIST}: the group of {check.name!r} is {check.group!r}, which is not one "
            message += f"of {listed([*get_args(Group)])}. Use one of these."
            raise BadInput(message, code="unknown-group")


def team_checks(checks: Sequence[Check]) -> tuple[Check, ...]:
    """The team's list of checks; BadInput where one is missing, replaced, repeated or invalid."""
    check_names(checks)
    names = {check.name for check in checks}
    if missing := [check.name for check in STANDARD_CHECKS if check.name not in names]:
        message = f"{LIST} lacks {listed(missing)}. Start the list with *STANDARD_CHECKS, or give "
        message += f'a reason: *without(STANDARD_CHECKS, {{"{missing[0]}": "why"}})'
        raise BadInput(message, code="missing-check")
    required = [check for check in STANDARD_CHECKS if check.name in REQUIRED]
    if replaced := [check.name for check in required if check not in checks]:
        message = f"{LIST} replaces the engine's own {listed(replaced)}. Rename your own check."
        raise BadInput(message, code="replaced-check")
    return tuple(checks)


@dataclass(frozen=True)
class Verdict:
    """The findings; `skipped` checks did not run because an earlier one refused."""

    bundle_id: str | None  # None where the folder holds no intact bundle
    findings: tuple[Finding, ...]
    skipped: tuple[str, ...] = ()

    @property
    def outcome(self) -> Literal["passed", "refused"]:
        """Refused if any check refuses or was skipped."""
        return "refused" if self.refusals or self.skipped else "passed"

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that refuse the bundle."""
        return tuple(one for one in self.findings if one.outcome == "refuse")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that a person must review."""
        return tuple(one for one in self.findings if one.outcome == "warn")

    def to_json(self) -> dict[str, Any]:
        """The verdict as verdict.json holds it."""
        findings = [finding.to_json() for finding in self.findings]
        return {"bundle": self.bundle_id, "verdict": self.outcome, "findings": findings}


def validate(
    path: Path,
    definition: ModelDefinition,
    checks: Sequence[Check],
    progress: Progress = lambda _: None,
) -> Verdict:
    """Run the checks on the bundle in `path`, against the problem and the rows as they are here.

    `progress` gets a line before each check. BadInput if there is no bundle, or the problem or the
    rows cannot be read.
    """
    check_names(checks)
    try:
        bundle = bundles.read(path)
    except BadInput as error:  # nothing else can be measured on a damaged bundle
        if not os.path.lexists(path / bundles.MANIFEST):  # another folder
            raise
        [complete] = [check for check in STANDARD_CHECKS if check.name == "complete"]
        result = Result("refuse", str(error), "a bundle as it was built", "Build it again.")
        others = [check for check in checks if check.name != "complete"]
        return _verdict(None, [complete, *others], {"complete": result})
    results: dict[str, Result] = {}
    with threadpool_limits(limits=THREADS):
        context = CheckContext(bundle, definition, gather(read_problem(), definition.contract))
        for check in sorted(checks, key=lambda one: (one.name not in FIRST, bool(one.slow_note))):
            is_blocked = any(results[name].outcome == "refuse" for name in FIRST if name in results)
            if not check.dropped and (check.name in FIRST or not is_blocked):
                results[check.name] = _run(check, context, progress)
    return _verdict(bundle.id, checks, results)


def _verdict(
    bundle_id: str | None, checks: Sequence[Check], results: Mapping[str, Result]
) -> Verdict:
    findings, skipped = [], []
    for check in checks:
        result = results.get(check.name)
        if check.dropped:
            reason = f"left out by the team: {check.dropped}"
            result = Result("not applicable", reason, "see handoff/gate.py")
        if result:
            finding = Finding(**vars(result), check=check.name, group=check.group)
            findings.append(replace(finding, dropped=check.dropped, because=check.because))
        else:
            skipped.append(check.name)
    return Verdict(bundle_id, tuple(findings), tuple(skipped))


def _run(check: Check, context: CheckContext, progress: Progress) -> Result:
    """The check's result; a check that fails refuses, because nothing was measured."""
    progress(f"  {check.name}{f': {check.slow_note} …' if check.slow_note else ''}")
    try:
        result: Any = check.run(context)
        if not isinstance(result, Result):
            raise TypeError(f"expected a Result, got {result!r:.200}")
        return result
    except BadInput as error:
        measured, advice = str(error), "Fix the fault, then train and build again."
    except (Exception, SystemExit) as error:  # model and check can raise anything
        place = location_of(error)
        measured = f"the check failed{f' in {place}' if place else ''}: {error!r:.500}"
        # Outside the project's own code: most often the model cannot predict.
        shown = command("handoff build")
        advice = f"Fix {place or f'what `{shown}` shows'}, then check again."
    return Result("refuse", measured, "a measurement without errors", advice)


def record(verdict: Verdict, records: Path = RECORDS) -> Path:
    """Write `records`/<bundle id>/verdict.json; signatures of an earlier verdict become invalid."""
    if verdict.bundle_id is None:
        raise ValueError("a verdict without an intact bundle cannot be recorded")
    value = {**verdict.to_json(), "judged_at": datetime.now(UTC).isoformat(timespec="seconds")}
    path = records / verdict.bundle_id / VERDICT
    return write_atomically(path, json.dumps(value, indent=1) + "\n")
