"""The gate: gathers the evidence, asks every check, and writes down the verdict."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandera.pandas as pa
from threadpoolctl import threadpool_limits

from handoff.bundle import read as read_bundle
from handoff.checks import honest, runs_the_same, safe_to_own, worth_it
from handoff.checks.finding import Check, Evidence, Finding, Result
from handoff.record import RECORDS, VERDICT
from poc.dataset import gather
from poc.train import THREADS
from problem.errors import BadInput
from problem.spec import read as read_problem

# In the order of the table: the four groups, each from the plainest check to the deepest.
CHECKS: tuple[Check, ...] = (
    Check("framed", "worth it", worth_it.framed),
    Check("beats the baseline", "worth it", worth_it.beats_baseline),
    Check("slices", "worth it", worth_it.slices),
    Check("evaluation", "honest", honest.evaluation),
    Check("leakage", "honest", honest.leakage),
    Check("current", "runs the same", runs_the_same.current),
    Check("contract", "runs the same", runs_the_same.contract),
    Check("parity", "runs the same", runs_the_same.parity),
    Check("complete", "safe to own", safe_to_own.complete),
    Check("safe", "safe to own", safe_to_own.safe),
)
# Where one of these refuses, the others would compare with something else, or not at all.
FIRST = ("complete", "current")


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a bundle; refused if any check refuses.

    `bundle_id` is None where the folder holds no intact bundle: nobody knows then whose verdict it
    would be, and it is recorded nowhere.
    """

    bundle_id: str | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Literal["passed", "refused"]:
        """The one word."""
        return "refused" if self.refusals else "passed"

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


def judge(path: Path, schema: pa.DataFrameSchema) -> Judgement:
    """Hold the bundle in `path` against every check, by the problem as it stands here.

    Raises:
        BadInput: there is no bundle at all, or the problem or the rows cannot be read, so that
            there is nothing to hold it against.
    """
    if not path.is_dir():
        raise BadInput(f"expected a bundle in {path}, found none; run `python -m handoff build`")
    try:
        bundle = read_bundle(path)
    except BadInput as error:
        damaged = Result("refuse", str(error), "a bundle as it was built", "build it anew")
        return Judgement(None, (_finding("complete", damaged),))
    with threadpool_limits(limits=THREADS):
        evidence = Evidence(bundle, schema, gather(read_problem(), schema))
        first = {check.name: _ask(check, evidence) for check in CHECKS if check.name in FIRST}
        if any(result.verdict == "refuse" for result in first.values()):
            return Judgement(bundle.id, tuple(_finding(*one) for one in first.items()))
        results = {check.name: first.get(check.name) or _ask(check, evidence) for check in CHECKS}
    return Judgement(bundle.id, tuple(_finding(*one) for one in results.items()))


def _ask(check: Check, evidence: Evidence) -> Result:
    try:
        return check.ask(evidence)
    except BadInput as error:
        return Result(
            "refuse",
            str(error),
            "that it can be measured",
            "mend what it names, then train and build again",
        )


def _finding(name: str, result: Result) -> Finding:
    group = next(check.group for check in CHECKS if check.name == name)
    return Finding(name, group, result.verdict, result.measured, result.required, result.next)


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
