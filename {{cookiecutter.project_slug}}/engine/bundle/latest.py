"""The bundle that was built last."""

from pathlib import Path

from engine.bundle.build import BUILT
from engine.problem.errors import BadInput


def latest(built: Path = BUILT) -> Path:
    """The folder of the newest bundle in the folder `built`.

    Raises:
        BadInput: there is none.
    """
    found = [path for path in built.glob("*") if path.is_dir() and not path.name.startswith(".")]
    if not found:
        raise BadInput(f"expected a bundle in {built}, found none; run `python -m handoff build`")
    return max(found, key=lambda path: path.stat().st_mtime)
