"""What is said about a bundle stays outside it, in git: the verdict and one signature a team."""

import hashlib
from pathlib import Path
from typing import Any

from engine.problem.errors import BadInput
from engine.problem.files import MissingFile, read_bytes, read_json, read_toml

RECORDS = Path("handoff/records")
VERDICT = "verdict.json"
# One file a team: CODEOWNERS gives each to one owner, so branch protection can require both.
TEAMS = ("data-science", "ml-engineering")
# A ConfigMap knows no folders: mounted here, it holds the record of the one bundle it releases.
MOUNTED = "mounted"
# What is expected there, and the next step where it is not.
_A_VERDICT = ("the gate's verdict", "run `python -m handoff check`")


def folder(bundle_id: str, records: Path = RECORDS) -> Path:
    """Where the record of a bundle lies: where one is mounted that speaks of it, else by its id."""
    mounted = records / MOUNTED
    try:
        about = _verdict(mounted / VERDICT).get("bundle")
    except BadInput:
        about = None
    return mounted if about == bundle_id else records / bundle_id


def verdict_digest(bundle_id: str, records: Path = RECORDS) -> str:
    """SHA-256 of the verdict that the signatures confirm.

    Raises:
        BadInput: there is none that can be read.
    """
    path = folder(bundle_id, records) / VERDICT
    return hashlib.sha256(read_bytes(path, *_A_VERDICT)).hexdigest()


def refusal(bundle_id: str, records: Path = RECORDS) -> str | None:
    """Why the bundle is not accepted, in words; None where it is.

    Accepted means: the gate passed it, and both teams signed for this bundle and this verdict.
    """
    path = folder(bundle_id, records) / VERDICT
    try:
        verdict = _verdict(path)
    except MissingFile:
        return f"the gate has no verdict on it ({path}); run `python -m handoff check`"
    except BadInput:
        return f"its verdict ({path}) cannot be read"
    if verdict.get("bundle") != bundle_id:
        return f"its verdict ({path}) speaks of another bundle"
    if verdict.get("verdict") != "passed":
        return f"the gate refused it ({path})"
    for team in TEAMS:
        if reason := unsigned(bundle_id, team, records):
            return f"{team} has not signed: {reason}"
    return None


def unsigned(bundle_id: str, team: str, records: Path = RECORDS) -> str | None:
    """Why the team's signature is none for this bundle and the verdict as it stands; None if it is.

    Raises:
        BadInput: there is no verdict.
    """
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
        return f"{path} does not say who signed, and when"
    return None


def signed(bundle_id: str, records: Path = RECORDS) -> tuple[str, ...]:
    """The teams that have signed for the bundle and the verdict as it stands."""
    try:
        return tuple(team for team in TEAMS if unsigned(bundle_id, team, records) is None)
    except BadInput:  # no verdict, so nothing to sign for
        return ()


def signer(bundle_id: str, team: str, records: Path = RECORDS) -> str:
    """Who signed for the team.

    Raises:
        BadInput: there is no signature that can be read.
    """
    return str(_signature(folder(bundle_id, records) / f"{team}.toml").get("person"))


def _signature(path: Path) -> dict[str, Any]:
    return read_toml(path, "a signature", "sign again with `python -m handoff accept`")


def _verdict(path: Path) -> dict[str, Any]:
    return read_json(path, *_A_VERDICT)
