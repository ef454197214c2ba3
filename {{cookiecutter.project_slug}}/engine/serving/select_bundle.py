"""Selects the bundle to serve: the released one; any other only as a marked rehearsal."""

from pathlib import Path

from engine.bundle import bundle as bundles
from engine.bundle.bundle import Bundle
from engine.bundle.record import refusal
from engine.bundle.store import RELEASE_FILE, bundle_path, champion
from engine.problem.errors import BadInput

JOURNEY_BUNDLE = Path("build/journey/bundle")


def select_bundle(path: Path | None, *, rehearsal: bool, release: Path = RELEASE_FILE) -> Bundle:
    """The bundle at `path`; without one the champion, in a rehearsal that of the last journey.

    Raises:
        BadInput: nothing is released, the bundle is missing or tampered with, or it has no record
            of acceptance and this is no rehearsal.
    """
    released = None
    if path is None and rehearsal:
        path = JOURNEY_BUNDLE
        if not path.is_dir():
            raise BadInput(
                f"expected the bundle of the last journey in {path}, found none; run `make "
                "journey`, or name another bundle with --bundle",
                code="no-journey-bundle",
            )
    if path is None:
        released = champion(release)
        path = bundle_path(released)
    bundle = bundles.read(path)
    if released not in (None, bundle.id):
        raise BadInput(
            f"{release} names bundle {released}, but {path} holds {bundle.id}; "
            "publish the accepted bundle again with `python -m handoff accept`",
            code="wrong-bundle-in-store",
        )
    if not rehearsal and (reason := refusal(bundle.id)):
        raise BadInput(
            f"bundle {bundle.id[:12]} is not accepted: {reason}; until it is, serve it with "
            "--rehearsal, which marks every response",
            code="not-accepted",
        )
    return bundle
