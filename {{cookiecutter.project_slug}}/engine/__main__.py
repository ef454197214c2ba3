"""`python -m engine`: which version of the engine this is, and whether it is as released.

`python -m engine wheel` builds it into a wheel, for projects that share one. Exit codes: 0 as
released or installed, 1 edited or under development, 2 no readable manifest.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine.problem.errors import BadInput, run
from engine.version import DISTRIBUTION, HOME, BadRelease, Status, hashes, status

# The template's own tests hold for these.
TESTED = ("as released", "installed as a wheel")
MOST_NAMED = 10
# uv brings this backend along, so nothing is downloaded; equal files give an equal wheel. No
# dependencies: the project's pyproject.toml has their bounds, its requirements/ the pins.
PYPROJECT = """\
[project]
name = "{name}"
version = "{version}"
description = "How the stages of a machine-learning project are done."
requires-python = ">=3.11"

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-name = "engine"
module-root = ""
"""


def main(words: Sequence[str]) -> int:
    """Print one line about the engine, or build its wheel; `make` reads the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    wheel = parser.add_subparsers(dest="verb").add_parser("wheel", help="build the engine's wheel")
    wheel.add_argument("--uv", default="uv", help="the program uv, where it is not on PATH")
    wheel.add_argument("--out", type=Path, default=Path("dist"), help="folder for the wheel")
    given = parser.parse_args(words)
    try:
        result = status()
    except BadRelease as error:
        raise BadInput(str(error), code="unreadable-release") from None
    if given.verb == "wheel":
        return _build_wheel(result, given.uv, given.out)
    print(_line(result))
    return 0 if result.state in TESTED else 1


def _line(result: Status) -> str:
    """Version, state and the edited files, at most ten of them by name."""
    if result.state in TESTED:
        return f"engine {result.version}, {result.state}"
    named = ", ".join(result.files[:MOST_NAMED])
    more = len(result.files) - MOST_NAMED
    files = f": {named}" + (f" and {more} more" if more > 0 else "") if named else ""
    return f"engine {result.version}, {result.state}, so `make check` runs its own tests too{files}"


def _build_wheel(result: Status, uv: str, out: Path) -> int:
    """Build the wheel of all files but the tests; BadInput where two wheels had one version."""
    if result.state == "installed as a wheel":
        message = "The engine is installed as a wheel. Build one where the folder engine/ is."
        raise BadInput(message, code="no-engine-folder")
    if result.state != "as released" and "+" not in result.version:
        message = f"The engine {result.version} is {result.state}, and another wheel may have this "
        message += "version. Write one of your own into engine/VERSION, such as "
        raise BadInput(f"{message}{result.version}+yours.1.", code="released-version")
    with tempfile.TemporaryDirectory() as folder:
        for name in hashes():
            if not name.startswith("tests/"):
                copy = Path(folder, "engine", name)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(HOME / name, copy)
        text = PYPROJECT.format(name=DISTRIBUTION, version=result.version)
        Path(folder, "pyproject.toml").write_text(text, encoding="utf-8")
        build = [uv, "build", "--wheel", "--offline", "--quiet", "--no-create-gitignore"]
        done = subprocess.run([*build, "--out-dir", out, folder], check=False)
    if done.returncode == 0:
        print(f"{DISTRIBUTION} {result.version} is in {out}")
    return done.returncode


if __name__ == "__main__":
    run(main)
