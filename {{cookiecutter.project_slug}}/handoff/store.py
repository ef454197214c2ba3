"""Where accepted bundles lie, and which of them is live."""

import os
import re
import tomllib
from pathlib import Path

from problem.errors import BadInput

RELEASE_FILE = Path("deploy/release.toml")
_ID = re.compile(r"[0-9a-f]{64}")


def place(bundle_id: str) -> Path:
    """The folder of a bundle in the store: the one BUNDLES names, `bundles/` by default."""
    return Path(os.environ.get("BUNDLES") or "bundles") / bundle_id


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
    try:
        named = tomllib.loads(release.read_text("utf-8")).get("champion")
    except (OSError, ValueError) as error:
        raise BadInput(
            f"expected what is live in {release}, cannot read it: {error}; "
            "name a bundle with --bundle"
        ) from None
    if not named:
        return None
    if not isinstance(named, str) or not _ID.fullmatch(named):
        raise BadInput(
            f"expected the 64 hexadecimal digits of a bundle's id as champion in {release}, "
            f"got {named!r}; `python -m handoff accept` prints the id"
        )
    return named
