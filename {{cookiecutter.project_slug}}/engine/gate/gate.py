"""The gate: gathers the evidence, asks every check, and writes down the verdict."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from threadpoolctl import threadpool_limits

from engine.bundle.bundle import MANIFEST
from engine.bundle.bundle import read as read_bundle
from engine.bundle.record import RECORDS, VERDICT
from engine.gate.checks.check import Check, CheckContext, Finding, Outcome, Result
from engine.gate.standard import STANDARD_CHECKS, check_names
from engine.problem.errors import BadInput
from engine.problem.project import location_of
from engine.problem.spec import read as read_problem
from engine.training.candidates import ModelDefinition
from engine.training.dataset import gather
from engine.training.parallel import THREADS

# Where one of these refuses, the others would compare with something else, or not at all.
FIRST = ("complete", "current")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a bundle; refused if any check refuses.

    `bundle_id` is None where the folder holds no intact bundle: nobody knows then whose verdict it
    would be, and it is recorded nowhere. `skipped` are the checks that a refusal before them made
    pointless.
    """

    bundle_id: str | None
    findings: tuple[Finding, ...]
    skipped: tuple[str, ...] = ()

    @property
    def verdict(self) -> Literal["passed", "refused"]:
        """The one word."""
        return "refused" if self.refusals or self.skipped else "passed"

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """What keeps the gate closed."""
        return tuple(one for one in self.findings if one.verdict == "refuse")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What a person should look at."""
        return tuple(one for one in self.findings if one.verdict == "warn")

    def to_json(self) -> dict[str, Any]:
        """The judgement as it stands in verdict.json."""
        return {
            "bundle": self.bundle_id,
            "verdict": self.verdict,
            "findings": [finding.to_json() for finding in self.findings],
        }


def validate(
    path: Path,
    definition: ModelDefinition,
    checks: Sequence[Check],
    say: Say = lambda _: None,
) -> Verdict:
    """Hold the bundle in `path` against the checks, by the problem as it stands here.

    Args:
        checks: in the order of the verdict; those that the team dropped are not run.
        say: gets a line before each check: the slow ones take minutes.

    Raises:
        BadInput: there is no bundle at all, or the problem or the rows cannot be read, so that
            there is nothing to hold it against; or two checks have one name.
    """
    check_names(checks)
    if not path.is_dir():
        raise BadInput(f"expected a bundle in {path}, found none; run `python -m handoff build`")
    if not os.path.lexists(path / MANIFEST):  # another folder, no damaged bundle
        raise BadInput(
            f"expected a bundle in {path}, found no {MANIFEST}; name a folder that `python -m "
            "handoff build` printed"
        )
    try:
        bundle = read_bundle(path)
    except BadInput as error:
        return _damaged(str(error), checks)
    # Those whose refusal makes the others pointless, then the quick, then the slow.
    first = [check for check in checks if check.name in FIRST]
    rest = [check for check in checks if check not in first and not check.dropped]
    rest.sort(key=lambda check: bool(check.slow_note))
    with threadpool_limits(limits=THREADS):
        evidence = CheckContext(bundle, definition, gather(read_problem(), definition.contract))
        found = {check: _ask(check, evidence, say) for check in first}
        if all(result.verdict != "refuse" for result in found.values()):
            found |= {check: _ask(check, evidence, say) for check in rest}
    return _judgement(bundle.id, checks, found)


def _damaged(reason: str, checks: Sequence[Check]) -> Verdict:
    """The verdict on files that are no intact bundle: nothing else can be measured on them."""
    complete = next(check for check in STANDARD_CHECKS if check.name == "complete")
    result = Result("refuse", reason, "a bundle as it was built", "build it anew")
    others = [check for check in checks if check.name != "complete"]
    return _judgement(None, [complete, *others], {complete: result})


def _judgement(
    bundle_id: str | None, checks: Sequence[Check], found: Mapping[Check, Result]
) -> Verdict:
    results = {check: _dropped(check) for check in checks if check.dropped} | dict(found)
    return Verdict(
        bundle_id,
        tuple(_finding(check, results[check]) for check in checks if check in results),
        tuple(check.name for check in checks if check not in results),
    )


def _dropped(check: Check) -> Result:
    """The result of a check that the team has dropped: its reason."""
    measured = f"left out by the team: {check.dropped}"
    return Result("not applicable", measured, "what the team decided in handoff/gate.py")


# The advice where no line of the team's is to blame.
NO_PLACE = (
    "most often the model cannot predict: run `python -m handoff build` to see where it fails; if "
    "the check is at fault, tell the owners of handoff/"
)


def _ask(check: Check, evidence: CheckContext, say: Say) -> Result:
    """What the check says. One that fails is a refusal: what was not measured has not passed."""
    say(f"  {check.name}{f': {check.slow_note} …' if check.slow_note else ''}")
    try:
        return _valid(check.ask(evidence))
    except BadInput as error:
        measured, advice = str(error), "mend what it names, then train and build again"
    except (Exception, SystemExit) as error:  # model and check may fail in any way
        place = location_of(error)
        measured = f"the check itself failed{f' in {place}' if place else ''}: {error!r:.500}"
        advice = f"fix {place}, then run the check again" if place else NO_PLACE
    return Result("refuse", measured, "that it can be measured", advice)


def _valid(result: Any) -> Result:
    """The same; an unknown verdict would close nothing, and what is no text cannot be recorded.

    Raises:
        TypeError: it is no result, of an unknown verdict, or says something that is no text.
    """
    if not isinstance(result, Result) or result.verdict not in get_args(Outcome):
        raise TypeError(f"expected a Result of {', '.join(get_args(Verdict))}, got {result!r:.200}")
    for name in ("measured", "required", "next"):
        if not isinstance(getattr(result, name), str):
            raise TypeError(f"expected text for {name}, got {getattr(result, name)!r:.200}")
    return result


def _finding(check: Check, result: Result) -> Finding:
    return Finding(
        check.name,
        check.group,
        result.verdict,
        result.measured,
        result.required,
        result.next,
        result.picture,
        check.dropped,
    )


def record(judgement: Verdict, records: Path = RECORDS) -> Path:
    """Write the verdict to `records`/<bundle id>/verdict.json, as a whole or not at all.

    It takes the place of an earlier verdict, whose signatures then sign nothing any more.
    """
    if judgement.bundle_id is None:
        raise ValueError("a verdict on no bundle belongs nowhere")
    folder = records / judgement.bundle_id
    folder.mkdir(parents=True, exist_ok=True)
    verdict = {**judgement.to_json(), "judged_at": datetime.now(UTC).isoformat(timespec="seconds")}
    draft = folder / f".{VERDICT}.{os.getpid()}"
    draft.write_text(json.dumps(verdict, indent=1) + "\n", encoding="utf-8", newline="\n")
    draft.replace(folder / VERDICT)
    return folder / VERDICT
