"""Which bundle answers: the released one; any other only as a rehearsal that says so."""

import os
import re
import tomllib
from pathlib import Path

from handoff import bundle as bundles
from handoff.bundle import Bundle
from handoff.record import refusal
from problem.errors import BadInput

RELEASE_FILE = Path("deploy/release.toml")
REHEARSED = Path("build/journey/bundle")
_ID = re.compile(r"[0-9a-f]{64}")


def choose(path: Path | None, *, rehearsal: bool, release: Path = RELEASE_FILE) -> Bundle:
    """The bundle at `path`; without one the champion, in a rehearsal that of the last journey.

    Raises:
        BadInput: nothing is released, the bundle is missing or tampered with, or it has no record
            of acceptance and this is no rehearsal.
    """
    champion = None
    if path is None and rehearsal:
        path = REHEARSED
    if path is None:
        champion = released(release)
        path = Path(os.environ.get("BUNDLES", "bundles")) / champion
    bundle = bundles.read(path)
    if champion not in (None, bundle.id):
        raise BadInput(
            f"{release} names bundle {champion}, but {path} holds {bundle.id}; "
            "publish the accepted bundle again with `python -m handoff accept`"
        )
    if not rehearsal and (reason := refusal(bundle.id)):
        raise BadInput(
            f"bundle {bundle.id[:12]} is not accepted: {reason}; until it is, serve it with "
            "--rehearsal, which every answer will say"
        )
    return bundle


def released(path: Path) -> str:
    """The id of the champion in the release file."""
    try:
        champion = tomllib.loads(path.read_text("utf-8")).get("champion")
    except (OSError, ValueError) as error:
        raise BadInput(f"expected what is live in {path}, cannot read it: {error}") from None
    if not champion:
        raise BadInput(
            f"nothing is released: {path} names no champion; accept a bundle with `python -m "
            "handoff accept` and write its id there, or try one with --rehearsal"
        )
    if not isinstance(champion, str) or not _ID.fullmatch(champion):
        raise BadInput(
            f"expected the 64 hexadecimal digits of a bundle's id as champion in {path}, "
            f"got {champion!r}; `python -m handoff accept` prints the id"
        )
    return champion
