"""The gate: gathers the evidence, asks every check, and writes down the verdict."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pandera.pandas as pa

from data.load import digest, load
from data.split import split
from handoff.bundle import Bundle, read
from handoff.checks import honest, runs_the_same, safe_to_own, worth_it
from handoff.checks.finding import Check, Evidence, Finding
from handoff.record import RECORDS, VERDICT
from poc.evaluate import truth
from problem.errors import BadInput

# In the order of the table: the four groups, each from the plainest check to the deepest.
CHECKS: tuple[Check, ...] = (
    worth_it.framed,
    worth_it.beats_baseline,
    worth_it.slices,
    honest.leakage,
    runs_the_same.contract,
    runs_the_same.parity,
    safe_to_own.complete,
    safe_to_own.safe,
)


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a bundle; refused if any check refuses."""

    bundle_id: str
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


def judge(path: Path, schema: pa.DataFrameSchema) -> Judgement:
    """Hold the bundle in `path` against every check.

    A bundle that is not complete and untampered is judged by that alone: nothing in it can be
    believed.

    Raises:
        BadInput: there is no bundle at all, or the data or the feature code is not what it was
            built from, so that nothing could be compared.
    """
    if not path.is_dir():
        raise BadInput(f"expected a bundle in {path}, found none; run `python -m handoff build`")
    try:
        bundle = read(path)
    except BadInput as error:
        tampered = Finding(
            "complete", "safe to own", "refuse", str(error),
            "every file there, none changed, none besides", "build it anew",
        )  # fmt: skip
        return Judgement(path.name, (tampered,))
    evidence = gather(bundle, schema)
    return Judgement(bundle.id, tuple(check(evidence) for check in CHECKS))


def gather(bundle: Bundle, schema: pa.DataFrameSchema) -> Evidence:
    """The bundle with the rows it was made from.

    Raises:
        BadInput: see `judge`.
    """
    frame = load(bundle.problem, schema)
    if digest(frame) != bundle.manifest["data_digest"]:
        raise BadInput(
            f"the data of {bundle.problem.rows.source} is not what bundle {bundle.id[:12]} was "
            "built from; train and build again"
        )
    features = Path("poc/features.py")
    if features.read_bytes() != bundle.features_path.read_bytes():
        raise BadInput(
            f"{features} has changed since bundle {bundle.id[:12]} was built; train and build again"
        )
    parts = split(bundle.problem, frame, bundle.manifest["seed"])
    known = truth(bundle.problem, frame, bundle.contract.classes)
    return Evidence(bundle, schema, frame, parts, known)


def record(judgement: Judgement, records: Path = RECORDS) -> Path:
    """Write the verdict to `records`/<bundle id>/verdict.json, as a whole or not at all."""
    folder = records / judgement.bundle_id
    folder.mkdir(parents=True, exist_ok=True)
    verdict = {
        "bundle": judgement.bundle_id,
        "verdict": judgement.verdict,
        "judged_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "findings": [finding.to_json() for finding in judgement.findings],
    }
    draft = folder / f".{VERDICT}.{os.getpid()}"
    draft.write_text(json.dumps(verdict, indent=1) + "\n", encoding="utf-8", newline="\n")
    draft.replace(folder / VERDICT)
    return folder / VERDICT
