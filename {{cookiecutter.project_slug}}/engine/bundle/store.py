"""Where accepted bundles lie, and which of them is live."""

import re
from pathlib import Path

from engine.problem.arguments import path, variable
from engine.problem.errors import BadInput
from engine.problem.files import read_toml

RELEASE_FILE = Path("deploy/release.toml")
_ID = re.compile(r"[0-9a-f]{64}")


def bundle_path(bundle_id: str) -> Path:
    """The folder of a bundle in the store: the one BUNDLES names, `bundles/` by default.

    Raises:
        BadInput: BUNDLES cannot be a path.
    """
    return (variable("BUNDLES", path) or Path("bundles")) / bundle_id


def champion(release: Path = RELEASE_FILE) -> str:
    """The id of the bundle that is live, as the release file says.

    Raises:
        BadInput: the file cannot be read, or names no bundle.
    """
    if named := champion_if_any(release):
        return named
    raise BadInput(
        f"nothing is released: {release} names no champion; accept a bundle with `python -m "
        "handoff accept` and write its id there, or name a bundle with --bundle"
    )


def champion_if_any(release: Path = RELEASE_FILE) -> str | None:
    """As `champion`; None where the file names none.

    Raises:
        BadInput: the file cannot be read, or what it names is no id.
    """
    then = "restore it from git, or name a bundle with --bundle"
    named = read_toml(release, "what is live", then).get("champion")
    if named in (None, ""):
        return None
    if not isinstance(named, str) or not _ID.fullmatch(named):
        raise BadInput(
            f"expected the 64 hexadecimal digits of a bundle's id as champion in {release}, "
            f"got {named!r:.80}; `python -m handoff accept` prints the id"
        )
    return named
