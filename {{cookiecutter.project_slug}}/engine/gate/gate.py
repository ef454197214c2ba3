"""The gate: gathers the evidence, asks every check, and writes down the verdict."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from threadpoolctl import threadpool_limits

from engine.bundle.bundle import MANIFEST
from engine.bundle.bundle import read as read_bundle
from engine.bundle.record import RECORDS, VERDICT
from engine.gate.checks import honest, runs_the_same, safe_to_own, worth_it
from engine.gate.checks.behaviour import behaviour
from engine.gate.checks.budget import budget
from engine.gate.checks.calibration import calibration
from engine.gate.checks.champion import champion
from engine.gate.checks.documented import documented
from engine.gate.checks.finding import Check, Evidence, Finding, Result
from engine.gate.checks.monitorable import monitorable
from engine.gate.checks.notebooks import notebooks
from engine.gate.checks.reproducible import reproducible
from engine.gate.checks.robust import robust
from engine.gate.checks.split import split
from engine.problem.errors import BadInput
from engine.problem.spec import read as read_problem
from engine.training.candidates import ModelDefinition
from engine.training.crew import THREADS
from engine.training.dataset import gather

# In the order of the table: the four groups, each from the plainest check to the deepest.
CHECKS: tuple[Check, ...] = (
    Check("framed", "worth it", worth_it.framed),
    Check("beats the baseline", "worth it", worth_it.beats_baseline),
    Check("champion", "worth it", champion),
    Check("slices", "worth it", worth_it.slices),
    Check("evaluation", "honest", honest.evaluation),
    Check("leakage", "honest", honest.leakage),
    Check("split", "honest", split),
    Check("calibration", "honest", calibration),
    Check("current", "runs the same", runs_the_same.current),
    Check("contract", "runs the same", runs_the_same.contract),
    Check("parity", "runs the same", runs_the_same.parity),
    Check("robust", "runs the same", robust),
    Check("behaviour", "runs the same", behaviour),
    Check("reproducible", "runs the same", reproducible, "training again, in a clean checkout"),
    Check("budget", "runs the same", budget, "asking the real server, for some ten seconds"),
    Check("complete", "safe to own", safe_to_own.complete),
    Check("safe", "safe to own", safe_to_own.safe),
    Check("documented", "safe to own", documented),
    Check("monitorable", "safe to own", monitorable),
    Check("notebooks", "safe to own", notebooks, "running the notebooks from top to bottom"),
)
# The checks that need no process of their own: seconds in all.
QUICK = tuple(check for check in CHECKS if not check.meanwhile)
# Where one of these refuses, the others would compare with something else, or not at all.
FIRST = ("complete", "current")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a bundle; refused if any check refuses.

    `bundle_id` is None where the folder holds no intact bundle: nobody knows then whose verdict it
    would be, and it is recorded nowhere. `unasked` are the checks that a refusal before them made
    pointless.
    """

    bundle_id: str | None
    findings: tuple[Finding, ...]
    unasked: tuple[str, ...] = ()

    @property
    def verdict(self) -> Literal["passed", "refused"]:
        """The one word."""
        return "refused" if self.refusals or self.unasked else "passed"

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


def judge(
    path: Path,
    definition: ModelDefinition,
    checks: Sequence[Check] = CHECKS,
    say: Say = lambda _: None,
) -> Judgement:
    """Hold the bundle in `path` against the checks, by the problem as it stands here.

    `say` is told what goes on: the slow checks take minutes.

    Raises:
        BadInput: there is no bundle at all, or the problem or the rows cannot be read, so that
            there is nothing to hold it against.
    """
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
        damaged = Result("refuse", str(error), "a bundle as it was built", "build it anew")
        unasked = tuple(check.name for check in checks if check.name != "complete")
        return Judgement(None, (_finding(_named("complete"), damaged),), unasked)
    # Those whose refusal makes the others pointless, then the quick, then the slow.
    first = [check for check in checks if check.name in FIRST]
    rest = sorted(
        set(checks) - set(first), key=lambda one: (bool(one.meanwhile), checks.index(one))
    )
    with threadpool_limits(limits=THREADS):
        evidence = Evidence(bundle, definition, gather(read_problem(), definition.contract))
        found = {check: _ask(check, evidence, say) for check in first}
        if all(result.verdict != "refuse" for result in found.values()):
            found |= {check: _ask(check, evidence, say) for check in rest}
    return Judgement(
        bundle.id,
        tuple(_finding(check, found[check]) for check in checks if check in found),
        tuple(check.name for check in checks if check not in found),
    )


def _ask(check: Check, evidence: Evidence, say: Say) -> Result:
    """What the check says. One that fails is a refusal: what was not measured has not passed."""
    say(f"  {check.name}{f': {check.meanwhile} …' if check.meanwhile else ''}")
    try:
        return check.ask(evidence)
    except BadInput as error:
        said, advice = str(error), "mend what it names, then train and build again"
    except Exception as error:  # the model runs in here, and may fail in any way
        said = f"the check itself failed: {error!r:.500}"
        advice = (
            "most often the model cannot answer: look where it fails with `python -m handoff "
            "build`; if it is the check, tell whoever owns handoff/"
        )
    return Result("refuse", said, "that it can be measured", advice)


def _named(name: str) -> Check:
    return next(check for check in CHECKS if check.name == name)


def _finding(check: Check, result: Result) -> Finding:
    return Finding(
        check.name,
        check.group,
        result.verdict,
        result.measured,
        result.required,
        result.next,
        result.picture,
    )


def record(judgement: Judgement, records: Path = RECORDS) -> Path:
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
