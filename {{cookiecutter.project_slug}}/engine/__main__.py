"""`python -m engine`: which version of the engine this is, and whether it is as released.

`python -m engine wheel` builds it into a wheel, for projects that share one; `lock` and `add` pin
the project's packages. Exit codes: 0 as released or installed, 1 edited or under development, 2 no
readable manifest or another bad input.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine import packages
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
    verbs = parser.add_subparsers(dest="verb")
    wheel = verbs.add_parser("wheel", help="build the engine's wheel")
    wheel.add_argument("--out", type=Path, default=Path("dist"), help="folder for the wheel")
    lock = verbs.add_parser("lock", help="pin what pyproject.toml asks for")
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    add = verbs.add_parser("add", help="add a package to a group of pyproject.toml and pin it")
    add.add_argument("package", help="its name, perhaps with bounds")
    add.add_argument("--group", required=True, help="the group of pyproject.toml")
    for verb in (wheel, lock, add):
        verb.add_argument("--uv", default="uv", help="the program uv, where it is not on PATH")
    given = parser.parse_args(words)
    if given.verb in ("lock", "add"):
        return _pin(given)
    try:
        result = status()
    except BadRelease as error:
        raise BadInput(str(error), code="unreadable-release") from None
    if given.verb == "wheel":
        return _build_wheel(result, given.uv, given.out)
    print(_line(result))
    return 0 if result.state in TESTED else 1


def _pin(given: argparse.Namespace) -> int:
    """Pin the project's packages, and print what has changed."""
    if given.verb == "add":
        changes = packages.add(given.package, given.group, given.uv)
    else:
        changes = packages.lock(given.uv, upgrade=given.upgrade)
    print("\n".join(changes or ["No pin has changed."]))
    return 0


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
