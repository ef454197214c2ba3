"""The record of a bundle, outside it and in git: the gate's verdict and one signature a team."""

import hashlib
from pathlib import Path
from typing import Any

from engine.problem.errors import BadInput
from engine.problem.files import MissingFile, read_bytes, read_json, read_toml

RECORDS = Path("handoff/records")
VERDICT = "verdict.json"
# One file a team: CODEOWNERS gives each to one owner, so branch protection can require both.
TEAMS = ("data-science", "ml-engineering")
# A ConfigMap has no folders: mounted here, it holds the record of the one bundle it releases.
MOUNTED = "mounted"
# The expected content, and the next step where it is missing.
_A_VERDICT = ("the gate's verdict", "run `python -m handoff check`")


def folder(bundle_id: str, records: Path = RECORDS) -> Path:
    """The folder of a bundle's record: the mounted one if it is of this bundle, else by its id."""
    mounted = records / MOUNTED
    try:
        is_mounted = read_json(mounted / VERDICT, *_A_VERDICT).get("bundle") == bundle_id
    except BadInput:
        is_mounted = False
    return mounted if is_mounted else records / bundle_id


def verdict_digest(bundle_id: str, records: Path = RECORDS) -> str:
    """SHA-256 of the verdict that signatures confirm; BadInput if it cannot be read."""
    verdict = read_bytes(folder(bundle_id, records) / VERDICT, *_A_VERDICT)
    return hashlib.sha256(verdict).hexdigest()


def refusal(bundle_id: str, records: Path = RECORDS) -> str | None:
    """Why the bundle is not accepted; None where it is.

    Accepted means: the gate passed it, and both teams signed for this bundle and this verdict.
    """
    path = folder(bundle_id, records) / VERDICT
    try:
        verdict = read_json(path, *_A_VERDICT)
    except MissingFile:
        return f"the gate has no verdict on it ({path}); run `python -m handoff check`"
    except BadInput:
        return f"its verdict ({path}) cannot be read"
    if verdict.get("bundle") != bundle_id:
        return f"its verdict ({path}) is about another bundle"
    if verdict.get("verdict") != "passed":
        return f"the gate refused it ({path})"
    for team in TEAMS:
        if reason := unsigned(bundle_id, team, records):
            return f"{team} has not signed: {reason}"
    return None


def unsigned(bundle_id: str, team: str, records: Path = RECORDS) -> str | None:
    """Why the team has not signed this bundle and verdict, or None; BadInput without a verdict."""
    path = folder(bundle_id, records) / f"{team}.toml"
    try:
        signature = _signature(path)
    except MissingFile:
        return f"no {path}"
    except BadInput:
        return f"{path} cannot be read"
    expected = {"team": team, "bundle": bundle_id, "verdict": verdict_digest(bundle_id, records)}
    for name, value in expected.items():
        if signature.get(name) != value:
            return f"{path} signs for another {name} than {value:.16}"
    if not signature.get("person") or not signature.get("signed_at"):
        return f"{path} has no person or no date"
    return None


def signed(bundle_id: str, records: Path = RECORDS) -> tuple[str, ...]:
    """The teams that have signed for the bundle and its present verdict."""
    try:
        return tuple(team for team in TEAMS if unsigned(bundle_id, team, records) is None)
    except BadInput:  # no verdict, so nothing to sign for
        return ()


def signer(bundle_id: str, team: str, records: Path = RECORDS) -> str:
    """The person who signed for the team; BadInput if there is no signature that can be read."""
    return str(_signature(folder(bundle_id, records) / f"{team}.toml").get("person"))


def _signature(path: Path) -> dict[str, Any]:
    return read_toml(path, "a signature", "sign again with `python -m handoff accept`")
