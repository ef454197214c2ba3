"""The folders of the project's code: its stage folders, and the engine (a folder or a wheel)."""

import os
import traceback
from importlib.util import find_spec
from pathlib import Path

STAGES = ("problem", "data", "eda", "poc", "handoff", "serving", "monitoring")
ENGINE_HOME = Path(__file__).resolve().parents[2]


def stages_home() -> Path:
    """The folder of the stage folders; RuntimeError if they are not on the path of Python."""
    spec = find_spec("handoff")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("no stage folders on Python's path: run in the project's folder")
    return Path(next(iter(spec.submodule_search_locations))).resolve().parent


def child_environment() -> dict[str, str]:
    """The environment of a process that runs a stage's command in `stages_home()`."""
    paths = [str(ENGINE_HOME), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def location_of(error: BaseException) -> str:
    """The line of a stage folder that raised an error, `poc/features.py line 30`; '' if none."""
    home, location = stages_home(), ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(home) and path.relative_to(home).parts[0] in STAGES:
            location = f"{path.relative_to(home).as_posix()} line {frame.lineno}"
    return location
