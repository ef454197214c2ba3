"""Which bundle answers: the released one; any other only as a rehearsal that says so."""

from pathlib import Path

from engine.bundle import bundle as bundles
from engine.bundle.bundle import Bundle
from engine.bundle.record import refusal
from engine.bundle.store import RELEASE_FILE, bundle_path, champion
from engine.problem.errors import BadInput

REHEARSED = Path("build/journey/bundle")


def select_bundle(path: Path | None, *, rehearsal: bool, release: Path = RELEASE_FILE) -> Bundle:
    """The bundle at `path`; without one the champion, in a rehearsal that of the last journey.

    Raises:
        BadInput: nothing is released, the bundle is missing or tampered with, or it has no record
            of acceptance and this is no rehearsal.
    """
    live = None
    if path is None and rehearsal:
        path = REHEARSED
        if not path.is_dir():
            raise BadInput(
                f"expected the bundle of the last journey in {path}, found none; run `make "
                "journey`, or name another bundle with --bundle"
            )
    if path is None:
        live = champion(release)
        path = bundle_path(live)
    bundle = bundles.read(path)
    if live not in (None, bundle.id):
        raise BadInput(
            f"{release} names bundle {live}, but {path} holds {bundle.id}; "
            "publish the accepted bundle again with `python -m handoff accept`"
        )
    if not rehearsal and (reason := refusal(bundle.id)):
        raise BadInput(
            f"bundle {bundle.id[:12]} is not accepted: {reason}; until it is, serve it with "
            "--rehearsal, which every answer will say"
        )
    return bundle
