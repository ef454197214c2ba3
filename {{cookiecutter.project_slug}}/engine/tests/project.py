"""The project that the engine is tested with: the stage folders as generated, not as edited since.

A generated project keeps a copy of them in engine/tests/starter; the template itself has no need of
one. So what a team changes in its stages fails none of these tests.
"""

import os
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
_STARTER = Path(__file__).resolve().parent / "starter"
# The folder of the stage folders.
STAGES = _STARTER if _STARTER.is_dir() else HOME
PYTHONPATH = os.pathsep.join(dict.fromkeys((str(STAGES), str(HOME))))


def source(name: str) -> Path:
    """Where a file or folder of the project is: a stage's as generated, any other as it is now."""
    generated = STAGES / name
    return generated if generated.exists() else HOME / name
