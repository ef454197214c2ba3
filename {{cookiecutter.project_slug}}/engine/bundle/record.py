"""Where bundles are, and the record of each in git: the gate's verdict and one signature a team."""

import hashlib
import re
from pathlib import Path
from typing import Any

from engine.problem import arguments
from engine.problem.errors import BadInput, command
from engine.problem.files import MissingFile, read_bytes, read_json, read_toml

BUILT = Path("build/bundles")
RELEASE_FILE = Path("deploy/release.toml")
RECORDS = Path("handoff/records")
VERDICT = "verdict.json"
# One file a team: CODEOWNERS gives each to one owner, so branch protection can require both.
TEAMS = ("data-science", "ml-engineering")
# A ConfigMap has no folders: mounted here, it holds the record of the one bundle it releases.
MOUNTED = "mounted"
# The expected content, and the next step where it is missing.
_A_VERDICT = ("the gate's verdict", f"run `{command('handoff check')}`")


def latest(built: Path = BUILT) -> Path:
    """The folder of the newest bundle in the folder `built`; BadInput if there is none."""
    folders = [one for one in built.glob("*") if one.is_dir() and one.name[0] != "."]
    if not folders:
        message = f"expected a bundle in {built}, found none; run `{command('handoff build')}`"
        raise BadInput(message, code="no-bundle-built")
    return max(folders, key=lambda folder: folder.stat().st_mtime)


def bundle_path(bundle_id: str) -> Path:
    """The folder of an accepted bundle: in the folder that BUNDLES names, or in `bundles/`."""
    return (arguments.variable("BUNDLES", arguments.path) or Path("bundles")) / bundle_id


def stored(bundle_id: str) -> Path:
    """The folder of an accepted bundle in the store; BadInput if the store lacks it."""
    path = bundle_path(bundle_id)
    if not path.is_dir():
        message = f"Bundle {bundle_id[:12]} is not in the store: there is no folder {path}. "
        message += "Set BUNDLES to the folder of your team's store, or mount it."
        raise BadInput(message, code="not-in-store")
    return path


def champion(release: Path = RELEASE_FILE) -> str:
    """The id of the released bundle; BadInput if the release file names none."""
    if bundle_id := champion_if_any(release):
        return bundle_id
    message = f"nothing is released: {release} names no champion; write the id of an accepted "
    raise BadInput(f"{message}bundle there, or name one with --bundle", code="no-champion")


def champion_if_any(release: Path = RELEASE_FILE) -> str | None:
    """As `champion`; None where the file names none, BadInput where it names no id."""
    then = "restore it from git, or name a bundle with --bundle"
    bundle_id = read_toml(release, "the released bundle", then).get("champion")
    if bundle_id in (None, ""):
        return None
    if isinstance(bundle_id, str) and re.fullmatch("[0-9a-f]{64}", bundle_id):
        return bundle_id
    message = f"expected the 64 hexadecimal digits of a bundle's id as champion in {release}, "
    message += f"got {bundle_id!r:.80}; `{command('handoff accept')}` prints the id"
    raise BadInput(message, code="invalid-champion")


def folder(bundle_id: str) -> Path:
    """The folder of a bundle's record: the mounted one if it is of this bundle, else by its id."""
    mounted = RECORDS / MOUNTED
    try:
        is_mounted = read_json(mounted / VERDICT, *_A_VERDICT).get("bundle") == bundle_id
    except BadInput:
        is_mounted = False
    return mounted if is_mounted else RECORDS / bundle_id


def verdict_digest(bundle_id: str) -> str:
    """SHA-256 of the verdict that signatures confirm; BadInput if it cannot be read."""
    return hashlib.sha256(read_bytes(folder(bundle_id) / VERDICT, *_A_VERDICT)).hexdigest()


def refusal(bundle_id: str) -> str | None:
    """Why the gate or a team does not accept the bundle as it is; None where all accept it."""
    path = folder(bundle_id) / VERDICT
    try:
        verdict = read_json(path, *_A_VERDICT)
    except MissingFile:
        return f"the gate has no verdict on it ({path}); run `{command('handoff check')}`"
    except BadInput:
        return f"its verdict ({path}) cannot be read"
    if verdict.get("bundle") != bundle_id:
        return f"its verdict ({path}) is about another bundle"
    if verdict.get("verdict") != "passed":
        return f"the gate refused it ({path})"
    for team in TEAMS:
        if reason := unsigned(bundle_id, team):
            return f"{team} has not signed: {reason}"
    return None


def unsigned(bundle_id: str, team: str) -> str | None:
    """Why the team has not signed this bundle and verdict, or None; BadInput without a verdict."""
    path = folder(bundle_id) / f"{team}.toml"
    try:
        signature = _signature(path)
    except MissingFile:
        return f"no {path}"
    except BadInput:
        return f"{path} cannot be read"
    expected = {"team": team, "bundle": bundle_id, "verdict": verdict_digest(bundle_id)}
    for name, value in expected.items():
        if signature.get(name) != value:
            return f"{path} signs for another {name} than {value:.16}"
    if not signature.get("person") or not signature.get("signed_at"):
        return f"{path} has no person or no date"
    return None


def signed(bundle_id: str) -> tuple[str, ...]:
    """The teams that have signed for the bundle and its present verdict."""
    try:
        return tuple(team for team in TEAMS if unsigned(bundle_id, team) is None)
    except BadInput:  # no verdict, so nothing to sign for
        return ()


def signer(bundle_id: str, team: str) -> str:
    """The person who signed for the team; BadInput if there is no signature that can be read."""
    return str(_signature(folder(bundle_id) / f"{team}.toml").get("person"))


def _signature(path: Path) -> dict[str, Any]:
    return read_toml(path, "a signature", f"sign again with `{command('handoff accept')}`")
