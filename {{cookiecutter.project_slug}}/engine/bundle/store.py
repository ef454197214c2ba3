"""The folders of bundles: those that were built, those that were accepted, and the champion."""

import re
from pathlib import Path

from engine.problem.arguments import path, variable
from engine.problem.errors import BadInput
from engine.problem.files import read_toml

BUILT = Path("build/bundles")
RELEASE_FILE = Path("deploy/release.toml")


def latest(built: Path = BUILT) -> Path:
    """The folder of the newest bundle in the folder `built`; BadInput if there is none."""
    folders = [one for one in built.glob("*") if one.is_dir() and one.name[0] != "."]
    if not folders:
        message = f"expected a bundle in {built}, found none; run `python -m handoff build`"
        raise BadInput(message, code="no-bundle-built")
    return max(folders, key=lambda folder: folder.stat().st_mtime)


def bundle_path(bundle_id: str) -> Path:
    """The folder of an accepted bundle: in the folder that BUNDLES names, or in `bundles/`."""
    return (variable("BUNDLES", path) or Path("bundles")) / bundle_id


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
    message += f"got {bundle_id!r:.80}; `python -m handoff accept` prints the id"
    raise BadInput(message, code="invalid-champion")
